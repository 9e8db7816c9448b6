import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildGo, ekuiperProgram, goBuildTimeout } from '../../../../go-programs.js'
import { describeWith } from '../../../../needs.js'
import { waitFor } from '../../../../wait-for.js'
import { gone, jsonOf, row, Stage } from './stage.js'

describeWith(['go'], 'a plugin with the habits of eKuiper’s Go SDK', () => {
  let stage: Stage
  let built = ''

  beforeAll(async () => {
    built = await buildGo(ekuiperProgram)
    const symbols = { sources: ['count'], sinks: ['file'], functions: ['echo', 'fail'] }
    // it asks again, and shakes hands again, far more often than the SDK
    stage = new Stage({ kind: 'go', built, symbols, config: { env: { FIXTURE_RECV_TIMEOUT: '50', FIXTURE_RESEND: '5' } } })
    await stage.fake.start()
  }, goBuildTimeout)
  afterAll(() => stage?.dispose())

  it('EK10 its source is a stream, and its errors, which come as JSON in JSON, are told', async () => {
    const pull = stage.pull('ekuiper://My_Plugin/count?datasource=topic/a&CONF_KEY=fast')
    await waitFor('messages', () => pull.frames().length >= 3)
    expect(jsonOf(pull.frames()[0])).toMatchObject({ count: 0, from: 'topic/a', config: { interval: 1 } })
    await Promise.all([pull.job.end(), pull.done])
    expect(await stage.pull('ekuiper://My_Plugin/count?failAt=2').done).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringContaining('the 2th went wrong'),
    })
    expect(await stage.pull('ekuiper://My_Plugin/count?interval=0').done).toMatchObject({ message: expect.stringContaining('must be positive but is 0') })
  })

  it('EK10, EK23 its sink takes rows in order, and its acknowledgements are heard', async () => {
    const file = join(stage.folder, 'rows.txt')
    const stream = stage.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
    const push = stage.push(`ekuiper://My_Plugin/file?path=${file}&requireAck=true`)
    await waitFor('the reader', () => stream.subscribers === 1)
    for (const [index, value] of [{ n: 1 }, { refuse: 'bad' }, { n: 3 }].entries()) stream.write(row(value, index))
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
    await waitFor('two rows', () => lines().length === 2)
    expect(lines()).toEqual(['{"n":1}', '{"n":3}'])
    await push.end()
    await waitFor('its end', () => lines().includes('closed'))
    stream.close()
  })

  it('EK10, EK14 its functions answer, whatever it asks twice, and go on in the next process', async () => {
    const { plugin } = stage
    expect(await plugin.call('echo', 'Validate', [])).toEqual({ valid: false, reason: 'echo takes one argument' })
    expect(await plugin.call('echo', 'IsAggregate', [])).toBe(false)
    await expect(plugin.call('fail', 'Exec', ['it'])).rejects.toMatchObject({ message: expect.stringContaining('cannot do it') })
    for (let n = 0; n < 200; n++) expect(await plugin.call('echo', 'Exec', [n])).toBe(n)
    const { pid } = stage
    const { restarts } = plugin.status()
    process.kill(pid, 'SIGKILL')
    // a call made before its end is known fails with it: nobody can tell whether it was carried out
    await waitFor('the end to be noticed', () => plugin.status().restarts === restarts + 1)
    expect(await plugin.call('echo', 'Exec', ['here'])).toBe('here')
    await waitFor('its state', () => plugin.status().state === 'running')
  })

  it('trap 1: one whose stopped sink spins is started anew', async () => {
    const spinning = new Stage({
      ...{ kind: 'go', built, symbols: { sinks: ['file'] }, limits: { look: 200, spin: 0.04 } },
      config: { env: { FIXTURE_SPIN: '1' } },
    })
    try {
      await spinning.fake.start()
      const stream = spinning.fake.streams.publish('rows', [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'test' })
      const { pid } = spinning
      const file = join(spinning.folder, 'rows')
      const push = spinning.push(`ekuiper://My_Plugin/file?path=${file}`)
      await waitFor('the reader', () => stream.subscribers === 1)
      stream.write(row({ n: 1 }, 1))
      await waitFor('a row', () => existsSync(file) && readFileSync(file, 'utf8') !== '')
      await push.end()
      await waitFor('another process', () => spinning.plugin.status().restarts > 0 && spinning.plugin.status().state === 'running')
      await gone(pid)
    } finally {
      await spinning.dispose()
    }
  })
})
