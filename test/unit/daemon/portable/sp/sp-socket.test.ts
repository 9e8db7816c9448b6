import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PullSocket, PushSocket, ReplySocket, RequestSocket } from '../../../../../src/daemon/portable/sp/sp-socket.js'
import { freePort } from '../../../../free-port.js'
import { itWith } from '../../../../needs.js'
import { waitFor } from '../../../../wait-for.js'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const execute = promisify(execFile)

let folder: string
let closing: { close(): Promise<void> }[] = []
const kept = <T extends { close(): Promise<void> }>(socket: T): T => {
  closing.push(socket)
  return socket
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-sp-'))
})

afterEach(async () => {
  await Promise.all(closing.map((socket) => socket.close()))
  closing = []
  rmSync(folder, { recursive: true, force: true })
})

const transports = ['ipc', 'tcp'] as const
const addressOf = async (transport: 'ipc' | 'tcp'): Promise<string> =>
  transport === 'ipc' ? `ipc://${join(folder, 's.ipc')}` : `tcp://127.0.0.1:${await freePort()}`

it('of many who listen at one stale socket at once, one does', async () => {
  const path = join(folder, 'stale.ipc')
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(path, resolve))
  renameSync(path, `${path}.kept`)
  await new Promise<void>((resolve) => dead.close(() => resolve()))
  renameSync(`${path}.kept`, path)
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => kept(new PullSocket()).listen(`ipc://${path}`)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_PORT_IN_USE' })
})

