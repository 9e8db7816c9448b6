import { afterEach, describe, expect, it } from 'vitest'
import { createHello } from '../../../../src/daemon/swarm/control.js'
import { encodeControl } from '../../../../src/daemon/swarm/control-codec.js'
import { type ControlMessage, controlProtocol, type PayloadMessage } from '../../../../src/daemon/swarm/control-messages.js'
import type { LinkStream } from '../../../../src/daemon/swarm/swarm.js'
import { isShoalError } from '../../../../src/errors.js'
import { LoopbackNet, type LoopbackSwarm } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { type ControlNode, type ControlNodeOptions, controlNode } from '../control-nodes.js'

const nodes: ControlNode[] = []

afterEach(async () => {
  await Promise.all(nodes.splice(0).map(({ control }) => control.close()))
})

function start(net: LoopbackNet, name: string, options?: ControlNodeOptions): ControlNode {
  const node = controlNode(net, name, options)
  nodes.push(node)
  return node
}

async function pair(optionsA: ControlNodeOptions = {}, optionsB: ControlNodeOptions = {}): Promise<{ net: LoopbackNet; a: ControlNode; b: ControlNode }> {
  const net = new LoopbackNet()
  const a = start(net, 'a', optionsA)
  const b = start(net, 'b', optionsB)
  net.linkAll()
  await ready(a, b)
  return { net, a, b }
}

async function ready(a: ControlNode, b: ControlNode): Promise<void> {
  await waitFor('both channels', () => a.control.hello(b.swarm.id) && b.control.hello(a.swarm.id))
}

const payload = (id: number, size = 10): ControlMessage => ({ type: 'payload', value: { id, kind: 'k', body: new Uint8Array(size), wantsReply: false } })

/** A peer that speaks for itself: opens the control stream of `node` and keeps one for it. */
function rawPeer(net: LoopbackNet, node: ControlNode): { swarm: LoopbackSwarm; open: () => Promise<LinkStream> } {
  const swarm = net.node()
  swarm.handle(controlProtocol, { maxFrame: 2 ** 21, maxInbound: 8 }, async (stream) => {
    for await (const _ of stream.frames);
  })
  net.link(swarm.id, node.swarm.id)
  return { swarm, open: () => swarm.open(node.swarm.id, controlProtocol, { maxFrame: 2 ** 22, maxInbound: 8 }) }
}

const hello = (parts: Partial<ReturnType<typeof createHello>> = {}): Uint8Array =>
  encodeControl({ type: 'hello', value: { ...createHello({ name: 'raw', agent: 'raw/1', kinds: [], maxPayload: 1000 }), ...parts } })

