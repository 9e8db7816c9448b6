/** Events of several rooms as one stream, and those of one pull. */

import type { PeerEvent } from '../../plugin.js'
import type { StreamEvent } from '../../stream.js'
import { linkSignals } from '../util/linked-signal.js'
import { BoundedQueue } from '../util/queue.js'
import { pullAnswer } from './answers.js'
import type { DaemonPort } from './port.js'
import type { Output } from './table.js'

/** One event of `/api/events`. */
export type NodeEvent = Output<'events'>
/** What can be listened to. */
export type EventTopic = 'streams' | 'peers' | 'pulls' | 'log'

/** ms between the figures of a pull. */
const statsInterval = 1000

/** Everything that happens on these topics from now on. */
export function nodeEvents(port: DaemonPort, topics: readonly EventTopic[], signal: AbortSignal): AsyncGenerator<NodeEvent, void, undefined> {
  const own = new AbortController()
  const link = linkSignals(signal, own.signal)
  const listen: Readonly<Record<EventTopic, () => AsyncIterable<NodeEvent>>> = {
    streams: () => map(port.streams.events({ signal: link.signal }), streamEvent),
    peers: () => map(port.peers.events({ signal: link.signal }), peerEvent),
    pulls: () => map(port.pulls.events(link.signal), (pull) => ({ type: 'pull', time: Date.now(), pull: pullAnswer(pull) })),
    log: () =>
      map(port.log.listen(link.signal), (event) =>
        event.type === 'lagged' ? { ...event, of: 'log' } : event.type === 'line' ? { type: 'log', line: event.line } : event,
      ),
  }
  // listening begins here, not with the first read, so that nothing in between is lost
  const sources = [...new Set(topics)].map((topic) => listen[topic]())
  return mergeSources(sources, () => {
    own.abort()
    link.done()
  })
}

function streamEvent(event: StreamEvent): NodeEvent {
  return event.type === 'lagged' ? { ...event, of: 'streams' } : { ...event, type: `stream.${event.type}` }
}

function peerEvent(event: PeerEvent): NodeEvent {
  return event.type === 'lagged' ? { ...event, of: 'peers' } : { ...event, type: `peer.${event.type}` }
}

/** As `Array.map`; begins to listen at once. */
export function map<From, To>(source: AsyncIterable<From>, change: (value: From) => To): AsyncIterable<To> {
  const iterator = source[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const result = await iterator.next()
        return result.done ? { done: true, value: undefined } : { done: false, value: change(result.value) }
      },
      async return() {
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}

/**
 * Reads several sources into one. A source is asked for its next value when its last one was taken, so each keeps its own
 * bounded queue and its own way of saying that something was missed. Ends with the last source, or with the first that fails.
 */
export async function* mergeSources<T>(sources: readonly AsyncIterable<T>[], close: () => void): AsyncGenerator<T, void, undefined> {
  const queue = new BoundedQueue<{ readonly value: T; readonly taken: () => void }>({ limit: sources.length + 1 })
  const pump = async (source: AsyncIterable<T>): Promise<void> => {
    for await (const value of source) {
      const next = new Promise<void>((taken) => {
        if (!queue.push({ value, taken })) taken()
      })
      await next
      if (queue.closed) return
    }
  }
  let open = sources.length
  const ended = (): void => {
    if (--open === 0) queue.close()
  }
  for (const source of sources) pump(source).then(ended, (error: unknown) => queue.fail(error))
  try {
    for await (const { value, taken } of queue) {
      yield value
      taken()
    }
  } finally {
    queue.close()
    for (const { taken } of queue.drain()) taken()
    close()
  }
}

/** State and figures of one pull; ends with it. Throws `ERR_NOT_FOUND` at once. */
export function pullEvents(port: DaemonPort, path: string, signal: AbortSignal): AsyncGenerator<Output<'pulls.watch'>, void, undefined> {
  const own = new AbortController()
  const link = linkSignals(signal, own.signal)
  const states = port.pulls.watch(path, link.signal)
  const close = (): void => {
    own.abort()
    link.done()
  }
  return mergeSources<Output<'pulls.watch'>>([statesOf(states, close), figures(port, path, link.signal)], close)
}

async function* statesOf(states: ReturnType<DaemonPort['pulls']['watch']>, close: () => void): AsyncGenerator<Output<'pulls.watch'>, void, undefined> {
  for await (const pull of states) yield { type: 'state', time: Date.now(), pull: pullAnswer(pull) }
  // the figures end with the states
  close()
}

async function* figures(port: DaemonPort, path: string, signal: AbortSignal): AsyncGenerator<Output<'pulls.watch'>, void, undefined> {
  for (;;) {
    await pause(statsInterval, signal)
    if (signal.aborted) return
    const stream = port.streams.info(path)
    if (stream) yield { type: 'stats', time: Date.now(), framesIn: stream.framesIn, bytesIn: stream.bytesIn, bitrate: stream.bitrate }
  }
}

/** Resolves after `ms` or when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
