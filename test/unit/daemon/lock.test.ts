import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { acquireLock, closeSocketToOthers, prepareSocketPath, readLockHolder } from '../../../src/daemon/lock.js'
import { maxSocketPath } from '../../../src/daemon/paths.js'
import { isRunning, markProcess, type ProcessMark } from '../../../src/daemon/util/process-mark.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-lock-'))
const children = new Set<ChildProcess>()
const servers: Server[] = []
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  children.clear()
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const freshFolder = (): string => {
  const folder = join(root, `${count++}`)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}
const freshPath = (): string => join(freshFolder(), 'lock')
const code = (expected: string) => expect.objectContaining({ code: expected })
const put = (path: string, content: string): void => writeFileSync(path, content, { mode: 0o600 })

/** A world of pretended processes. */
function world() {
  const dead = new Set<number>()
  return { dead, alive: async ({ pid }: ProcessMark) => !dead.has(pid) }
}

/** Takes the lock when told to, says how it went, and holds it until its input ends. */
const childSource = `
  const { once } = await import('node:events')
  const { acquireLock } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src/daemon/lock.ts')).href)})
  console.log('ready')
  await once(process.stdin, 'data')
  const outcome = acquireLock(process.argv[1], { home: '/the/home' }).then(() => 'won', ({ code, data }) => code + ' ' + data?.pid)
  console.log(await outcome)
  process.stdin.resume()
  await once(process.stdin, 'end')`

async function startChild(path: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', childSource, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.add(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<string> => String((await lines.next()).value)
  expect(await read()).toBe('ready')
  const go = (): Promise<string> => {
    child.stdin.write('go\n')
    return read()
  }
  return { child, go }
}

