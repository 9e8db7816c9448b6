import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog, type LogEvent, prettyLine } from '../../../src/daemon/log.js'
import { ShoalError } from '../../../src/errors.js'
import type { LogLine } from '../../../src/services.js'
import { waitFor } from '../../wait-for.js'

const silent = { fd: null }

describe('levels', () => {
  it('hold for a module, for what follows it after a colon, and change at once', () => {
    const log = createLog({ ...silent, level: 'info', levels: { plugin: 'warn', 'plugin:rtmp': 'debug' } })
    const [swarm, rtmp, hls] = [log.module('swarm'), log.module('plugin:rtmp'), log.module('plugin:hls')]
    const write = (): void => {
      for (const logger of [swarm, rtmp, hls]) {
        logger.debug('d')
        logger.info('i')
        logger.warn('w')
      }
    }
    write()
    const seen = (): string[] => log.tail({ lines: 100 }).map(({ module, msg }) => `${module} ${msg}`)
    expect(seen()).toEqual(['swarm i', 'swarm w', 'plugin:rtmp d', 'plugin:rtmp i', 'plugin:rtmp w', 'plugin:hls w'])
    log.setLevel('swarm', 'error')
    log.setLevel('plugin:rtmp', 'error')
    log.setLevel('plugin:hls', 'trace')
    write()
    expect(seen().slice(6)).toEqual(['plugin:hls d', 'plugin:hls i', 'plugin:hls w'])
    expect(log.levels()).toEqual({ level: 'info', modules: { plugin: 'warn', 'plugin:hls': 'trace', 'plugin:rtmp': 'error', swarm: 'error' } })
    log.setLevel(undefined, 'warn')
    expect(Object.values(log.levels().modules)).toEqual(['warn', 'warn', 'warn'])
    expect(() => log.setLevel('swarm', 'loud' as 'info')).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }))
  })

  it('do not grow without end with the names of modules', () => {
    const log = createLog(silent)
    for (let i = 0; i < 5000; i++) log.module(`m${i}`).info('x')
    expect(Object.keys(log.levels().modules)).toHaveLength(1000)
    for (let i = 0; i < 1000; i++) log.setLevel(`n${i}`, 'warn')
    expect(() => log.setLevel('one more', 'warn')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  })
})

describe('the ring', () => {
  it('keeps the newest lines and gives those asked for, oldest first', () => {
    let time = 0
    const log = createLog({ ...silent, keep: 10, now: () => ++time })
    const [a, b] = [log.module('a'), log.module('b')]
    for (let i = 1; i <= 24; i++) (i % 2 ? a : b)[i % 3 ? 'info' : 'warn'](String(i))
    const messages = (options: Parameters<typeof log.tail>[0]): string[] => log.tail(options).map(({ msg }) => msg)
    expect(messages({})).toEqual(['15', '16', '17', '18', '19', '20', '21', '22', '23', '24'])
    expect(messages({ lines: 2 })).toEqual(['23', '24'])
    expect(messages({ lines: 0 })).toEqual([])
    expect(messages({ since: 22 })).toEqual(['23', '24'])
    expect(messages({ module: 'a', level: 'warn' })).toEqual(['15', '21'])
  })

  it('has listeners, each with a bounded queue', async () => {
    const log = createLog(silent)
    const logger = log.module('a')
    const abort = new AbortController()
    const events: LogEvent[] = []
    const live = log.listen(abort.signal)
    for (let i = 0; i < 5000; i++) logger.info(String(i))
    const reading = (async () => {
      for await (const event of live) events.push(event)
    })()
    await waitFor('the gap', () => events.some((event) => event.type === 'lagged'))
    expect(events.at(-1)).toMatchObject({ type: 'lagged', missed: 5000 - 4096 })
    abort.abort()
    await reading
  })
})

describe('a line', () => {
  const one = (fields: Record<string, unknown>, msg = 'm', level: 'info' | 'debug' = 'info'): LogLine => {
    const log = createLog({ ...silent, level })
    log.module('a').info(msg, fields)
    return log.tail()[0] as LogLine
  }

  it('shows an error with code, message and causes; the stack only for debugging', () => {
    const error = new ShoalError('ERR_TIMEOUT', 'late', { cause: new Error('inner', { cause: 'text' }), data: { token: 'x', line: 3 } })
    expect(one({ err: error }).fields['err']).toEqual({
      name: 'ShoalError',
      code: 'ERR_TIMEOUT',
      message: 'late',
      data: { token: '<hidden>', line: 3 },
      cause: { name: 'Error', message: 'inner', cause: 'text' },
    })
    expect(one({ err: error }, 'm', 'debug').fields['err']).toMatchObject({ stack: expect.stringContaining('log.test') })
    const many = new AggregateError(
      Array.from({ length: 20 }, (_, i) => new Error(String(i))),
      'all',
    )
    expect((one({ err: many }).fields['err'] as { errors: unknown[] }).errors).toHaveLength(5)
    const loop = new Error('loop')
    loop.cause = loop
    expect(one({ err: loop }).fields['err']).toEqual({ name: 'Error', message: 'loop', cause: '<circular>' })
  })

  it('holds no secret in message, fields and errors', () => {
    const log = createLog(silent)
    const shown = log.hide('s3cr3t-token')
    log.module('a').info('Bearer abcdefgh for rtsp://u:pw@cam/x s3cr3t-token', {
      nested: { deep: ['s3cr3t-token'] },
      err: new Error('shoal1qqqqqqqqqqqqqqqqqqqqq ?token=abc'),
    })
    const text = JSON.stringify(log.tail())
    expect(text).not.toMatch(/abcdefgh|pw@|s3cr3t|qqqq|abc"/)
    shown()
    log.module('a').info('s3cr3t-token')
    expect(log.tail().at(-1)?.msg).toBe('s3cr3t-token')
  })

  it('survives whatever it is given', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    const getter = {
      get bad(): never {
        throw new Error('no')
      },
      good: 1,
    }
    const log = createLog(silent)
    log.module('a').info('m', hostile as Record<string, unknown>)
    log.module('a').info('m', { hostile, getter })
    log.module('a').info(undefined as unknown as string, null as unknown as Record<string, unknown>)
    expect(log.tail().map(({ fields }) => fields)).toEqual([
      { value: '<unreadable>' },
      { hostile: '<unreadable>', getter: { bad: '<unreadable>', good: 1 } },
      { value: null },
    ])
  })
})

