/** Start and stop, the home on the disk, the identity: what a person meets before any peer. */

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode, stackTrace } from './cli.js'

const [stuck = '', lingering = ''] = ['stuck', 'lingering'].map((name) => join(import.meta.dirname, '..', 'fixtures', `${name}.mjs`))

describe('start and stop', () => {
  const nodes: CliNode[] = []
  const make = (settings: Record<string, string> = {}): CliNode => {
    const node = new CliNode('alone', settings)
    nodes.push(node)
    return node
  }
  afterEach(async () => {
    // daemons in the background have no handle here
    for (const node of nodes.splice(0)) {
      await node.command('stop')
      await node.dispose()
    }
  })
  const left = (node: CliNode): string[] => ['run/ctl.sock', 'run/lock'].filter((file) => existsSync(join(node.home, file)))

  it('goes to the background, refuses a second start, restarts and stops', async () => {
    const node = make()
    const started = await node.json<{ schema: number; pid: number; id: string; log: string }>('start', '-d')
    expect(started).toMatchObject({ schema: 1, started: true, id: expect.stringMatching(/^12D3/) })
    expect((await node.command('wait')).stdout).toBe('ready\n')

    for (const line of [['start'], ['start', '-d'], ['init']]) {
      const second = await node.command(...line)
      expect(second.code, line.join(' ')).toBe(3)
      expect(second.stderr).toContain(String(started.pid))
      expect(second.stderr).toContain(node.home)
    }

    const again = await node.json<{ pid: number }>('restart', '--set', 'log.level=debug')
    expect(again.pid).not.toBe(started.pid)
    expect(await node.json('config', 'get', 'log.level')).toMatchObject({ value: 'debug', sources: [{ layer: 'flag' }] })
    expect(await node.json('status')).toMatchObject({ schema: 1, id: started.id, pid: again.pid, state: 'running' })

    expect(await node.json('stop')).toEqual({ schema: 1, stopped: true, pid: again.pid })
    expect(left(node)).toEqual([])
    const none = await node.command('stop')
    expect(none.code).toBe(4)
    expect(none.stderr).toContain('shoal start')
  })

  it('SIGTERM, SIGINT and SIGHUP end it gracefully with 0', async () => {
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      const node = make()
      await node.start()
      const ended = await node.kill(signal)
      expect(ended?.code, signal).toBe(0)
      expect(`${ended?.stdout}${ended?.stderr}`).not.toMatch(stackTrace)
      expect(left(node)).toEqual([])
    }
    await Promise.all([end('SIGTERM'), end('SIGINT'), end('SIGHUP')])
  })

  it('ends though a plugin left a timer behind', async () => {
    const node = make()
    node.configure(`plugins:\n  lingering: { use: ${lingering} }\n`)
    await node.start()
    const { pid } = await node.json<{ pid: number }>('status')
    expect(await node.json('stop')).toEqual({ schema: 1, stopped: true, pid })
    expect(left(node)).toEqual([])
  })

  it('heeds a signal that comes while it starts', async () => {
    const node = make()
    const early = node.spawn('start')
    await waitFor('the lock', () => existsSync(join(node.home, 'run', 'lock')))
    expect((await early.kill('SIGTERM')).code).toBe(0)
    expect(left(node)).toEqual([])
  })

  it('a second signal ends it at once', async () => {
    const node = make()
    node.configure(`plugins:\n  stuck: { use: ${stuck} }\n`)
    await node.start()
    const { pid } = await node.json<{ pid: number }>('status')
    const gone = node.kill('SIGTERM')
    await waitFor(
      'the stop to begin',
      async () => (await node.command('status')).code !== 0 || (await node.json<{ state: string }>('status')).state === 'stopping',
    )
    process.kill(pid, 'SIGINT')
    expect((await gone)?.code).toBe(1)
    expect(left(node), 'nothing was tidied').toContain('run/lock')
  })

  it('tidies up after a kill -9: stale socket and lock are no obstacle', async () => {
    const node = make()
    await node.start()
    const { id } = await node.json<{ id: string }>('status')
    await node.kill('SIGKILL')
    expect(left(node)).toEqual(['run/ctl.sock', 'run/lock'])
    expect((await node.command('status')).code).toBe(4)
    await node.start()
    expect(await node.json('status')).toMatchObject({ id })
    expect((await node.kill())?.code).toBe(0)
  })

  it('names a port that is taken, and what to set', async () => {
    const first = make()
    await first.start()
    const { http } = await first.json<{ http: { port: number } }>('status')
    const second = make({ SHOAL_HTTP__PORT: String(http.port) })
    const refused = await second.command('start', '-d')
    expect(refused.code).toBe(1)
    for (const said of [String(http.port), 'http.port', 'ERR_PORT_IN_USE']) expect(refused.stderr).toContain(said)
    expect(refused.stderr, 'the error, not the log around it').toMatch(/^shoal: Port \d+ .*\n {7}Set http\.port[^\n]*\n {7}Its output is in [^\n]*\n$/)
    expect(left(second)).toEqual([])
  })

  it('refuses a home whose socket path is too long, before anything is made', async () => {
    const node = make()
    const home = join(node.home, 'x'.repeat(120))
    for (const line of [['start'], ['start', '-d'], ['status']]) {
      const refused = await node.command(...line, '--home', home)
      expect(refused.code, refused.stderr).toBe(2)
      expect(refused.stderr).toContain('107')
      expect(refused.stderr).not.toMatch(stackTrace)
    }
    expect(existsSync(home)).toBe(false)
  })

  it('waits in vain with 7, and says 4 where a daemon is needed', async () => {
    const node = make()
    expect((await node.command('wait', '--timeout', '0.2')).code).toBe(7)
    const status = await node.command('status', '--json')
    expect(status.code).toBe(4)
    expect(JSON.parse(status.stdout)).toMatchObject({ error: { code: 'ERR_NOT_RUNNING', hint: expect.stringContaining('shoal start') } })
  })

  it('refuses a broken configuration with file and line, in check and in start', async () => {
    const node = make()
    node.configure('http:\n  port: 8180\n  prot: 1\nplugins:\n  rtmp:\n    chunkSize: many\n')
    const checked = await node.command('config', 'check')
    expect(checked.code).toBe(2)
    expect(checked.stderr).toContain(`${join(node.home, 'shoal.yaml')}:3:`)
    expect(checked.stderr).toContain('did you mean "port"?')
    expect(checked.stderr).toContain('shoal.yaml:6:')
    const refused = await node.command('start')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('shoal.yaml:3:')
    node.configure('http: [\n')
    const broken = await node.command('config', 'check', '--json')
    expect(broken.code).toBe(2)
    expect(JSON.parse(broken.stdout)).toMatchObject({ error: { code: 'ERR_CONFIG_INVALID', data: { problems: [{ line: expect.any(Number) }] } } })
  })
})

