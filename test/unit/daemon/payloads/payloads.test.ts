import { afterEach, describe, expect, it } from 'vitest'
import { Payload } from '../../../../src/daemon/swarm/control.pb.js'
import { decodeControl } from '../../../../src/daemon/swarm/control-codec.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { type PayloadNode, type PayloadNodeOptions, payloadNode } from '../payload-nodes.js'

const nodes: PayloadNode[] = []

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()))
})

function start(net: LoopbackNet, name: string, options?: PayloadNodeOptions): PayloadNode {
  const node = payloadNode(net, name, options)
  nodes.push(node)
  return node
}

interface Pair {
  net: LoopbackNet
  a: PayloadNode
  b: PayloadNode
}

/** Two linked nodes, ready; `b` claims `k` unless told otherwise. */
async function pair(optionsB: PayloadNodeOptions = {}, optionsA: PayloadNodeOptions = {}): Promise<Pair> {
  const net = new LoopbackNet()
  const a = start(net, 'a', optionsA)
  const b = start(net, 'b', { kinds: ['k'], ...optionsB })
  net.linkAll()
  await ready(a, b)
  return { net, a, b }
}

async function ready(a: PayloadNode, b: PayloadNode): Promise<void> {
  await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (body: Uint8Array): string => new TextDecoder().decode(body)
const failsWith = (code: string): unknown => expect.objectContaining({ code })

describe('payloads between two nodes', () => {
  it('delivers with the authenticated source and returns the reply', async () => {
    const seen: unknown[] = []
    const { a, b } = await pair({
      deliver: async (plugin, src, kind, body) => {
        seen.push([plugin, src, kind, text(body)])
        return bytes('pong')
      },
    })
    expect(text(await a.outbox.request(b.id, 'k', bytes('ping')))).toBe('pong')
    await a.outbox.send(b.id, 'k', bytes('ping'))
    expect(seen).toEqual([
      ['test', a.id, 'k', 'ping'],
      ['test', a.id, 'k', 'ping'],
    ])
  })

  it('keeps 1,000 payloads in order', async () => {
    const got: number[] = []
    const { a, b } = await pair({
      deliver: async (_p, _s, _k, body) => {
        got.push(new DataView(body.buffer, body.byteOffset).getUint32(0))
        if (got.length % 7 === 0) await new Promise(setImmediate)
        return undefined
      },
    })
    const window: Promise<void>[] = []
    for (let i = 0; i < 1000; i++) {
      const body = new Uint8Array(4)
      new DataView(body.buffer).setUint32(0, i)
      if (window.length >= 200) await window.shift()
      window.push(a.outbox.send(b.id, 'k', body))
    }
    await Promise.all(window)
    expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  })

  it('lets the caller use its buffer again at once', async () => {
    const { a, b } = await pair()
    const body = bytes('first')
    const reply = a.outbox.request(b.id, 'k', body)
    body.fill(0)
    expect(text(await reply)).toBe('first')
  })

  it('gives the handler a body that keeps no receive buffer alive and is its own', async () => {
    const kept: Uint8Array[] = []
    const { a, b } = await pair({
      deliver: async (_p, _s, _k, body) => {
        kept.push(body)
        return undefined
      },
    })
    await a.outbox.send(b.id, 'k', new Uint8Array(10))
    await a.outbox.send(b.id, 'k', new Uint8Array(100_000))
    for (const body of kept) expect(body.buffer.byteLength).toBeLessThan(body.byteLength + 1024)
  })

  it('lets a slow handler stall no other kind and no other peer', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { net, a, b } = await pair({
      kinds: ['slow', 'fast'],
      deliver: async (_p, _s, kind, body) => {
        if (kind === 'slow' && text(body) === 'hold') await held
        return body
      },
    })
    const c = start(net, 'c')
    net.linkAll()
    await ready(c, b)
    const slow = Array.from({ length: 256 }, () => a.outbox.send(b.id, 'slow', bytes('hold')))
    await expect(a.outbox.send(b.id, 'slow', bytes('x'))).rejects.toThrow(failsWith('ERR_OVERLOADED'))
    for (let i = 0; i < 20; i++) expect(text(await a.outbox.request(b.id, 'fast', bytes('f')))).toBe('f')
    expect(text(await c.outbox.request(b.id, 'slow', bytes('quick')))).toBe('quick')
    release?.()
    await Promise.all(slow)
  })

  it('knows no source but the peer of the link, whatever the message says', async () => {
    const sources: string[] = []
    const { net, a, b } = await pair({
      deliver: async (_p, src) => {
        sources.push(src)
        return undefined
      },
    })
    const c = start(net, 'c')
    net.link(c.id, b.id)
    await ready(c, b)
    // fields that a payload does not have, filled with the id of another peer
    net.options.onFrame = ({ from, frame }) => {
      const message = from === c.id ? decodeControl(frame) : undefined
      if (message?.type !== 'payload') return 'pass'
      const forged = Payload.encode({ ...message.value, kind: bytes(message.value.kind) })
      const claim = [0x2a, a.id.length, ...bytes(a.id), 0x7a, a.id.length, ...bytes(a.id)]
      return new Uint8Array([0x12, forged.byteLength + claim.length, ...forged, ...claim])
    }
    await c.outbox.send(b.id, 'k', bytes('x'))
    expect(sources).toEqual([c.id])
  })

  it('sends to this node itself through its own router', async () => {
    const { b } = await pair()
    expect(text(await b.outbox.request(b.id, 'k', bytes('me')))).toBe('me')
    await expect(b.outbox.send(b.id, 'other', bytes('me'))).rejects.toThrow(failsWith('ERR_KIND_UNCLAIMED'))
  })

  it('broadcasts to every ready peer that claims the kind, and reports each', async () => {
    const { net, a, b } = await pair({
      deliver: async () => {
        throw new Error('no')
      },
    })
    const c = start(net, 'c', { kinds: ['k'] })
    start(net, 'd', { kinds: ['other'] })
    net.linkAll()
    await ready(a, c)
    const results = await a.outbox.broadcast('k', bytes('x'))
    expect(results).toHaveLength(2)
    expect(results).toContainEqual({ peer: c.id })
    expect(results.find(({ peer }) => peer === b.id)?.error).toMatchObject({ code: 'ERR_PAYLOAD_REJECTED' })
    await expect(a.outbox.broadcast('', bytes('x'))).rejects.toThrow(failsWith('ERR_KIND_INVALID'))
  })
})