describe('sinks', () => {
  it('get every line; one that throws or logs harms nobody', async () => {
    const log = createLog(silent)
    const lines: string[] = []
    let flushed = 0
    log.addSink({
      write: () => {
        throw new Error('broken')
      },
    })
    log.addSink({ write: ({ msg }) => log.module('sink').info(`about ${msg}`) })
    const undo = log.addSink({ write: ({ msg }) => void lines.push(msg), flush: async () => void flushed++ })
    log.module('a').info('one')
    expect(lines).toEqual(['about one', 'one'])
    expect(log.sinkFailures).toBe(2)
    undo()
    log.module('a').info('two')
    expect(lines).toHaveLength(2)
    log.addSink({ write: () => {}, flush: () => new Promise(() => {}) })
    const started = performance.now()
    await log.close()
    expect(performance.now() - started).toBeGreaterThan(1000)
    expect(flushed).toBe(0)
    log.module('a').info('late')
    expect(log.tail().at(-1)?.msg).not.toBe('late')
  })
})

describe('the file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-log-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const read = (file: string): Record<string, unknown>[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  it('holds JSON lines that only the owner reads', async () => {
    const file = join(folder, 'logs', 'a.log')
    const log = createLog({ file, now: () => 5 })
    log.module('a').info('hello\nworld', { n: 1, level: 'mine', err: new Error('x') })
    log.fatal('b', 'the end')
    await log.close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(read(file)).toEqual([
      { level: 'info', time: 5, module: 'a', n: 1, level_: 'mine', err: { name: 'Error', message: 'x' }, msg: 'hello\nworld' },
      { level: 'fatal', time: 5, module: 'b', msg: 'the end' },
    ])
  })

  it('is opened anew after it was moved away, and no line is lost', async () => {
    const file = join(folder, 'a.log')
    const log = createLog({ file })
    log.module('a').info('1')
    renameSync(file, `${file}.1`)
    log.module('a').info('2')
    log.reopen()
    log.module('a').info('3')
    await log.close()
    const messages = [...read(`${file}.1`), ...read(file)].map(({ msg }) => msg)
    expect(messages).toEqual(['1', '2', '3'])
    expect(read(file).at(-1)).toMatchObject({ msg: '3' })
  })

  it('is closed once, whoever asks and however often at once', async () => {
    const file = join(folder, 'twice.log')
    const log = createLog({ file })
    log.module('a').info('the last one')
    await Promise.all([log.close(), log.close()])
    await log.close()
    expect(read(file).at(-1)).toMatchObject({ msg: 'the last one' })
  })

  it('that cannot be opened is an error at once; while running the old one stays', async () => {
    expect(() => createLog({ file: join(folder, 'x\0y') })).toThrow(expect.objectContaining({ code: 'ERR_START_FAILED' }))
    expect(() => createLog({ file: folder })).toThrow(expect.objectContaining({ code: 'ERR_START_FAILED', hint: expect.stringContaining('log.file') }))
    const log = createLog({ file: join(folder, 'sub', 'a.log') })
    renameSync(join(folder, 'sub'), join(folder, 'moved'))
    renameSync(join(folder, 'moved', 'a.log'), join(folder, 'sub'))
    expect(() => log.reopen()).toThrow(expect.objectContaining({ code: 'ERR_START_FAILED' }))
    log.module('a').info('still here')
    await log.close()
    expect(read(join(folder, 'sub')).at(-1)).toMatchObject({ msg: 'still here' })
  })

  it('on a full disk costs lines, not the daemon, and memory stays flat under a flood', async () => {
    const log = createLog({ file: '/dev/full' })
    const logger = log.module('a')
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 20_000; i++) logger.info('a line of some length that repeats', { i, text: 'x'.repeat(500) })
    await waitFor('errors to be counted', () => log.dropped > 0)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60e6)
    expect(log.tail({ lines: 5000 })).toHaveLength(2000)
    await log.close()
  })
})

describe('for people', () => {
  const line: LogLine = {
    level: 'warn',
    time: new Date(2026, 0, 2, 3, 4, 5, 6).getTime(),
    module: 'swarm',
    msg: 'link\x1b[2J lost\n',
    fields: { peer: 'attic', n: 1, text: 'two words', list: [1] },
  }
  it('a line is short, in order, and cannot drive the terminal', () => {
    expect(prettyLine(line, false)).toBe('03:04:05.006 WARN  swarm  link�[2J lost⏎  peer=attic  n=1  text="two words"  list=[1]\n')
    expect(prettyLine(line, true)).toContain('\x1b[33mWARN \x1b[0m')
  })
})
