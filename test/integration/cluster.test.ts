/** Three whole daemons joined by tickets: payloads, streams, the directory, on-demand pulls and permission, end to end. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin } from '../../src/plugin.js'
import type { Action, Principal } from '../../src/services.js'
import { slowness, waitFor } from '../wait-for.js'
import { isLinked, message, Nodes, pullOf, readersOf, type TestNode, Ticker, take, textTrack } from './nodes.js'

const kinds = ['t.echo', 't.order', 't.slow', 't.reject', 't.secret']
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Something a test opens when it likes. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

describe('a cluster of three', () => {
  const nodes = new Nodes()
  let a: TestNode
  let b: TestNode
  let c: TestNode
  /** What `a` refuses; the test changes it. */
  let refuses: (who: Principal, what: Action) => boolean = () => false

  const permission = definePlugin({
    name: 'gatekeeper',
    provides: ['permission'],
    start: (ctx) => ctx.provide('permission', { allows: (who, what) => (refuses(who, what) ? `not for you: ${what.target}` : true) }),
  })

  beforeAll(async () => {
    a = await nodes.start('a', { kinds, plugins: [permission], flags: { 'payloads.queueLength': 8 } })
    b = await nodes.start('b', { kinds })
    c = await nodes.start('c', { kinds: ['t.echo', 't.gone'], flags: { 'payloads.maxSize': 4096 } })
    await nodes.join(a, b)
    await nodes.join(a, c)
    await waitFor('all kinds to be known', () => a.probe.ctx.peers.list().every((peer) => peer.kinds.includes('t.echo')))
  })

  afterAll(() => nodes.dispose())

  describe('payloads', () => {
    it('send resolves when the far plugin has handled it, request with its answer', async () => {
      const seen: string[] = []
      b.probe.handle = (src, kind, body) => {
        seen.push(`${src} ${kind} ${text(body)}`)
        return bytes(`${text(body)}!`)
      }
      await a.probe.ctx.payloads.send(b.id, 't.echo', bytes('one'))
      expect(seen).toEqual([`${a.id} t.echo one`])
      expect(text(await a.probe.ctx.payloads.request(b.id, 't.echo', bytes('two')))).toBe('two!')
      expect(text(await b.probe.ctx.payloads.request(a.id, 't.echo', bytes('back')))).toBe('back')
    })

    it('keeps the order of one kind, one at a time, while another kind passes', async () => {
      const held = gate()
      const order: number[] = []
      let busy = 0
      let most = 0
      a.probe.handle = async (_, kind, body) => {
        if (kind === 't.slow') await held.opened
        if (kind !== 't.order') return undefined
        most = Math.max(most, ++busy)
        await new Promise((resolve) => setImmediate(resolve))
        busy--
        order.push(Number(text(body)))
        return undefined
      }
      const slow = b.probe.ctx.payloads.send(a.id, 't.slow', bytes(''))
      // in rounds below the limit of what may wait at `a`
      for (let round = 0; round < 25; round++) {
        const numbers = [0, 1, 2, 3].map((step) => round * 4 + step)
        await Promise.all(numbers.map((number) => b.probe.ctx.payloads.send(a.id, 't.order', bytes(`${number}`))))
      }
      expect(order).toEqual(Array.from({ length: 100 }, (_, number) => number))
      expect(most).toBe(1)
      held.open()
      await slow
    })

    it('different peers are handled at the same time', async () => {
      const held = gate()
      const waiting = new Set<string>()
      a.probe.handle = async (src) => {
        waiting.add(src)
        await held.opened
        return undefined
      }
      const sent = [b, c].map((node) => node.probe.ctx.payloads.send(a.id, 't.echo', bytes('')))
      await waitFor('both handlers to run', () => waiting.size === 2)
      held.open()
      await Promise.all(sent)
    })

    it('broadcast reports each peer that claims the kind', async () => {
      b.probe.handle = () => undefined
      c.probe.handle = () => {
        throw new Error('not today')
      }
      const results = await a.probe.ctx.payloads.broadcast('t.echo', bytes('all'))
      expect(results).toHaveLength(2)
      expect(results.find(({ peer }) => peer === b.id)).toEqual({ peer: b.id })
      expect(results.find(({ peer }) => peer === c.id)?.error).toMatchObject({ code: 'ERR_PAYLOAD_REJECTED', message: expect.stringContaining('not today') })
      expect(await a.probe.ctx.payloads.broadcast('t.reject', bytes('all'))).toEqual([{ peer: b.id }])
    })

    it('fails with the code that says why', async () => {
      const { payloads } = a.probe.ctx
      b.probe.handle = () => {
        throw new Error('no')
      }
      await expect(b.probe.ctx.payloads.send('12D3KooWnobody', 't.echo', bytes(''))).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
      await expect(payloads.send(b.id, 't.nobody', bytes(''))).rejects.toMatchObject({ code: 'ERR_KIND_UNCLAIMED', message: expect.stringContaining('b') })
      await expect(payloads.send(b.id, 'ünfit', bytes(''))).rejects.toMatchObject({ code: 'ERR_KIND_INVALID' })
      await expect(payloads.send(b.id, 't.echo', new Uint8Array(1_048_577))).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
      // the limit of the far side counts as well
      await expect(payloads.send(c.id, 't.echo', new Uint8Array(4097))).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
      await expect(payloads.request(b.id, 't.reject', bytes(''))).rejects.toMatchObject({
        code: 'ERR_PAYLOAD_REJECTED',
        message: expect.stringContaining('no'),
      })
      await expect(payloads.send(b.id, 't.echo', bytes(''), { signal: AbortSignal.abort(new Error('changed my mind')) })).rejects.toThrow('changed my mind')
    })

    it('a name that a peer and the node itself have means neither', async () => {
      const to = (peer: string): Promise<unknown> => a.client.call('send', { body: { peer, kind: 't.echo', body: 'x' } })
      b.probe.handle = (_, __, body) => body
      await to('a')
      await a.client.call('peers.rename', { params: { peer: b.id }, body: { name: 'a' } })
      await expect(to('a')).rejects.toMatchObject({ code: 'ERR_PEER_AMBIGUOUS' })
      await to(a.id)
      await a.client.call('peers.rename', { params: { peer: b.id }, body: { name: 'b' } })
      await to('b')
    })

    it('a handler that does not return costs its sender a timeout, and what waits behind it is limited', async () => {
      const held = gate()
      b.probe.handle = async () => {
        await held.opened
        return undefined
      }
      await expect(a.probe.ctx.payloads.send(b.id, 't.slow', bytes(''), { timeout: 200 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
      const outcomes = Array.from({ length: 30 }, () =>
        a.probe.ctx.payloads.send(b.id, 't.slow', bytes('')).then(
          () => 'ok',
          (error: { code?: string }) => error.code,
        ),
      )
      expect(await Promise.race(outcomes)).toBe('ERR_OVERLOADED')
      held.open()
      const codes = await Promise.all(outcomes)
      expect(new Set(codes)).toEqual(new Set(['ok', 'ERR_OVERLOADED']))
    })

    it('the largest payload passes, and comes back whole', async () => {
      b.probe.handle = (_, __, body) => body
      const body = new Uint8Array(1_048_576).map((_, at) => at % 251)
      const reply = await a.probe.ctx.payloads.request(b.id, 't.echo', body)
      expect(Buffer.compare(reply, body)).toBe(0)
    })
  })

  describe('streams', () => {
    let ticker: Ticker

    beforeAll(() => {
      ticker = new Ticker(a, 'hall/cam')
    })

    afterAll(() => ticker.stop())

    it('the directory of b shows the stream of a', async () => {
      const row = await waitFor('hall/cam in the list of b', async () =>
        (await b.client.call('streams.list')).streams.find((stream) => stream.path === 'hall/cam'),
      )
      expect(row).toMatchObject({ local: false, origin: a.id, originName: 'a', hops: 1, tracks: [{ kind: 'data', codec: 'text' }] })
      expect((await b.client.call('streams.list', { query: { scope: 'local' } })).streams).toEqual([])
    })

    it('a cold pull by name brings its first frame within half a second', async () => {
      const started = performance.now()
      await b.client.call('pulls.create', { body: { url: 'shoal://a/hall/cam' } })
      const [first] = await take(await b.probe.ctx.streams.subscribe('hall/cam', { wait: 5000 }), 1)
      expect(performance.now() - started).toBeLessThan(500 * slowness)
      expect(Number(text(first?.data ?? bytes('none')))).toBeGreaterThanOrEqual(0)
    })

    it('two readers on b cost one pull', async () => {
      const both = await Promise.all([1, 2].map(() => b.probe.ctx.streams.subscribe('hall/cam')))
      const frames = await Promise.all(both.map((one) => take(one, 20)))
      for (const list of frames) {
        const numbers = list.map(({ data }) => Number(text(data)))
        expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at))
      }
      expect(await readersOf(a, 'hall/cam')).toEqual([`shoal ${b.id}`])
    })

    it('pulls by id prefix, and from whichever node has it', async () => {
      await b.client.call('pulls.create', { body: { url: `shoal://${a.id.slice(0, 20)}/hall/cam`, path: 'by/prefix' } })
      expect(await take(await b.probe.ctx.streams.subscribe('by/prefix', { wait: 5000 }), 3)).toHaveLength(3)
      await b.client.call('pulls.remove', { params: { path: 'by/prefix' } })
      await waitFor('hall/cam in the directory of c', async () => (await c.client.call('streams.list')).streams.some(({ path }) => path === 'hall/cam'))
      await c.client.call('pulls.create', { body: { url: 'shoal:///hall/cam' } })
      expect(await take(await c.probe.ctx.streams.subscribe('hall/cam', { wait: 5000 }), 3)).toHaveLength(3)
      expect((await c.client.call('streams.info', { params: { path: 'hall/cam' } })).stream).toMatchObject({ origin: a.id, hops: 1, publisher: 'shoal' })
      await c.client.call('pulls.remove', { params: { path: 'hall/cam' } })
    })

    it('a pull of a peer or a scheme that does not exist says so', async () => {
      await expect(b.client.call('pulls.create', { body: { url: 'nonsense://a/x' } })).rejects.toMatchObject({ code: 'ERR_SCHEME_UNKNOWN' })
      await expect(b.client.call('pulls.create', { body: { url: 'shoal://a/other', path: 'hall/cam' } })).rejects.toMatchObject({ code: 'ERR_STREAM_TAKEN' })
      await expect(b.client.call('pulls.create', { body: { url: 'shoal://nobody/x' } })).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
      await b.client.call('pulls.create', { body: { url: 'shoal:///not/there', path: 'lost' } })
      const pull = await waitFor('the pull to fail', async () => {
        const found = await pullOf(b, 'lost')
        return found?.error && found
      })
      expect(pull).toMatchObject({ state: 'waiting', error: { code: 'ERR_STREAM_NOT_FOUND', message: 'No peer has not/there.' } })
      await b.client.call('pulls.remove', { params: { path: 'lost' } })
    })

    it('an on-demand pull begins with its first reader and ends after the last', async () => {
      await b.client.call('pulls.remove', { params: { path: 'hall/cam' } })
      await b.client.call('pulls.create', { body: { url: 'shoal://a/hall/cam', path: 'wish', onDemand: true, idleDelay: 100 } })
      await waitFor('no reader at a', async () => (await readersOf(a, 'hall/cam')).length === 0)
      expect((await pullOf(b, 'wish'))?.state).toBe('idle')
      const reader = await b.probe.ctx.streams.subscribe('wish', { wait: 5000 })
      expect((await pullOf(b, 'wish'))?.state).toBe('running')
      expect(await take(reader, 3)).toHaveLength(3)
      await waitFor('the pull to rest', async () => (await pullOf(b, 'wish'))?.state === 'idle' && (await readersOf(a, 'hall/cam')).length === 0)
      await b.client.call('pulls.remove', { params: { path: 'wish' } })
    })

    it('a stream that ends at its source ends here; the pull waits and takes it up again', async () => {
      const first = a.probe.ctx.streams.publish('short', [textTrack])
      first.write(message('one', 0))
      await b.client.call('pulls.create', { body: { url: 'shoal://a/short' } })
      await take(await b.probe.ctx.streams.subscribe('short', { wait: 5000 }), 1)
      first.close()
      await waitFor('the stream to end at b', () => !b.probe.ctx.streams.list().some(({ path }) => path === 'short'))
      const second = a.probe.ctx.streams.publish('short', [textTrack])
      second.write(message('two', 0))
      const [frame] = await take(await b.probe.ctx.streams.subscribe('short', { wait: 10_000 * slowness }), 1)
      expect(text(frame?.data ?? bytes(''))).toBe('two')
      await b.client.call('pulls.remove', { params: { path: 'short' } })
      second.close()
    })
  })

  describe('permission', () => {
    it('refuses a path, a kind and a peer to those who ask over a link', async () => {
      const tickers = ['open/x', 'secret/x'].map((path) => new Ticker(a, path))
      a.probe.handle = (_, __, body) => body
      refuses = (who, { action, target }) =>
        who.kind === 'peer' && (target.startsWith('secret/') || target === 't.secret' || (who.id === c.id && action === 'stream.read'))
      const failing = async (node: TestNode, url: string) => {
        await node.client.call('pulls.create', { body: { url, path: 'tried' } })
        const error = await waitFor('the pull to be refused', async () => (await pullOf(node, 'tried'))?.error)
        await node.client.call('pulls.remove', { params: { path: 'tried' } })
        return error
      }
      expect(await failing(b, 'shoal://a/secret/x')).toMatchObject({ code: 'ERR_FORBIDDEN', message: expect.stringContaining('not for you: secret/x') })
      expect(await failing(c, 'shoal://a/open/x')).toMatchObject({ code: 'ERR_FORBIDDEN' })
      await b.client.call('pulls.create', { body: { url: 'shoal://a/open/x' } })
      expect(await take(await b.probe.ctx.streams.subscribe('open/x', { wait: 5000 }), 1)).toHaveLength(1)
      await b.client.call('pulls.remove', { params: { path: 'open/x' } })
      await expect(b.probe.ctx.payloads.send(a.id, 't.secret', bytes(''))).rejects.toMatchObject({
        code: 'ERR_PAYLOAD_REJECTED',
        message: expect.stringContaining('not for you: t.secret'),
      })
      expect(text(await b.probe.ctx.payloads.request(a.id, 't.echo', bytes('hi')))).toBe('hi')
      refuses = () => false
      for (const ticker of tickers) ticker.stop()
    })
  })

  it('a peer that is away cannot be reached', async () => {
    await nodes.stop(c)
    await waitFor('a to notice', () => !isLinked(a, c))
    await expect(a.probe.ctx.payloads.send(c.id, 't.echo', bytes(''))).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(await a.probe.ctx.payloads.broadcast('t.gone', bytes(''))).toEqual([])
  })
})