describe.each(transports)('over %s', (transport) => {
  it('what is pushed is pulled, in order, of any size', async () => {
    const address = await addressOf(transport)
    const [pull, push] = [kept(new PullSocket()), kept(new PushSocket())]
    await pull.listen(address)
    push.dial(address)
    const sizes = [0, 1, 100_000, 8 * 1024 * 1024, 3]
    const sending = (async () => {
      for (const size of sizes) await push.send(new Uint8Array(size).fill(size % 251))
    })()
    const got: number[] = []
    for await (const message of pull) {
      expect(message.every((byte) => byte === message.length % 251)).toBe(true)
      if (got.push(message.length) === sizes.length) break
    }
    await sending
    expect(got).toEqual(sizes)
  })

  it('a push waits for one who pulls, and for room', async () => {
    const address = await addressOf(transport)
    const push = kept(new PushSocket())
    await push.listen(address)
    await expect(push.send(bytes('early'), AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
    const pull = kept(new PullSocket())
    await pull.dial(address).connected()
    let sent = 0
    const block = new Uint8Array(1024 * 1024)
    const stopped = new AbortController()
    const sending = (async () => {
      for (;;) {
        await push.send(block, stopped.signal)
        sent++
      }
    })().catch(() => {})
    await waitFor('the pipe to fill', () => sent > 0)
    // nobody reads: what is sent stays within what kernel and buffers hold
    const before = await new Promise<number>((resolve) => setTimeout(() => resolve(sent), 300))
    expect(before).toBeLessThan(64)
    let taken = 0
    for await (const _ of pull) if (++taken > before + 8) break
    expect(sent).toBeGreaterThan(before)
    stopped.abort()
    await sending
  })

  it('a request is answered, and one that is held may be answered later', async () => {
    const address = await addressOf(transport)
    const [reply, request] = [kept(new ReplySocket()), kept(new RequestSocket())]
    await reply.listen(address)
    request.dial(address)
    const serving = (async () => {
      let held: { reply(body: Uint8Array): void } | undefined
      for await (const one of reply) {
        if (text(one.body) === 'hold') held = one
        else one.reply(bytes(`${text(one.body)}!`))
        if (held) setTimeout(() => held?.reply(bytes('at last')), 20)
      }
    })()
    expect(text(await request.request(bytes('hello')))).toBe('hello!')
    expect(text(await request.request(bytes('')))).toBe('!')
    expect(text(await request.request(bytes('hold')))).toBe('at last')
    const waiting = request.request(bytes('hold'))
    await expect(request.request(bytes('second'))).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    await waiting
    await reply.close()
    await serving
  })

  it('a connection that is lost is made again', async () => {
    const address = await addressOf(transport)
    const first = new ReplySocket()
    await first.listen(address)
    const request = kept(new RequestSocket())
    request.dial(address)
    const asked = request.request(bytes('x'))
    for await (const one of first) {
      expect(text(one.body)).toBe('x')
      break
    }
    await first.close()
    await expect(asked).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    const second = kept(new ReplySocket())
    await second.listen(address)
    void (async () => {
      for await (const one of second) one.reply(bytes('again'))
    })()
    expect(text(await request.request(bytes('y'), AbortSignal.timeout(15_000)))).toBe('again')
  })

  itWith(['nngcat'], 'nngcat and nanocat understand it, either way round', async () => {
    const address = await addressOf(transport)
    const pull = kept(new PullSocket())
    await pull.listen(address)
    const pulled = pull[Symbol.asyncIterator]()
    await execute('nngcat', ['--push', '--dial', address, '--data', 'from nng', '--delay', '1'])
    expect(text((await pulled.next()).value)).toBe('from nng')
    await execute('nanocat', ['--push', '--connect', address, '--data', 'from nanomsg', '--delay', '1'])
    expect(text((await pulled.next()).value)).toBe('from nanomsg')
    await pull.close()

    const reply = kept(new ReplySocket())
    await reply.listen(address)
    void (async () => {
      for await (const one of reply) one.reply(bytes(`[${text(one.body)}]`))
    })()
    const { stdout } = await execute('nngcat', ['--req', '--dial', address, '--data', 'ask', '--ascii', '--recv-timeout', '5'])
    expect(stdout.trim()).toBe('[ask]')
    await reply.close()

    const server = spawn('nngcat', ['--rep', '--listen', address, '--data', 'answer', '--ascii'])
    try {
      const request = kept(new RequestSocket())
      request.dial(address)
      expect(text(await request.request(bytes('question'), AbortSignal.timeout(10_000)))).toBe('answer')
    } finally {
      server.kill()
    }
  })
})

describe('a listener', () => {
  it('takes the place of a socket file that nobody answers on, and of no other', async () => {
    const path = join(folder, 'taken.ipc')
    writeFileSync(path, 'mine')
    await expect(kept(new PullSocket()).listen(`ipc://${path}`)).rejects.toMatchObject({ code: 'ERR_START_FAILED' })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    // a socket that was renamed stays behind when its server ends
    const former = createServer().listen(join(folder, 'former.ipc'))
    await new Promise((resolve) => former.once('listening', resolve))
    renameSync(join(folder, 'former.ipc'), path)
    await new Promise((resolve) => former.close(resolve))
    const pull = kept(new PullSocket())
    await pull.listen(`ipc://${path}`)
    await expect(kept(new PullSocket()).listen(`ipc://${path}`)).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE' })
    await pull.close()
    expect(existsSync(path)).toBe(false)
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await expect(kept(new PullSocket()).listen(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE' })
    server.close()
  })

  it('gives up who speaks another pattern or no SP, and goes on with others', async () => {
    const errors: unknown[] = []
    const pull = kept(new PullSocket({ onError: (error) => errors.push(error), maxMessage: 100 }))
    const address = await addressOf('tcp')
    await pull.listen(address)
    const port = Number(address.split(':').at(-1))
    connect(port, '127.0.0.1').end('GET / HTTP/1.1\r\n\r\n')
    await waitFor('the stranger to be refused', () => errors.length === 1)
    kept(new RequestSocket()).dial(address)
    await waitFor('the wrong pattern to be refused', () => errors.length >= 2)
    const push = kept(new PushSocket())
    push.dial(address)
    await push.send(new Uint8Array(101))
    await waitFor('the long message to be refused', () => errors.some((error) => /101 bytes/.test(String(error))))
    void push.send(bytes('short'))
    for await (const message of pull) {
      expect(text(message)).toBe('short')
      break
    }
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_PROTOCOL' })
  })
})