describe('Control', () => {
  it('is ready on both sides once both Hellos passed, with what each said', async () => {
    const { a, b } = await pair({ hello: { kinds: ['chat.text'] } }, { hello: { features: ['x'] } })
    expect(b.control.hello(a.swarm.id)).toMatchObject({ name: 'a', kinds: ['chat.text'], maxPayload: 1024 * 1024, instance: a.control.instance })
    expect(a.control.hello(b.swarm.id)).toMatchObject({ name: 'b', features: ['x'] })
    expect(a.control.peers()).toMatchObject([{ peer: b.swarm.id, ready: true }])
  })

  it('delivers messages in order and says on which Hello they came', async () => {
    const { a, b } = await pair()
    const got: number[] = []
    b.control.on('payload', (peer, value, from) => {
      expect([peer, from.instance]).toEqual([a.swarm.id, a.control.instance])
      got.push(value.id)
    })
    for (let id = 1; id <= 500; id++) a.control.send(b.swarm.id, payload(id))
    await waitFor('500 payloads', () => got.length === 500)
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
  })

  it('reopens its stream after a reset, and tells gone and ready', async () => {
    const { net, a, b } = await pair()
    const seen: string[] = []
    a.control.watch((event) => seen.push(event.type))
    const events = a.control.events()
    net.reset(a.swarm.id, b.swarm.id)
    await waitFor('ready again', () => seen.at(-1) === 'ready')
    await ready(a, b)
    expect(seen[0]).toBe('gone')
    expect((await events.next()).value).toMatchObject({ type: 'gone', peer: b.swarm.id })
    await events.return?.()
  })

  it('is gone when the link goes and ready when it returns', async () => {
    const { net, a, b } = await pair()
    net.cut(a.swarm.id, b.swarm.id)
    await waitFor('gone', () => !a.control.hello(b.swarm.id) && !b.control.hello(a.swarm.id))
    expect(() => a.control.send(b.swarm.id, payload(1))).toThrow(expect.objectContaining({ code: 'ERR_PEER_UNREACHABLE' }))
    net.link(a.swarm.id, b.swarm.id)
    await ready(a, b)
  })

  it('tells a changed Hello without a new stream', async () => {
    const { a, b } = await pair()
    const seen: string[] = []
    b.control.watch((event) => seen.push(event.type))
    a.control.setHello({ kinds: ['new.kind'] })
    await waitFor('new kinds', () => b.control.hello(a.swarm.id)?.kinds.includes('new.kind'))
    expect(seen).toEqual(['updated'])
  })

  it('refuses a Hello of its own that peers would refuse', async () => {
    const { a } = await pair()
    expect(() => a.control.setHello({ kinds: ['ä'] })).toThrow(expect.objectContaining({ code: 'ERR_KIND_INVALID' }))
    expect(() => a.control.setHello({ kinds: Array.from({ length: 1025 }, (_, i) => `k${i}`) })).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(() => a.control.setHello({ maxPayload: 0 })).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  })

  it('shows a peer of another version and does not become ready', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const b = start(net, 'b', { hello: { version: 9, minVersion: 8 } })
    net.linkAll()
    const problem = await waitFor('a problem', () => a.control.peers()[0]?.problem)
    expect(problem.code).toBe('ERR_VERSION_MISMATCH')
    expect(problem.message).toContain('8 to 9')
    await waitFor('the other side', () => isShoalError(b.control.peers()[0]?.problem, 'ERR_VERSION_MISMATCH'))
    expect(a.control.hello(b.swarm.id)).toBeUndefined()
    expect(a.refused).toEqual([])
  })

  it('understands a newer peer that still speaks our version', async () => {
    const { a, b } = await pair({}, { hello: { version: 7, minVersion: 1 } })
    expect(a.control.hello(b.swarm.id)?.version).toBe(7)
  })

  it('ignores messages of a later version', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const { swarm, open } = rawPeer(net, a)
    const got: PayloadMessage[] = []
    a.control.on('payload', (_, value) => got.push(value))
    const stream = await open()
    stream.send(hello())
    stream.send(Uint8Array.of(0x7a, 0x02, 0x08, 0x01))
    stream.send(encodeControl(payload(1)))
    await waitFor('the payload', () => got.length === 1)
    expect(a.log.lines.filter(({ level }) => level === 'warn')).toEqual([])
    expect(a.control.hello(swarm.id)?.name).toBe('raw')
  })

  it('ends a stream at the first violation, and cuts and refuses the peer at the third', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const { swarm, open } = rawPeer(net, a)
    const bad = [
      (stream: LinkStream) => stream.send(encodeControl(payload(1))),
      (stream: LinkStream) => stream.send(hello()) && stream.send(Uint8Array.of(0xff, 0xff)),
      (stream: LinkStream) => stream.send(hello()) && stream.send(new Uint8Array(1024 * 1024 + 4097)),
    ]
    for (const [index, misbehave] of bad.entries()) {
      const stream = await open()
      misbehave(stream)
      await waitFor(`strike ${index + 1}`, () => stream.signal.aborted)
      expect(a.refused.length).toBe(index === 2 ? 1 : 0)
    }
    expect(a.refused[0]?.peer).toBe(swarm.id)
    expect(a.swarm.linked(swarm.id)).toBe(false)
    expect(a.strikes.refused(swarm.id)).toBe(true)
    net.link(swarm.id, a.swarm.id)
    const again = await open()
    again.send(hello())
    await waitFor('the refusal', () => again.signal.aborted)
    expect(a.control.hello(swarm.id)).toBeUndefined()
  })

  it('lets two runs of one peer take turns, and answers each anew', async () => {
    const net = new LoopbackNet()
    const node = start(net, 'node', { timing: { turn: 300 } })
    const { swarm, open } = rawPeer(net, node)
    let answered = 0
    swarm.handle(controlProtocol, { maxFrame: 2 ** 21, maxInbound: 8 }, async (stream) => {
      answered++
      for await (const _ of stream.frames);
    })
    const speak = async (instance: string): Promise<LinkStream> => {
      const stream = await open()
      stream.send(hello({ instance }))
      return stream
    }
    const heard = (): string | undefined => node.control.hello(swarm.id)?.instance
    await speak('0101010101010101')
    await waitFor('the first run', () => heard() === '0101010101010101')
    const before = answered
    await speak('0202020202020202')
    await waitFor('the second run, answered by a stream of its own', () => heard() === '0202020202020202' && answered > before)
    const early = await speak('0101010101010101')
    await waitFor('the first run to be refused', () => early.signal.aborted)
    expect(heard()).toBe('0202020202020202')
    await waitFor('the turn of the first run', async () => {
      if (heard() !== '0101010101010101') await speak('0101010101010101')
      return heard() === '0101010101010101'
    })
  })

  it('refuses a changed instance within one stream', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const { open } = rawPeer(net, a)
    const stream = await open()
    stream.send(hello())
    stream.send(hello())
    await waitFor('the reset', () => stream.signal.aborted)
    expect(a.log.lines.some(({ msg }) => msg === 'a peer broke the protocol')).toBe(true)
  })

  it('passes the largest payload, and no larger frame', async () => {
    const { a, b } = await pair()
    const sizes: number[] = []
    b.control.on('payload', (_, value) => sizes.push(value.body.byteLength))
    a.control.send(b.swarm.id, payload(1, 1024 * 1024))
    await waitFor('1 MiB', () => sizes[0] === 1024 * 1024)
  })

  it('bounds what waits for a peer in items and bytes, and keeps room for receipts', async () => {
    const { net, a, b } = await pair({ queue: { items: 8, bytes: 4 * 1024 * 1024 } })
    net.stall(a.swarm.id, b.swarm.id)
    const results: (boolean | string)[] = []
    for (let id = 1; id <= 20; id++) {
      try {
        results.push(a.control.send(b.swarm.id, payload(id, 1024 * 1024)))
      } catch (error) {
        results.push(isShoalError(error) ? error.code : 'other')
      }
      await new Promise(setImmediate)
    }
    expect(results).toContain(false)
    expect(results.at(-1)).toBe('ERR_OVERLOADED')
    const receipt: ControlMessage = { type: 'receipt', value: { instance: '0102030405060708', id: 1, code: '', message: '', reply: new Uint8Array() } }
    expect(a.control.send(b.swarm.id, receipt)).toBe(false)
    const drained = a.control.drained(b.swarm.id)
    net.resume(a.swarm.id, b.swarm.id)
    await drained
    expect(a.control.send(b.swarm.id, payload(99))).toBe(true)
  })

  it('rejects a wait for room when the channel breaks', async () => {
    const { net, a, b } = await pair({ queue: { items: 2, bytes: 2 ** 20 } })
    net.stall(a.swarm.id, b.swarm.id)
    for (let id = 1; id < 12; id++) {
      try {
        a.control.send(b.swarm.id, payload(id, 2 ** 20))
      } catch {
        break
      }
      await new Promise(setImmediate)
    }
    const drained = a.control.drained(b.swarm.id)
    net.cut(a.swarm.id, b.swarm.id)
    await expect(drained).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  })

  it('gives up a peer that is silent, and keeps one that only says it is alive', async () => {
    const timing = { keepAlive: 30, silence: 300 }
    const { net, a, b } = await pair({ timing }, { timing })
    const seen: string[] = []
    a.control.watch((event) => seen.push(event.type))
    let keepAlives = 0
    net.options.onFrame = () => {
      keepAlives++
      return 'pass'
    }
    await waitFor('a time longer than the silence allowed', () => keepAlives > 40)
    expect(seen).toEqual([])
    net.stall(a.swarm.id, b.swarm.id)
    await waitFor('gone', () => seen.includes('gone'))
    await waitFor('the reason', () => [a, b].some(({ control }) => control.peers()[0]?.problem?.code === 'ERR_TIMEOUT'))
  })

  it('gives up a peer that sends no Hello', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a', { timing: { hello: 30 } })
    const { open } = rawPeer(net, a)
    const stream = await open()
    await waitFor('the end', () => stream.signal.aborted)
  })

  it('holds back a peer that sends too many bookkeeping messages', async () => {
    const { a, b } = await pair({}, { timing: { rate: { rate: 200, burst: 10 } } })
    let got = 0
    b.control.on('digest', () => got++)
    const digest = { root: '0102030405060708', authors: [], all: false, wants: [] }
    for (let i = 0; i < 30; i++) a.control.send(b.swarm.id, { type: 'digest', value: digest })
    await waitFor('some', () => got > 0)
    await waitFor('all', () => got === 30)
    expect(b.control.peers()[0]?.throttled).toBeGreaterThan(0)
  })

  it('holds back a peer that floods it with messages of a later version', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a', { timing: { rate: { rate: 200, burst: 10 } } })
    const { open } = rawPeer(net, a)
    const stream = await open()
    stream.send(hello())
    // field 15, empty
    for (let i = 0; i < 30; i++) stream.send(new Uint8Array([0x7a, 0x00]))
    await waitFor('it to be held back', () => (a.control.peers()[0]?.throttled ?? 0) > 0)
  })

  it('logs a handler that throws and goes on', async () => {
    const { a, b } = await pair()
    let got = 0
    b.control.on('payload', () => {
      throw new Error('boom')
    })
    b.control.on('payload', () => got++)
    a.control.send(b.swarm.id, payload(1))
    await waitFor('the second handler', () => got === 1)
    expect(b.log.lines.some(({ level, msg }) => level === 'error' && msg.includes('handler'))).toBe(true)
  })

  it('takes the newest of two streams from a peer', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const { swarm, open } = rawPeer(net, a)
    const first = await open()
    first.send(hello())
    await waitFor('ready', () => a.control.hello(swarm.id))
    const second = await open()
    second.send(hello({ name: 'second' }))
    await waitFor('the newer one', () => a.control.hello(swarm.id)?.name === 'second')
    expect(first.signal.aborted).toBe(true)
    expect(second.signal.aborted).toBe(false)
  })

  it('leaves nothing behind', async () => {
    const { net, a, b } = await pair()
    await Promise.all([a.control.close(), b.control.close()])
    await waitFor('no streams', () => net.streams === 0)
    expect(a.control.peers()).toEqual([])
  })
})
