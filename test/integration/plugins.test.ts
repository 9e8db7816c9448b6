/** The monitor and the line protocol in whole daemons. */

import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MonitorSummary } from '../../src/plugins/monitor/monitor.js'
import { waitFor } from '../wait-for.js'
import { Nodes, readersOf, type TestNode, Ticker } from './nodes.js'

/** A client of simple-tcp. */
class LineClient {
  readonly lines: string[] = []
  ended = false
  readonly #socket: Socket

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => {})
    const reader = createInterface({ input: this.#socket })
    reader.on('line', (line) => this.lines.push(line))
    reader.on('close', () => {
      this.ended = true
    })
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }

  /** Says a line; resolves with the first answer that is no frame. */
  async ask(line: string): Promise<string> {
    const before = this.answers.length
    this.say(line)
    return await waitFor(`an answer to ${line}`, () => this.answers[before])
  }

  get answers(): string[] {
    return this.lines.filter((line) => !line.startsWith('FRAME ') && !line.startsWith('WELCOME '))
  }

  /** Bytes of the frames that came, as text. */
  get frames(): string[] {
    return this.lines.filter((line) => line.startsWith('FRAME ')).map((line) => Buffer.from(line.split(' ')[2] ?? '', 'hex').toString())
  }

  close(): void {
    this.#socket.destroy()
  }
}

async function read<T>(node: TestNode, path: string): Promise<T> {
  const parts: Buffer[] = []
  for await (const part of (await node.client.open(path)) as AsyncIterable<Buffer>) parts.push(part)
  return JSON.parse(Buffer.concat(parts).toString()) as T
}

describe('two nodes with simple-tcp', () => {
  const nodes = new Nodes()
  const flags = { 'simple-tcp.enabled': true, 'simple-tcp.port': 0 }
  let a: TestNode
  let b: TestNode

  const dial = async (node: TestNode): Promise<LineClient> => {
    const { port } = await read<{ port: number }>(node, '/simple-tcp/status')
    const client = new LineClient(port)
    await waitFor('the welcome', () => client.lines.includes('WELCOME shoal simple-tcp 1'))
    return client
  }

  beforeAll(async () => {
    a = await nodes.start('a', { flags })
    b = await nodes.start('b', { flags })
    await nodes.join(a, b)
  })

  afterAll(() => nodes.dispose())

  it('a stream that is published with lines at one is read with lines at the other', async () => {
    const sensor = await dial(a)
    expect(await sensor.ask('PUBLISH sensors/door')).toBe('OK PUBLISH sensors/door')
    expect(await sensor.ask(`DATA ${Buffer.from('open').toString('hex')}`)).toBe('OK DATA 4')
    await b.client.call('pulls.create', { body: { url: 'shoal://a/sensors/door' } })
    await waitFor('the stream at b', () => b.probe.ctx.streams.list().some(({ path }) => path === 'sensors/door'))
    const shell = await dial(b)
    expect(await shell.ask('SUBSCRIBE sensors/door')).toBe('OK SUBSCRIBE sensors/door')
    await waitFor('the last message', () => shell.frames.includes('open'))
    const said = ['shut', 'öffnen \n and a newline', '\u0000', 'x'.repeat(20_000)]
    for (const text of said) expect(await sensor.ask(`DATA ${Buffer.from(text).toString('hex')}`)).toBe(`OK DATA ${Buffer.byteLength(text)}`)
    await waitFor('all messages', () => shell.frames.length >= said.length + 1)
    expect(shell.frames).toEqual(['open', ...said])
    expect(await readersOf(a, 'sensors/door')).toEqual([`shoal ${b.id}`])
    expect(await sensor.ask('STOP')).toBe('OK STOP')
    await waitFor('the end of the stream at b', () => shell.answers.some((line) => line.startsWith('ERR ')))
    for (const client of [sensor, shell]) {
      expect(await client.ask('QUIT')).toBe('BYE')
      await waitFor('the end of the connection', () => client.ended)
    }
    expect((await read<{ connections: number }>(a, '/simple-tcp/status')).connections).toBe(0)
    await b.client.call('pulls.remove', { params: { path: 'sensors/door' } })
  })

  it('a client that goes without a word takes its stream with it', async () => {
    const sensor = await dial(a)
    await sensor.ask('PUBLISH sensors/door')
    expect(a.probe.ctx.streams.list()).toHaveLength(1)
    const second = await dial(a)
    expect(await second.ask('PUBLISH sensors/door')).toMatch(/^ERR ERR_STREAM_TAKEN /)
    expect(await second.ask('SUBSCRIBE nothing/here')).toMatch(/^ERR ERR_STREAM_NOT_FOUND /)
    sensor.close()
    await waitFor('the stream to end', () => a.probe.ctx.streams.list().length === 0)
    second.close()
  })

  it('GET /monitor/summary counts what there is', async () => {
    const tickers = ['one', 'two'].map((path) => new Ticker(a, path))
    await b.client.call('pulls.create', { body: { url: 'shoal://a/one' } })
    await waitFor('the pull', () => b.probe.ctx.streams.list().length === 1)
    const reader = await b.probe.ctx.streams.subscribe('one')
    await waitFor('frames at b', async () => ((await b.client.call('streams.info', { params: { path: 'one' } })).stream.framesIn > 5 ? true : undefined))
    const before = b.probe.ctx.streams.list()[0]
    const [atA, atB] = await Promise.all([read<MonitorSummary>(a, '/monitor/summary'), read<MonitorSummary>(b, '/monitor/summary')])
    const after = b.probe.ctx.streams.list()[0]
    expect(atA).toMatchObject({ node: { id: a.id, name: 'a' }, streams: 2, subscribers: 1, framesDropped: 0, missed: 0, peers: { known: 1, connected: 1 } })
    expect(atB).toMatchObject({ node: { id: b.id, name: 'b' }, streams: 1, subscribers: 1, peers: { known: 1, connected: 1 } })
    expect(atB.framesIn).toBeGreaterThanOrEqual(before?.framesIn ?? Number.NaN)
    expect(atB.framesIn).toBeLessThanOrEqual(after?.framesIn ?? Number.NaN)
    expect(atB.bytesIn).toBeGreaterThan(0)
    // sensors/door was there as well, and went
    expect(atB.events).toMatchObject({ trusted: 1, connected: 1, published: 2, unpublished: 1 })
    reader.close()
    for (const ticker of tickers) ticker.stop()
    await waitFor('all to be gone', async () => {
      const { streams, subscribers } = await read<MonitorSummary>(b, '/monitor/summary')
      return streams === 0 && subscribers === 0
    })
  })

  it('GET /monitor/events tells them in order, from where one left off', async () => {
    const { events, next } = await read<{ events: { seq: number; type: string; path?: string }[]; next: number }>(a, '/monitor/events?limit=1000')
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1))
    expect(events.filter(({ path }) => path === 'two').map(({ type }) => type)).toEqual(['published', 'unpublished'])
    new Ticker(a, 'three').stop()
    const more = await waitFor('the new ones', async () => {
      const page = await read<{ events: { type: string; path?: string }[] }>(a, `/monitor/events?since=${next}`)
      return page.events.length >= 2 && page
    })
    expect(more.events.filter(({ path }) => path === 'three').map(({ type }) => type)).toEqual(['published', 'unpublished'])
  })
})