describe('home and identity', () => {
  let node: CliNode
  const key = (): string => join(node.home, 'identity.key')
  afterEach(() => node.dispose())

  it('init makes everything once, and overwrites nothing', async () => {
    node = new CliNode('fresh')
    const made = await node.json<{ id: string }>('init')
    expect(made).toMatchObject({ schema: 1, created: true, configWritten: true, home: node.home })
    expect(statSync(key()).mode & 0o777).toBe(0o600)
    const before = readFileSync(key())
    writeFileSync(join(node.home, 'shoal.yaml'), 'node:\n  name: mine\n')
    expect(await node.json('init')).toMatchObject({ id: made.id, created: false, configWritten: false })
    expect((await node.command('init')).stdout).toContain(`found ${made.id}`)
    expect(readFileSync(key())).toEqual(before)
    expect(readFileSync(join(node.home, 'shoal.yaml'), 'utf8')).toContain('mine')
    expect((await node.command('config', 'check')).code).toBe(0)
  })

  it('keeps the identity behind a passphrase', async () => {
    node = new CliNode('locked')
    const [right, wrong] = [join(node.home, 'right'), join(node.home, 'wrong')]
    writeFileSync(right, 'correct horse\n', { mode: 0o600 })
    writeFileSync(wrong, 'battery staple\n', { mode: 0o600 })
    const { id } = await node.json<{ id: string }>('init', '--passphrase-file', right)
    const before = readFileSync(key())
    expect(before.toString('latin1')).not.toContain('correct horse')
    const absent = await node.command('start')
    expect(absent.code).toBe(5)
    expect(absent.stderr).toContain('--passphrase-file')
    const refused = await node.command('start', '-d', '--passphrase-file', wrong)
    expect(refused.code).toBe(5)
    expect(refused.stderr).toContain('ERR_PASSPHRASE_WRONG')
    const restarted = await node.command('restart', '--passphrase-file', right)
    expect(restarted.code, restarted.stderr).toBe(0)
    expect(await node.json('status')).toMatchObject({ id })
    expect((await node.command('stop')).code).toBe(0)
    expect(readFileSync(key())).toEqual(before)
  })

  const damage: readonly (readonly [what: string, change: (content: Buffer) => Buffer])[] = [
    ['cut short', (content) => content.subarray(0, content.length - 7)],
    ['with a flipped bit', (content) => Buffer.from(content.map((byte, at) => (at === content.length - 30 ? byte ^ 1 : byte)))],
    ['empty', () => Buffer.alloc(0)],
  ]
  it('never starts over a damaged identity, and never touches it', async () => {
    node = new CliNode('damaged')
    await node.json('init')
    const whole = readFileSync(key())
    for (const [what, change] of damage) {
      const bad = change(whole)
      writeFileSync(key(), bad)
      for (const line of ['start', 'init']) {
        const refused = await node.command(line)
        expect(refused.code, `${line} ${what}`).toBe(1)
        expect(refused.stderr).toContain('ERR_IDENTITY_DAMAGED')
        expect(refused.stderr).toContain('backup')
        expect(refused.stderr).not.toMatch(stackTrace)
        expect(readFileSync(key()).equals(bad)).toBe(true)
      }
    }
    writeFileSync(key(), whole)
    await node.start()
  })

  it('refuses an identity and a home that others can reach', async () => {
    node = new CliNode('open')
    await node.json('init')
    chmodSync(key(), 0o644)
    const refused = await node.command('start')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('ERR_MODE_UNSAFE')
    expect(refused.stderr).toContain('chmod')
    expect(statSync(key()).mode & 0o777).toBe(0o644)
    const checked = await node.command('doctor')
    expect(checked.code).toBe(1)
    expect(checked.stdout).toContain(`chmod 600 ${key()}`)
    chmodSync(key(), 0o600)
    mkdirSync(join(node.home, 'run'), { recursive: true })
    chmodSync(join(node.home, 'run'), 0o777)
    expect((await node.command('start')).stderr).toContain('ERR_MODE_UNSAFE')
  })
})