describe('errors of payloads', () => {
  it('ERR_PEER_UNKNOWN: not a trusted peer', async () => {
    const { a } = await pair()
    await expect(a.outbox.send('stranger', 'k', bytes(''))).rejects.toThrow(failsWith('ERR_PEER_UNKNOWN'))
  })

  it('ERR_PEER_UNREACHABLE: no link, at once', async () => {
    const { net, a, b } = await pair()
    net.cut(a.id, b.id)
    await waitFor('gone', () => !a.control.opening(b.id))
    await expect(a.outbox.send(b.id, 'k', bytes(''))).rejects.toThrow(failsWith('ERR_PEER_UNREACHABLE'))
  })

  it('ERR_PEER_UNREACHABLE: the link was lost and did not return within the grace', async () => {
    const { net, a, b } = await pair({ deliver: () => new Promise(() => {}) }, { outbox: { grace: 50 } })
    const sent = a.outbox.send(b.id, 'k', bytes(''))
    await waitFor('in flight', () => b.router.counters.handled === 0 && a.outbox.load(b.id).items === 1)
    net.cut(a.id, b.id)
    await expect(sent).rejects.toThrow(failsWith('ERR_PEER_UNREACHABLE'))
  })

  it('ERR_PEER_UNREACHABLE: a payload on its way to a peer that restarts is not handled by its next run', async () => {
    const { net, a, b } = await pair({ deliver: () => new Promise(() => {}) })
    const sent = a.outbox.send(b.id, 'k', bytes(''))
    const rejected = expect(sent).rejects.toThrow(/restarted/)
    await waitFor('in the handler', () => a.outbox.load(b.id).items === 1)
    net.cut(a.id, b.id)
    await b.close()
    const next = payloadNodeOf(net, b.id)
    nodes.push(next)
    net.link(a.id, b.id)
    await rejected
    expect(next.router.counters.handled).toBe(0)
  })

  it('ERR_KIND_UNCLAIMED: known from Hello, without a message', async () => {
    const { net, a, b } = await pair()
    let frames = 0
    net.options.onFrame = () => {
      frames++
      return 'pass'
    }
    await expect(a.outbox.send(b.id, 'nobody', bytes(''))).rejects.toThrow(failsWith('ERR_KIND_UNCLAIMED'))
    expect(frames).toBe(0)
  })

  it('ERR_KIND_UNCLAIMED: by receipt, when the claim has just gone', async () => {
    const { a, b } = await pair({ kinds: [] })
    b.control.setHello({ kinds: ['ghost'] })
    await waitFor('the new Hello', () => a.control.hello(b.id)?.kinds.includes('ghost'))
    await expect(a.outbox.send(b.id, 'ghost', bytes(''))).rejects.toThrow(failsWith('ERR_KIND_UNCLAIMED'))
    expect(b.router.counters.unclaimed).toBe(1)
  })

  it.each(['', 'ä', 'a\n', 'x'.repeat(256), '\u0000'])('ERR_KIND_INVALID: %j', async (kind) => {
    const { a, b } = await pair()
    await expect(a.outbox.send(b.id, kind, bytes(''))).rejects.toThrow(failsWith('ERR_KIND_INVALID'))
  })

  it('takes the longest kind', async () => {
    const kind = '~'.repeat(255)
    const { a, b } = await pair({ kinds: [kind] })
    await a.outbox.send(b.id, kind, bytes(''))
  })

  it('ERR_PAYLOAD_TOO_LARGE: 1 MiB passes, one byte more fails at the sender', async () => {
    const { a, b } = await pair()
    expect((await a.outbox.request(b.id, 'k', new Uint8Array(1024 * 1024))).byteLength).toBe(1024 * 1024)
    await expect(a.outbox.send(b.id, 'k', new Uint8Array(1024 * 1024 + 1))).rejects.toThrow(failsWith('ERR_PAYLOAD_TOO_LARGE'))
    expect(a.outbox.load(b.id)).toEqual({ items: 0, bytes: 0 })
  })

  it('ERR_PAYLOAD_TOO_LARGE: against the limit of the far side', async () => {
    const { a, b } = await pair({ hello: { maxPayload: 100 }, limits: { maxPayload: 100 } })
    await a.outbox.send(b.id, 'k', new Uint8Array(100))
    await expect(a.outbox.send(b.id, 'k', new Uint8Array(101))).rejects.toThrow(failsWith('ERR_PAYLOAD_TOO_LARGE'))
  })

  it('ERR_PAYLOAD_TOO_LARGE: the receiver checks too', async () => {
    const { a, b } = await pair({ limits: { maxPayload: 100 } })
    await expect(a.outbox.send(b.id, 'k', new Uint8Array(101))).rejects.toThrow(failsWith('ERR_PAYLOAD_TOO_LARGE'))
  })

  it('ERR_PAYLOAD_TOO_LARGE: a reply larger than the sender takes', async () => {
    const { a, b } = await pair({ deliver: async () => new Uint8Array(101) }, { hello: { maxPayload: 100 } })
    await expect(a.outbox.request(b.id, 'k', bytes(''))).rejects.toThrow(failsWith('ERR_PAYLOAD_TOO_LARGE'))
    await a.outbox.send(b.id, 'k', bytes(''))
  })

  it('ERR_PAYLOAD_REJECTED: with the far text, cut, on one line and apart', async () => {
    const { a, b } = await pair({
      deliver: async () => {
        throw new Error(`bad\u001b[31m\n${'x'.repeat(5000)}`)
      },
    })
    const error = await a.outbox.send(b.id, 'k', bytes('')).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_PAYLOAD_REJECTED', data: { peer: b.id } })
    const remote = String((error as { data: { remote: string } }).data.remote)
    expect(remote).toMatch(/^bad \[31m x+$/)
    expect(remote.length).toBe(1024)
  })

  it('ERR_OVERLOADED: too many in flight, and too many bytes', async () => {
    const { a, b } = await pair({ deliver: () => new Promise(() => {}) })
    const sends = Array.from({ length: 16 }, () => a.outbox.send(b.id, 'k', new Uint8Array(1024 * 1024)).catch(() => {}))
    await expect(a.outbox.send(b.id, 'k', new Uint8Array(1))).rejects.toThrow(failsWith('ERR_OVERLOADED'))
    expect(a.outbox.counters.overloaded).toBe(1)
    expect(a.log.lines.some(({ level, msg }) => level === 'warn' && msg.includes('too many'))).toBe(true)
    a.outbox.close()
    await Promise.all(sends)
  })

  it('ERR_OVERLOADED: the far queue of (peer, kind) is full', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { a, b } = await pair({ limits: { kindItems: 4 }, deliver: () => held.then(() => undefined) })
    const results = Array.from({ length: 10 }, () =>
      a.outbox.send(b.id, 'k', bytes('')).then(
        () => 'ok',
        (error) => error.code,
      ),
    )
    await waitFor('refusals', () => b.router.counters.overloaded === 5)
    release?.()
    expect(await Promise.all(results)).toEqual([...Array(5).fill('ok'), ...Array(5).fill('ERR_OVERLOADED')])
    expect(b.log.lines.filter(({ msg }) => msg.includes('a queue is full'))).toHaveLength(1)
  })

  it('ERR_TIMEOUT and abort', async () => {
    const { a, b } = await pair({ deliver: () => new Promise(() => {}) })
    await expect(a.outbox.send(b.id, 'k', bytes(''), { timeout: 30 })).rejects.toThrow(failsWith('ERR_TIMEOUT'))
    const controller = new AbortController()
    const sent = a.outbox.send(b.id, 'k', bytes(''), { signal: controller.signal })
    controller.abort(new Error('no longer wanted'))
    await expect(sent).rejects.toThrow('no longer wanted')
    await expect(a.outbox.send(b.id, 'k', bytes(''), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    expect(a.outbox.load(b.id).items).toBe(0)
  })

  it('ERR_STOPPING: the far router is closed; before it opens, payloads wait', async () => {
    const { a, b } = await pair({ waiting: true })
    const early = a.outbox.request(b.id, 'k', bytes('early'))
    await waitFor('arrival', () => a.outbox.load(b.id).items === 1)
    b.router.open()
    expect(text(await early)).toBe('early')
    await b.router.close()
    await expect(a.outbox.send(b.id, 'k', bytes(''))).rejects.toThrow(failsWith('ERR_STOPPING'))
  })

  it('a forgotten peer: what is on its way fails', async () => {
    const { a, b } = await pair({ deliver: () => new Promise(() => {}) })
    const sent = a.outbox.send(b.id, 'k', bytes(''))
    a.outbox.forget(b.id)
    b.router.forget(a.id)
    await expect(sent).rejects.toThrow(failsWith('ERR_PEER_UNKNOWN'))
  })
})

/** A new run of a node that was closed. */
function payloadNodeOf(net: LoopbackNet, id: string): PayloadNode {
  const node = net.node
  net.node = () => {
    net.node = node
    return net.node(id)
  }
  return payloadNode(net, 'b', { kinds: ['k'] })
}
