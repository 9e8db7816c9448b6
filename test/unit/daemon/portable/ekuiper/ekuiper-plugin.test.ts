import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isEkuiperPlugin, shoalName } from '../../../../../src/daemon/portable/ekuiper/ekuiper-plugin.js'
import { markProcess } from '../../../../../src/daemon/util/process-mark.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { describeWith } from '../../../../needs.js'
import { waitFor } from '../../../../wait-for.js'
import { gone, jsonOf, row, Stage, type StageOptions } from './stage.js'

const stages: Stage[] = []
const onStage = (options: StageOptions): Stage => {
  const stage = new Stage(options)
  stages.push(stage)
  return stage
}
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.dispose()
})
const odd = (symbols: StageOptions['symbols'], env: Record<string, string> = {}, more: Partial<StageOptions> = {}): Stage =>
  onStage({ kind: 'odd', symbols, ...more, config: { env, ...more.config } })

describe('an eKuiper plugin', () => {
  it('has a name in our shape beside its own', () => {
    expect(['mirror', 'My_Plugin.v2', '_9a', '__', '1'].map(shoalName)).toEqual(['mirror', 'my-plugin-v2', 'a', undefined, undefined])
    const { plugin } = odd({ functions: ['f'], sources: ['meta'] })
    expect(plugin).toMatchObject({
      name: 'my-plugin',
      payloadKinds: ['my-plugin.f'],
      info: { version: 'v1.0.0', description: expect.stringContaining('My_Plugin') },
    })
    expect(isEkuiperPlugin(plugin)).toBe(true)
    expect(isEkuiperPlugin({ ...plugin })).toBe(false)
  })

  it('EK3 needs no exec bit; EK25 what it prints is logged; its sockets are for this user alone', async () => {
    const stage = odd({ functions: ['f'] })
    await stage.fake.start()
    await waitFor('its first line', () => stage.fake.log.lines.some(({ msg }) => msg === 'options {"sendTimeout":1000}'))
    expect(statSync(join(stage.folder, 's/plugin_My_Plugin.ipc')).mode & 0o777).toBe(0o600)
    expect(stage.plugin.status()).toMatchObject({ state: 'running', restarts: 0, pid: expect.any(Number) })
    expect(await stage.plugin.usage()).toMatchObject({ memory: expect.any(Number) })
  })

  it('EK16 that shakes no hands is ended, and says why', async () => {
    const silent = odd({ functions: ['f'] }, { ODD_SILENT: '1' }, { config: { initTimeout: 300, env: { ODD_SILENT: '1' } } })
    await expect(silent.fake.start()).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('My_Plugin') })
    expect(silent.plugin.status()).toMatchObject({ state: 'stopped' })
    expect(silent.plugin.status().pid).toBeUndefined()
    const leaver = odd({ functions: ['f'] }, { ODD_EXIT: '3' })
    await expect(leaver.fake.start()).rejects.toMatchObject({
      code: 'ERR_PLUGIN_FAILED',
      message: expect.stringMatching(/exited with code 3.*I do not want to/),
    })
    expect(readdirSync(join(leaver.folder, 's'))).toEqual([])
  })

  it('EK16 that may take long does not hold up the start, and fails later', async () => {
    const late = odd({ functions: ['f'] }, {}, { limits: { awaited: 100 }, config: { initTimeout: 300, env: { ODD_SILENT: '1' } } })
    const given = new Promise<Error>((resolve) => late.plugin.onGivenUp(resolve))
    await late.fake.start()
    expect(late.plugin.status()).toMatchObject({ state: 'starting' })
    const call = late.plugin.call('f', 'Exec', [1])
    expect(await given).toMatchObject({ code: 'ERR_TIMEOUT' })
    await expect(call).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(late.plugin.status()).toMatchObject({ state: 'failed', lastEnd: expect.stringContaining('shook no hands') })
    const good = odd({ functions: ['f'] }, {}, { limits: { awaited: 100 }, config: { initTimeout: 20_000 } })
    await good.fake.start()
    expect(await good.plugin.call('f', 'Exec', [1])).toEqual([1, expect.any(String)])
  })

  it('EK18 that ignores SIGTERM is killed', async () => {
    const stage = odd({ functions: ['f'] }, { ODD_STUBBORN: '1' }, { limits: { term: 100 } })
    await stage.fake.start()
    const { pid } = stage
    expect(await stage.fake.stop()).toEqual({ tasks: [], registrations: 0, publications: 0, subscriptions: 0, listeners: 0 })
    await gone(pid)
  })

  it('EK20 does not take the sockets of another host, but those that nobody holds', async () => {
    const first = odd({ functions: ['f'] })
    await first.fake.start()
    const second = odd({ functions: ['f'] }, {}, { sockets: join(first.folder, 's') })
    await expect(second.fake.start()).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE', message: expect.stringContaining('plugin My_Plugin') })
    expect(await first.plugin.call('f', 'Exec', [1])).toEqual([1, expect.any(String)])
    const third = odd({ functions: ['f'] }, {}, { name: 'other', sockets: join(first.folder, 's') })
    await third.fake.start()
    await expect(third.plugin.call('f', 'Exec', [1])).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE', message: expect.stringContaining('function f') })
  })

  it('EK20 two hosts run the same one at once, where it looks for its sockets elsewhere', async () => {
    const both = [1, 2].map(() => odd({ functions: ['f'] }, {}, { sockets: null, config: { sockets: 'own' } }))
    await Promise.all(both.map(({ fake }) => fake.start()))
    for (const { plugin, pid, fake } of both) {
      expect(await plugin.call('f', 'Exec', ['pid'])).toBe(pid)
      expect(statSync(join(fake.dataDir, 's')).mode & 0o777).toBe(0o700)
    }
  })

  it('EK19 what is left of it from a daemon that was killed is ended before it starts', async () => {
    const stage = odd({ functions: ['f'] })
    const old = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const ended = new Promise<unknown>((resolve) => old.once('exit', (_, signal) => resolve(signal)))
    mkdirSync(stage.fake.dataDir, { recursive: true })
    const file = join(stage.fake.dataDir, 'process.json')
    writeFileSync(file, JSON.stringify(await markProcess(old.pid)))
    await stage.fake.start()
    expect(await ended).toBe('SIGKILL')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(await markProcess(stage.pid))
    await stage.fake.stop()
    expect(existsSync(file)).toBe(false)
  })

  it('EK20 leaves a file alone that is no socket', async () => {
    const stage = odd({ functions: ['f'] })
    const file = join(stage.folder, 's/plugin_My_Plugin.ipc')
    mkdirSync(join(stage.folder, 's'))
    writeFileSync(file, 'mine')
    expect(await codeOf(() => stage.fake.start())).toBe('ERR_START_FAILED')
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  it('EK22 an error of a source ends the pull in the words of the plugin, in each spelling', async () => {
    const stage = odd({ sources: ['goerror', 'pyerror', 'garbage', 'hard', 'meta', 'flood'] })
    await stage.fake.start()
    for (const [symbol, words] of Object.entries({ goerror: 'the sensor is gone', pyerror: 'the sensor is gone', garbage: 'no JSON', hard: 'hard to start' }))
      expect(await stage.pull(`ekuiper://My_Plugin/${symbol}`).done).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining(words) })
    expect(await stage.pull('ekuiper://My_Plugin/nothing').done).toMatchObject({
      code: 'ERR_URL_INVALID',
      message: expect.stringContaining('goerror, pyerror'),
    })
    expect(stage.plugin.refs()).toEqual({})
    const [plain, whole] = [stage.pull('ekuiper://My_Plugin/meta?meta.a=1'), stage.pull('ekuiper://My_Plugin/meta?meta.a=1&shoal.envelope=true')]
    await waitFor('both messages', () => plain.frames().length > 0 && whole.frames().length > 0)
    expect([jsonOf(plain.frames()[0]), jsonOf(whole.frames()[0])]).toEqual([{ n: 1 }, { message: { n: 1 }, meta: { a: 1 } }])
    const flood = stage.pull('ekuiper://My_Plugin/flood')
    await waitFor('a thousand messages', () => flood.frames().length === 1000)
    expect(flood.frames().map((frame) => (jsonOf(frame) as { n: number }).n)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    for (const { job, done } of [plain, whole, flood]) await Promise.all([job.end(), done])
    expect(readdirSync(join(stage.folder, 's'))).toEqual(['plugin_My_Plugin.ipc'])
  })

  it('EK14 a request that is repeated answers nothing else', async () => {
    const stage = odd({ functions: ['f'] }, { ODD_RESEND: '1' })
    await stage.fake.start()
    for (let n = 0; n < 500; n++) expect(await stage.plugin.call('f', 'Exec', [n])).toEqual([n, expect.any(String)])
  })

  it('EK21 a call that hangs ends with the names of plugin and function; what it answers late is nobody else’s', async () => {
    const stage = odd({ functions: ['f', 'g'] }, {}, { config: { callTimeout: 400 } })
    await stage.fake.start()
    const slow = stage.plugin.call('f', 'Exec', [{ wait: 600 }])
    await expect(slow).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: 'The function f of the plugin My_Plugin did not answer within 400 ms.' })
    expect(await stage.plugin.call('f', 'Exec', [2])).toEqual([2, expect.any(String)])
    await expect(stage.plugin.call('g', 'Exec', ['never'])).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(await stage.plugin.call('f', 'IsAggregate', [])).toBe(true)
    await expect(stage.plugin.call('f', 'Exec', ['garbage'])).rejects.toMatchObject({
      code: 'ERR_PLUGIN_FAILED',
      message: expect.stringContaining('no JSON at all'),
    })
    await expect(stage.plugin.call('h', 'Exec', [])).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', message: expect.stringContaining('f, g') })
  })

  it('EK21 with open failures a call that its process does not answer is passed through; what is refused, is not', async () => {
    const stage = odd({ functions: ['f', 'g'] }, {}, { config: { callTimeout: 400, failure: 'open' } })
    await stage.fake.start()
    expect(await stage.plugin.call('g', 'Exec', ['never', 2])).toBe('never')
    expect(await stage.plugin.call('f', 'Exec', ['crash'])).toBe('crash')
    expect(await stage.plugin.call('f', 'Exec', ['garbage'])).toBe('garbage')
    // the process that crashed may not have its successor yet
    await waitFor('an answer', async () => Array.isArray(await stage.plugin.call('f', 'Exec', [2])))
    await expect(stage.plugin.call('f', 'Exec', ['refuse'])).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('refuse') })
    await expect(stage.plugin.call('h', 'Exec', [1])).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(stage.fake.log.lines.filter(({ msg }) => /passed through/.test(msg ?? '')).length).toBeGreaterThan(0)
  })

  it('EK17 a call that kills the process fails alone; a process that ends too often is given up', async () => {
    const stage = odd({ functions: ['f'], sources: ['meta'] })
    const ends: string[] = []
    stage.plugin.onGivenUp((error) => void ends.push(error.message))
    await stage.fake.start()
    const pull = stage.pull('ekuiper://My_Plugin/meta')
    await waitFor('a message', () => pull.frames().length === 1)
    for (let time = 1; time <= 2; time++) {
      await expect(stage.plugin.call('f', 'Exec', ['crash'])).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('code 3') })
      expect(await stage.plugin.call('f', 'Exec', ['pid'])).toBe(stage.pid)
      await waitFor('the message of the new process', () => pull.frames().length === time + 1)
    }
    await expect(stage.plugin.call('f', 'Exec', ['crash'])).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED' })
    expect(await pull.done).toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('3 times') })
    expect(ends).toEqual([expect.stringContaining('My_Plugin ended 3 times within 60 s')])
    expect(stage.plugin.status()).toMatchObject({ state: 'failed', restarts: 2, lastEnd: expect.stringContaining('code 3') })
    await expect(stage.plugin.call('f', 'Exec', [1])).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED' })
  })

  it('trap 1: a process that spins once its sink was stopped is started anew', async () => {
    const stage = odd({ sinks: ['spin'], functions: ['f'] }, {}, { limits: { look: 200, spin: 0.04 } })
    await stage.fake.start()
    stage.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
    const { pid } = stage
    const push = stage.push('ekuiper://My_Plugin/spin')
    await waitFor('its socket', () => readdirSync(join(stage.folder, 's')).some((name) => /sink_0\.ipc$/.test(name)))
    await push.end()
    await waitFor('another process', () => stage.plugin.status().restarts > 0 && stage.plugin.status().state === 'running')
    await gone(pid)
    expect(stage.plugin.status().lastEnd).toMatch(/used \d+ % of a core/)
    expect(await stage.plugin.call('f', 'Exec', ['pid'])).toBe(stage.pid)
  })

  it('EK31 a process over its memory limit is started anew, and given up in the end', async () => {
    const stage = odd({ functions: ['f'] }, {}, { limits: { look: 20 }, config: { memoryLimit: 1024 * 1024 } })
    const given = new Promise<Error>((resolve) => stage.plugin.onGivenUp(resolve))
    // it may be seen before the first handshake
    const end = await stage.fake.start().then(
      () => given,
      (error: Error) => error,
    )
    expect(end.message).toMatch(/used \d+ bytes of memory/)
  })
})