describe('the lock of a home', () => {
  it('is held by one, says by whom, and can be given up', async () => {
    const path = freshPath()
    const lock = await acquireLock(path, { home: '/the/home' })
    expect(statSync(path).mode & 0o7777).toBe(0o600)
    expect(await readLockHolder(path)).toMatchObject({ pid: process.pid, home: '/the/home' })
    await expect(acquireLock(path, { home: '/the/home' })).rejects.toMatchObject({
      code: 'ERR_ALREADY_RUNNING',
      message: `A daemon already runs in /the/home (pid ${process.pid}).`,
      data: { pid: process.pid, home: '/the/home' },
    })
    await lock.release()
    await lock.release()
    expect(await readLockHolder(path)).toBeUndefined()
    const next = await acquireLock(path, { home: '/the/home' })
    await lock.release()
    expect(await readLockHolder(path)).toMatchObject({ pid: process.pid })
    await next.release()
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  it.each([
    ['nothing', ''],
    ['garbage', '\0\x01 garbage'],
    ['half a claim', '{"pid": 1'],
    ['another sort of claim', '{"pid": "1"}'],
    ['null', 'null'],
    ['a pid that is none', '{"pid": -1}'],
    ['a process that is gone', `{"pid": ${2 ** 22 + 5}, "home": "/x"}`],
  ])('is taken over when it holds %s', async (_name, content) => {
    const path = freshPath()
    put(path, content)
    const lock = await acquireLock(path, { home: '/h' })
    expect(await readLockHolder(path)).toMatchObject({ pid: process.pid })
    await lock.release()
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  it('is not fooled by a process number that is used again', async () => {
    const mark = await markProcess()
    expect(mark.start).toMatch(/^\d+$/)
    for (const change of [{ start: '1' }, { boot: 'another boot' }]) {
      const path = freshPath()
      put(path, JSON.stringify({ ...mark, ...change, home: '/h' }))
      await (await acquireLock(path, { home: '/h' })).release()
    }
    const path = freshPath()
    put(path, JSON.stringify({ ...mark, home: '/h' }))
    await expect(acquireLock(path, { home: '/h' })).rejects.toEqual(code('ERR_ALREADY_RUNNING'))
  })

  it('goes to exactly one of many that find it dead', async () => {
    for (let round = 0; round < 10; round++) {
      const path = freshPath()
      const { dead, alive } = world()
      dead.add(1)
      put(path, JSON.stringify({ pid: 1, home: '/h', token: round }))
      const starts = Array.from({ length: 20 }, (_, at) => acquireLock(path, { home: '/h', self: { pid: 100 + at }, alive }))
      const results = await Promise.allSettled(starts)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toEqual(code('ERR_ALREADY_RUNNING'))
      expect(readdirSync(join(path, '..'))).toEqual(['lock'])
    }
  })

  it('goes to exactly one also when starters die half-way', async () => {
    const path = freshPath()
    const { dead, alive } = world()
    // 1 held the lock, 2 died with the right to replace it, 3 with the right to act for 2.
    for (const pid of [1, 2, 3]) dead.add(pid)
    const claim = (pid: number): string => JSON.stringify({ pid, home: '/h' })
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)
    put(path, claim(1))
    put(`${path}.after-${hash(claim(1))}`, claim(2))
    put(`${path}.after-${hash(claim(2))}`, claim(3))
    put(join(path, '..', '.lock.0123.tmp'), claim(2))
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => acquireLock(path, { home: '/h', self: { pid: 100 + at }, alive })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(readdirSync(join(path, '..'))).toEqual(['lock'])
  })

  it('waits for one that is replacing it, and then finds it taken', async () => {
    const path = freshPath()
    const claim = JSON.stringify({ pid: 1 })
    put(path, claim)
    const right = `${path}.after-${createHash('sha256').update(claim).digest('hex').slice(0, 32)}`
    put(right, JSON.stringify({ pid: 7, home: '/h' }))
    let asked = 0
    const alive = async ({ pid }: ProcessMark): Promise<boolean> => {
      // The other one is at work for two looks, then done.
      if (pid === 7 && ++asked === 2) renameSync(right, path)
      return pid === 7
    }
    await expect(acquireLock(path, { home: '/h', self: { pid: 8 }, alive })).rejects.toMatchObject({ code: 'ERR_ALREADY_RUNNING', data: { pid: 7 } })
    expect(asked).toBe(3)
    expect(readdirSync(join(path, '..'))).toEqual(['lock'])
  })

  it('refuses a link, a folder and a file of wider mode in its place', async () => {
    const target = freshPath()
    put(target, '')
    const path = freshPath()
    symlinkSync(target, path)
    await expect(acquireLock(path, { home: '/h' })).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    expect(readFileSync(target, 'utf8')).toBe('')
    rmSync(path)
    mkdirSync(path)
    await expect(acquireLock(path, { home: '/h' })).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    const wide = freshPath()
    put(wide, '')
    chmodSync(wide, 0o666)
    await expect(acquireLock(wide, { home: '/h' })).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    expect(readdirSync(join(path, '..'))).toEqual(['lock'])
  })

  it('refuses a folder that others could use', async () => {
    const path = freshPath()
    chmodSync(join(path, '..'), 0o755)
    await expect(acquireLock(path, { home: '/h' })).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: expect.stringContaining('chmod 700') })
  })
})

describe('the lock among processes', () => {
  it('goes to one of four that start at once after a kill -9, and again after the next', async () => {
    const path = freshPath()
    const [first, ...rest] = await Promise.all(Array.from({ length: 5 }, () => startChild(path)))
    if (!first) throw new Error('no child')
    expect(await first.go()).toBe('won')
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    expect(existsSync(path)).toBe(true)
    const said = await Promise.all(rest.map(({ go }) => go()))
    const winner = rest[said.indexOf('won')]
    expect(said.filter((line) => line === 'won')).toHaveLength(1)
    expect(said.filter((line) => line === `ERR_ALREADY_RUNNING ${winner?.child.pid}`)).toHaveLength(3)
    expect(await readLockHolder(path)).toMatchObject({ pid: winner?.child.pid, home: '/the/home' })
    winner?.child.kill('SIGKILL')
    await (await acquireLock(path, { home: '/h', alive: async (mark) => mark.pid !== winner?.child.pid && (await isRunning(mark)) })).release()
  })

  it('knows a zombie for dead', async () => {
    // The shell's child is killed and never waited for, because the shell has become sleep.
    const child = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(child)
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const mark = await markProcess(Number(line.toString()))
    expect(await isRunning(mark)).toBe(true)
    process.kill(mark.pid, 'SIGKILL')
    while (await isRunning(mark)) await new Promise((resolve) => setImmediate(resolve))
    expect(existsSync(`/proc/${mark.pid}`)).toBe(true)
  })
})

describe('the path of the control socket', () => {
  const listen = async (path: string): Promise<Server> => {
    const server = createServer()
    servers.push(server)
    server.listen(path)
    await once(server, 'listening')
    return server
  }

  it('is made ready, and closed to others once it listens', async () => {
    const path = join(freshFolder(), 'run', 'ctl.sock')
    await prepareSocketPath(path)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    await listen(path)
    await closeSocketToOthers(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is refused when it is too long for the system, to the byte', async () => {
    const folder = freshFolder()
    const fits = join(folder, 's'.repeat(maxSocketPath - folder.length - 1))
    await prepareSocketPath(fits)
    await listen(fits)
    expect(readdirSync(folder)).toEqual([fits.slice(folder.length + 1)])
    await expect(prepareSocketPath(`${fits}x`)).rejects.toEqual(code('ERR_SOCKET_PATH_TOO_LONG'))
    await expect(prepareSocketPath(join(folder, 'ä'.repeat(53)))).rejects.toEqual(code('ERR_SOCKET_PATH_TOO_LONG'))
  })

  it('is refused while somebody answers on it', async () => {
    const path = join(freshFolder(), 'ctl.sock')
    await listen(path)
    await expect(prepareSocketPath(path)).rejects.toEqual(code('ERR_ALREADY_RUNNING'))
    expect(existsSync(path)).toBe(true)
  })

  it('is cleaned of a socket that nobody answers on', async () => {
    const path = join(freshFolder(), 'ctl.sock')
    const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.add(child)
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(statSync(path).isSocket()).toBe(true)
    await prepareSocketPath(path)
    expect(existsSync(path)).toBe(false)
    await listen(path)
  })

  it('is refused when something else is there, which is left alone', async () => {
    const folder = freshFolder()
    const file = join(folder, 'file')
    put(file, 'keep')
    await expect(prepareSocketPath(file)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    const planted = join(folder, 'planted')
    symlinkSync(file, planted)
    await expect(prepareSocketPath(planted)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
    await expect(prepareSocketPath(join(folder, 'dangling'))).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    expect(readFileSync(file, 'utf8')).toBe('keep')
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'file', 'planted'])
  })

  it.each(['755', '770', '701'])('is refused in a folder of mode %s', async (mode) => {
    const folder = freshFolder()
    chmodSync(folder, Number.parseInt(mode, 8))
    await expect(prepareSocketPath(join(folder, 'ctl.sock'))).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })

  it('is refused in a folder that is a link', async () => {
    const path = `${freshFolder()}.link`
    symlinkSync(freshFolder(), path)
    await expect(prepareSocketPath(join(path, 'ctl.sock'))).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })
})
