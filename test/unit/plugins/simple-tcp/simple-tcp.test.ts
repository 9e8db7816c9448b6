import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { simpleTcp } from '../../../../src/plugins/simple-tcp/simple-tcp.js'
import type { Action, Permission, Principal } from '../../../../src/services.js'
import { type FakeContext, type FakeContextOptions, fakeContext } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const track = { id: 1, kind: 'data', codec: 'text' } as const

/** A client that reads line by line. */
class Client {
  readonly socket: Socket
  #text = ''
  closed = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('data', (chunk) => {
      this.#text += chunk
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = true
    })
  }

  /** The next line; `end` when the server has closed. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return line
      }
      if (this.closed) return 'end'
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async say(...lines: string[]): Promise<string[]> {
    const answers: string[] = []
    for (const line of lines) {
      this.socket.write(`${line}\n`)
      answers.push(await this.line())
    }
    return answers
  }
}

async function running(config: Record<string, unknown> = {}, options: FakeContextOptions = {}) {
  const fake = await fakeContext(simpleTcp(), { config: { port: 0, ...config }, ...options }).start()
  const { port } = (await fake.request('GET', '/simple-tcp/status')) as { port: number }
  const clients: Client[] = []
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy()
    await fake.stop()
  })
  const open = async () => {
    const client = new Client(port)
    clients.push(client)
    return { client, welcome: await client.line() }
  }
  return { fake, port, open }
}

const connections = async (fake: Pick<FakeContext, 'request'>) => ((await fake.request('GET', '/simple-tcp/status')) as { connections: number }).connections

describe('the protocol', () => {
  it('welcomes, publishes, and says goodbye', async () => {
    const { fake, open } = await running()
    const { client, welcome } = await open()
    expect(welcome).toMatch(/^WELCOME shoal/)
    const before = performance.now() * 1000
    expect(await client.say('PUBLISH sensor/1', 'DATA 48656C6c6f', 'DATA', 'DATA 00', 'STOP')).toEqual([
      'OK PUBLISH sensor/1',
      'OK DATA 5',
      'OK DATA 0',
      'OK DATA 1',
      'OK STOP',
    ])
    const [publication] = fake.streams.publications
    expect(publication).toMatchObject({ path: 'sensor/1', publisher: 'simple-tcp', closed: true, tracks: [{ kind: 'data' }] })
    const frames = publication?.frames ?? []
    expect(frames.map(({ data, key }) => [Buffer.from(data).toString(), key])).toEqual([
      ['Hello', true],
      ['', true],
      ['\0', true],
    ])
    const stamps = frames.map(({ timestamp }) => timestamp)
    expect(stamps.every((stamp, at) => Number.isSafeInteger(stamp) && stamp >= Math.max(Math.floor(before), stamps[at - 1] ?? 0))).toBe(true)
    expect(stamps.at(-1)).toBeLessThanOrEqual(performance.now() * 1000)
    expect(await client.say('QUIT')).toEqual(['BYE'])
    expect(await client.line()).toBe('end')
    await waitFor('no connection', async () => (await connections(fake)) === 0)
  })

  it('brings frames from one client to others', async () => {
    const { open } = await running()
    const [a, b, c] = [await open(), await open(), await open()]
    await a.client.say('PUBLISH x')
    expect(await b.client.say('SUBSCRIBE x')).toEqual(['OK SUBSCRIBE x'])
    expect(await c.client.say('SUBSCRIBE x')).toEqual(['OK SUBSCRIBE x'])
    await a.client.say('DATA 01ff')
    const [one, two] = [await b.client.line(), await c.client.line()]
    expect(one).toMatch(/^FRAME \d+ 01ff$/)
    expect(two).toBe(one)
    expect(await b.client.say('STOP')).toEqual(['OK STOP'])
    await a.client.say('DATA 02', 'STOP')
    expect(await c.client.line()).toMatch(/^FRAME \d+ 02$/)
    expect(await c.client.line()).toBe('ERR ERR_STREAM_STOPPED The stream has ended.')
    expect(await b.client.say('PUBLISH x', 'DATA 03')).toEqual(['OK PUBLISH x', 'OK DATA 1'])
    expect(await c.client.say('SUBSCRIBE x')).toEqual(['OK SUBSCRIBE x'])
    expect(await c.client.line()).toMatch(/^FRAME \d+ 03$/)
  })

  const bad: [string, string][] = [
    ['', 'ERR_USAGE'],
    ['HELLO', 'ERR_USAGE'],
    ['publish x', 'ERR_USAGE'],
    ['DATA 00', 'ERR_USAGE'],
    ['STOP', 'ERR_USAGE'],
    ['SUBSCRIBE none', 'ERR_STREAM_NOT_FOUND'],
    ['PUBLISH taken', 'ERR_STREAM_TAKEN'],
    ['PUBLISH', 'ERR_PATH_INVALID'],
    ['PUBLISH ', 'ERR_PATH_INVALID'],
    ['PUBLISH  x', 'ERR_PATH_INVALID'],
    ['PUBLISH /x', 'ERR_PATH_INVALID'],
    ['PUBLISH x/', 'ERR_PATH_INVALID'],
    ['PUBLISH a//b', 'ERR_PATH_INVALID'],
    ['PUBLISH ../x', 'ERR_PATH_INVALID'],
    ['PUBLISH a/./b', 'ERR_PATH_INVALID'],
    ['PUBLISH a\tb', 'ERR_PATH_INVALID'],
    ['PUBLISH a\\b', 'ERR_PATH_INVALID'],
    ['PUBLISH a\u0308', 'ERR_PATH_INVALID'],
    ['SUBSCRIBE a\0', 'ERR_PATH_INVALID'],
  ]
  for (const [line, code] of bad) {
    it(`answers ${JSON.stringify(line)} with ${code} and goes on`, async () => {
      const { fake, open } = await running()
      fake.streams.publish('taken', [track])
      const { client } = await open()
      const [answer, next] = await client.say(line, 'PUBLISH ok')
      expect(answer).toMatch(new RegExp(`^ERR ${code} .+`))
      expect(next).toBe('OK PUBLISH ok')
    })
  }

  it('refuses bad data, and a second stream on one connection', async () => {
    const { open } = await running()
    const { client } = await open()
    const answers = await client.say('PUBLISH x', 'DATA 0', 'DATA zz', 'DATA 00 00', 'PUBLISH y', 'SUBSCRIBE x', 'DATA 00')
    expect(answers.map((answer) => answer.split(' ').slice(0, 2).join(' '))).toEqual([
      'OK PUBLISH',
      'ERR ERR_REQUEST_INVALID',
      'ERR ERR_REQUEST_INVALID',
      'ERR ERR_REQUEST_INVALID',
      'ERR ERR_USAGE',
      'ERR ERR_USAGE',
      'OK DATA',
    ])
  })

  it('takes lines in pieces, several at once, with LF or CRLF', async () => {
    const { open } = await running()
    const { client } = await open()
    for (const piece of ['PUB', 'LISH x\r', '\nDATA 01\nDATA 02\r\nDA']) {
      client.socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.socket.write('TA 03\n')
    expect([await client.line(), await client.line(), await client.line(), await client.line()]).toEqual([
      'OK PUBLISH x',
      'OK DATA 1',
      'OK DATA 1',
      'OK DATA 1',
    ])
  })

  it('tells a publisher whose stream was stopped, and lets it begin anew', async () => {
    const { fake, open } = await running()
    const { client } = await open()
    await client.say('PUBLISH x')
    fake.streams.get('x')?.stop()
    const [lost, again] = await client.say('DATA 00', 'PUBLISH x')
    expect([lost?.startsWith('ERR ERR_USAGE'), again]).toEqual([true, 'OK PUBLISH x'])
  })

  it('ends streams with their connection', async () => {
    const { fake, open } = await running()
    const [a, b] = [await open(), await open()]
    await a.client.say('PUBLISH x')
    await b.client.say('SUBSCRIBE x')
    b.client.socket.destroy()
    a.client.socket.destroy()
    await waitFor('nothing open', () => fake.streams.open.publications + fake.streams.open.subscriptions === 0)
    await waitFor('no connection', async () => (await connections(fake)) === 0)
    expect(fake.info.tasks.map(({ name }) => name)).toEqual(['listen'])
  })
})

describe('permission', () => {
  it('is asked for each stream with who and what, and its refusal is passed on', async () => {
    const asked: [Principal, Action][] = []
    const permission: Permission = {
      allows(who, what) {
        asked.push([who, what])
        return what.target === 'open' || 'Not this\none.'
      },
    }
    const { open } = await running({}, { services: { permission } })
    const { client } = await open()
    expect(await client.say('PUBLISH shut', 'SUBSCRIBE shut', 'PUBLISH open')).toEqual([
      'ERR ERR_FORBIDDEN Not this one.',
      'ERR ERR_FORBIDDEN Not this one.',
      'OK PUBLISH open',
    ])
    const who = { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true }
    expect(asked).toEqual([
      [who, { action: 'stream.publish', target: 'shut' }],
      [who, { action: 'stream.read', target: 'shut' }],
      [who, { action: 'stream.publish', target: 'open' }],
    ])
  })
})

describe('limits', () => {
  it('cut a client whose line is too long, and one that is not text', async () => {
    const { fake, open } = await running({ maxLine: 64 })
    for (const [bytes, code] of [
      [Buffer.alloc(65, 'a'), 'ERR_LIMIT'],
      [Buffer.concat([Buffer.alloc(65, 'a'), Buffer.from('\n')]), 'ERR_LIMIT'],
      [Buffer.from([0xff, 0xfe, 0x0a]), 'ERR_REQUEST_INVALID'],
    ] as const) {
      const { client } = await open()
      client.socket.write(bytes)
      expect(await client.line()).toMatch(new RegExp(`^ERR ${code}`))
      expect(await client.line()).toBe('end')
    }
    const { client } = await open()
    expect(await client.say(`PUBLISH ${'a'.repeat(56)}`)).toEqual([`OK PUBLISH ${'a'.repeat(56)}`])
    await waitFor('one connection', async () => (await connections(fake)) === 1)
  })

  it('turn away clients beyond the number allowed, until one goes', async () => {
    const { fake, open } = await running({ maxConnections: 2 })
    const [a] = [await open(), await open()]
    const { client, welcome } = await open()
    expect(welcome).toMatch(/^ERR ERR_LIMIT .*2/)
    expect(await client.line()).toBe('end')
    a.client.socket.destroy()
    await waitFor('one connection', async () => (await connections(fake)) === 1)
    expect((await open()).welcome).toMatch(/^WELCOME/)
  })

  it('cut a reader that does not read, and harm no other', async () => {
    const { fake, open } = await running({ maxOutput: 65_536 })
    const [slow, quick] = [await open(), await open()]
    const publication = fake.streams.publish('x', [track])
    for (const { client } of [slow, quick]) await client.say('SUBSCRIBE x')
    slow.client.socket.pause()
    const data = new Uint8Array(16_384)
    let sent = 0
    await waitFor('the slow reader to be cut', async () => {
      // one frame at a time, each read by the quick client, so that only the slow one falls behind
      for (let at = 0; at < 100 && (await connections(fake)) === 2; at++) {
        publication.write({ track: 1, timestamp: ++sent, key: true, data })
        expect((await quick.client.line()).slice(0, 20)).toMatch(new RegExp(`^FRAME ${sent} `))
      }
      return (await connections(fake)) === 1
    })
    expect(fake.log.lines.filter(({ msg }) => msg === 'slow client was cut').length).toBe(1)
    publication.write({ track: 1, timestamp: ++sent, key: true, data: new Uint8Array([9]) })
    expect(await quick.client.line()).toBe(`FRAME ${sent} 09`)
  })
})

describe('starting and stopping', () => {
  it('names a port that is in use and what to set', async () => {
    const { port } = await running()
    const second = fakeContext(simpleTcp(), { config: { port } })
    await expect(second.start()).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('simple-tcp'),
    })
    await second.stop()
  })

  it('cuts all clients and ends their streams', async () => {
    const { fake, open } = await running()
    const [a, b] = [await open(), await open()]
    await a.client.say('PUBLISH x')
    await b.client.say('SUBSCRIBE x')
    expect(await fake.stop()).toEqual({ tasks: [], registrations: 0, publications: 0, subscriptions: 0, listeners: 0 })
    await waitFor('closed clients', () => a.client.closed && b.client.closed)
  })
})