describeWith(['python3', 'nngcat'], 'a plugin with the habits of eKuiper’s Python SDK, over nng', () => {
  let stage: Stage

  beforeAll(async () => {
    const symbols = { sources: ['count'], sinks: ['file'], functions: ['echo', 'fail', 'slow'] }
    stage = new Stage({ kind: 'python', symbols, config: { env: { FIXTURE_RECV_TIMEOUT: '100' } } })
    await stage.fake.start()
  })
  afterAll(() => stage?.dispose())

  it('EK10, EK15 its source is a stream, with data source and configuration', async () => {
    const pull = stage.pull('ekuiper://My_Plugin/count?datasource=topic/a&CONF_KEY=fast&server.port=2&label=007&list=%5B1%5D')
    await waitFor('messages', () => pull.frames().length >= 3)
    const frames = pull.frames()
    const config = { interval: 1, server: { port: 2 }, label: '007', list: [1] }
    expect(jsonOf(frames[0])).toMatchObject({ count: 0, from: 'topic/a', config })
    expect(Buffer.from(frames[0]?.data ?? []).toString()).toContain('9007199254740993')
    expect(frames.every(({ key }) => key)).toBe(true)
    expect(frames.every(({ timestamp }, index) => timestamp >= (frames[index - 1]?.timestamp ?? 0))).toBe(true)
    expect(stage.plugin.refs()).toEqual({ count: 1 })
    await Promise.all([pull.job.end(), pull.done])
    expect(stage.plugin.refs()).toEqual({})
    const count = pull.frames().length
    expect(await stage.plugin.call('echo', 'Exec', ['still there'])).toBe('still there')
    expect(pull.frames().length).toBe(count)
  })

  it('EK22 says what went wrong', async () => {
    expect(await stage.pull('ekuiper://My_Plugin/count?failAt=2').done).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringContaining('the 2th went wrong'),
    })
    expect(await stage.pull('ekuiper://My_Plugin/count?interval=0').done).toMatchObject({
      message: expect.stringContaining('interval must be positive but is 0'),
    })
    expect(await stage.pull('ekuiper://My_Plugin/count?CONF_KEY=none').done).toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
  })

  it('EK10, EK23 its sink takes rows in order, and its acknowledgements are heard', async () => {
    const file = join(stage.folder, 'rows.txt')
    const stream = stage.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
    const push = stage.push(`ekuiper://My_Plugin/file?path=${file}&requireAck=true`)
    await waitFor('the reader', () => stream.subscribers === 1)
    for (const [index, value] of [{ n: 1 }, { refuse: 'bad' }, { n: 3 }].entries()) stream.write(row(value, index))
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
    await waitFor('two rows', () => lines().length === 2)
    expect(lines()).toEqual(['{"n": 1}', '{"n": 3}'])
    expect(stage.fake.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ reason: 'row refused: bad' }) }))
    await push.end()
    await waitFor('its end', () => lines().includes('closed'))

    const strict = stage.push(`ekuiper://My_Plugin/file?path=${file}&requireAck=true`, { onRefused: 'stop' })
    await waitFor('the reader', () => stream.subscribers === 1)
    stream.write(row({ refuse: 'again' }, 10))
    expect(await strict.done).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('row refused: again') })

    const careless = stage.push(`ekuiper://My_Plugin/file?path=${file}`)
    await waitFor('the reader', () => stream.subscribers === 1)
    for (let n = 0; n < 100; n++) stream.write(row({ refuse: `${n}` }, 20 + n))
    stream.write(row({ n: 'last' }, 200))
    await waitFor('the last row', () => lines().includes('{"n": "last"}'))
    stream.close()
    expect(await careless.done).toBeUndefined()
  })

  it('EK23 a row without acknowledgement ends the try', async () => {
    const other = onStage({ kind: 'python', symbols: { sinks: ['file'] }, config: { callTimeout: 600 } })
    await other.fake.start()
    const stream = other.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
    const push = other.push(`ekuiper://My_Plugin/file?path=${join(other.folder, 'rows')}&requireAck=true`)
    await waitFor('the reader', () => stream.subscribers === 1)
    stream.write(row({ hang: 30 }, 1))
    expect(await push.done).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('sink file of the plugin My_Plugin') })
  })

  it('EK10, EK14 its functions answer, by each way, also after it shook hands anew', async () => {
    const { plugin, fake } = stage
    expect(await plugin.call('echo', 'Validate', [1])).toEqual({ valid: true })
    expect(await plugin.call('echo', 'Validate', [])).toEqual({ valid: false, reason: 'echo takes one argument' })
    expect(await plugin.call('echo', 'IsAggregate', [])).toBe(false)
    expect(await fake.request('POST', '/my-plugin/functions/echo', { body: { args: [{ a: [1, null] }] } })).toEqual({ result: { a: [1, null] } })
    const reply = await plugin.handlePayload?.('peer', 'my-plugin.echo', Buffer.from('["hé"]'))
    expect(Buffer.from(reply ?? []).toString()).toBe('"hé"')
    await expect(plugin.handlePayload?.('peer', 'my-plugin.echo', Buffer.from('{}'))).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
    await expect(plugin.call('fail', 'Exec', ['it'])).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('cannot do it') })
    // longer than the plugin waits before it shakes hands again
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await Promise.all(Array.from({ length: 50 }, (_, n) => plugin.call('echo', 'Exec', [n])))).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })

  it('EK28 runs in the Python that is named, or in the environment of conda that its manifest names', async () => {
    const venv = onStage({ kind: 'python', symbols: { functions: ['echo'] }, config: { pythonBin: './venv/python', env: { VENV: 'mine' } } })
    const script = (name: string, shift: string) => {
      mkdirSync(dirname(name), { recursive: true })
      writeFileSync(name, `#!/bin/sh\necho "run by $0 $1 $2 $3 for $VENV"\n${shift}\nexec "$@"\n`, { mode: 0o755 })
    }
    script(join(venv.plugin.folder, 'venv/python'), 'set -- python3 "$@"')
    await venv.fake.start()
    expect(await venv.plugin.call('echo', 'Exec', [1])).toBe(1)
    expect(venv.fake.log.lines.some(({ msg }) => /venv\/python -u .*main\.py/.test(msg) && msg.endsWith('for mine'))).toBe(true)
    const bin = join(venv.folder, 'bin')
    const conda = onStage({
      kind: 'python',
      symbols: { functions: ['echo'] },
      environment: 'myenv',
      config: { env: { PATH: `${bin}:${process.env['PATH']}` } },
    })
    script(join(bin, 'conda'), 'shift 4; set -- python3 "$@"')
    await conda.fake.start()
    expect(await conda.plugin.call('echo', 'Exec', [2])).toBe(2)
    expect(conda.fake.log.lines.some(({ msg }) => msg.includes('run -n myenv'))).toBe(true)
  })

  it('EK17 killed, it goes on within a second: same pull, same push', async () => {
    const file = join(stage.folder, 'kept.txt')
    const stream = stage.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
    const pull = stage.pull('ekuiper://My_Plugin/count')
    const push = stage.push(`ekuiper://My_Plugin/file?path=${file}&requireAck=true`)
    await waitFor('both', () => pull.frames().length > 0 && stream.subscribers === 1)
    const lines = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
    stream.write(row({ n: 1 }, 1))
    await waitFor('a row', () => lines().includes('{"n": 1}'))
    const { pid } = stage
    process.kill(pid, 'SIGKILL')
    stream.write(row({ n: 2 }, 2))
    await waitFor('messages of another process', () => (jsonOf(pull.frames().at(-1)) as { pid: number }).pid !== pid)
    await waitFor('the next row', () => lines().includes('{"n": 2}'))
    expect(await stage.plugin.call('echo', 'Exec', ['here'])).toBe('here')
    expect(pull.job.streams.publications.length).toBe(1)
    expect(stage.plugin.status()).toMatchObject({ state: 'running', restarts: 1, lastEnd: expect.stringContaining('SIGKILL') })
    await Promise.all([pull.job.end(), push.end()])
    stream.close()
    await waitFor('no data socket', () => readdirSync(join(stage.folder, 's')).every((entry) => !entry.startsWith('shoal')))
  })
})
