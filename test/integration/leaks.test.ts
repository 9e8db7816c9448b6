/** After `stop` nothing is left: no handle, no timer (also none that would not hold the process), no file, no listener, no memory. */

import { createHook } from 'node:async_hooks'
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode, Ticker, take } from './nodes.js'

/** MB that RSS may grow over ten rounds of two daemons, once two rounds have warmed everything up. */
const maxGrowth = 40

const rounds = 10

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Timers and handles that were made and not ended since, each with the place where it was made. */
class Open {
  readonly #made = new Map<number, string>()
  readonly #hook = createHook({
    init: (id, type) => {
      if (/^(Timeout|(TCP|PIPE|UDP)\w*WRAP|HTTP\w+|FSEVENTWRAP|STATWATCHER)$/.test(type)) this.#made.set(id, `${type} ${new Error(type).stack}`)
    },
    destroy: (id) => void this.#made.delete(id),
  })

  start(): void {
    Error.stackTraceLimit = 30
    this.#hook.enable()
  }

  stop(): void {
    Error.stackTraceLimit = 10
    this.#hook.disable()
  }

  /** Those of the daemon and its libraries: the test runner has timers of its own, and Node keeps those of `AbortSignal.timeout`, which hold nothing. */
  list(): string[] {
    return [...this.#made.values()].filter((stack) => /\/src\/|libp2p|multicast-dns/.test(stack) && !stack.includes('AbortSignal.timeout'))
  }
}

/** Open files by what they are: `socket:[…]` and `pipe:[…]` have numbers of their own, so these are counted by kind. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '')]
      } catch {
        return []
      }
    })
    .sort()
}

function listeners(): Record<string, number> {
  return Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))
}

/** Reads a little of an HTTP-FLV answer, over TCP, as a player that then goes away without a word. */
async function watch(node: TestNode, path: string): Promise<void> {
  const { port = 0 } = node.daemon.http ?? {}
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /${path}.flv HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject))
  socket.destroy()
}

async function follow(events: AsyncIterable<unknown>, each: () => void): Promise<void> {
  try {
    for await (const _ of events) each()
  } catch {
    // the daemon went
  }
}

/** Three daemons that do a bit of everything, and stop in the middle of it. */
async function work(nodes: Nodes): Promise<void> {
  const a = await nodes.start('a', { flags: { 'swarm.discovery': true, 'simple-tcp.enabled': true, 'simple-tcp.port': 0 } })
  const b = await nodes.start('b', { kinds: ['t.echo', 't.hang'] })
  const c = await nodes.start('c')
  await nodes.join(a, b)
  await nodes.join(a, c)
  const ticker = new Ticker(a, 'hall/cam')
  await a.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/film', options: { speed: 4 } } })
  for (const node of [b, c]) {
    for (const path of ['hall/cam', 'live/film']) await node.client.call('pulls.create', { body: { url: `shoal://a/${path}` } })
    await take(await node.probe.ctx.streams.subscribe('hall/cam', { wait: 10_000 }), 3)
    await take(await node.probe.ctx.streams.subscribe('live/film', { wait: 10_000 }), 3)
  }
  await watch(b, 'live/film')
  await waitFor('b to be known for its kinds', () => a.probe.ctx.peers.get('b')?.kinds.includes('t.hang'))
  await a.probe.ctx.payloads.send(b.id, 't.echo', new Uint8Array(1000))
  const events = a.client.events('events', { query: { types: ['streams', 'peers', 'pulls', 'log'] } })
  let told = false
  const following = follow(events, () => {
    told = true
  })
  await waitFor('an event', async () => {
    // a reader that comes and goes is one
    ;(await a.probe.ctx.streams.subscribe('hall/cam')).close()
    return told
  })
  // left as they are: a reader, a waiting pull, a payload without an answer, a stream of events
  b.probe.handle = () => new Promise<undefined>(() => {})
  a.probe.ctx.payloads.send(b.id, 't.hang', new Uint8Array()).catch(() => {})
  await c.client.call('pulls.create', { body: { url: 'shoal:///not/there' } })
  const reader = await c.probe.ctx.streams.subscribe('live/film')
  const reading = take(reader, Number.POSITIVE_INFINITY).catch(() => [])
  await Promise.all([a, b, c].map((node) => nodes.stop(node)))
  await Promise.all([reading, following])
  ticker.stop()
}

describe('after the stop', () => {
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`)
  const open = new Open()

  afterAll(() => {
    open.stop()
    process.off('warning', warned)
  })

  it('no handle, timer, file or listener is left of three daemons that were in the middle of their work', async () => {
    process.on('warning', warned)
    const before = { resources: process.getActiveResourcesInfo().sort(), files: openFiles(), listeners: listeners() }
    open.start()
    const nodes = new Nodes()
    await work(nodes)
    await nodes.dispose()
    await waitFor(
      'every timer and handle to end',
      () => {
        collect()
        return open.list().length === 0 || Promise.reject(new Error(open.list().join('\n\n')))
      },
      2000,
    )
    open.stop()
    await waitFor('the files to close', () => openFiles().join() === before.files.join())
    expect(openFiles()).toEqual(before.files)
    expect(listeners()).toEqual(before.listeners)
    const left = process.getActiveResourcesInfo().filter((type) => type !== 'Timeout' && type !== 'Immediate')
    expect(left.sort()).toEqual(before.resources.filter((type) => type !== 'Timeout' && type !== 'Immediate'))
    expect(warnings).toEqual([])
  })

  it(`RSS does not grow by more than ${maxGrowth} MB over ${rounds} rounds`, async () => {
    const nodes = new Nodes()
    const round = async (): Promise<number> => {
      const a = await nodes.start('a')
      const b = await nodes.start('b')
      await nodes.join(a, b)
      await a.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/film', options: { speed: 10 } } })
      await b.client.call('pulls.create', { body: { url: 'shoal://a/live/film' } })
      await take(await b.probe.ctx.streams.subscribe('live/film', { wait: 10_000 }), 100)
      await Promise.all([nodes.stop(a), nodes.stop(b)])
      collect()
      return process.memoryUsage.rss() / 1e6
    }
    await round()
    const first = await round()
    let last = first
    for (let done = 0; done < rounds; done++) last = await round()
    await nodes.dispose()
    expect(last - first).toBeLessThan(maxGrowth)
    expect(warnings).toEqual([])
  })
})
