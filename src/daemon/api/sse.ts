/** Server-sent events: one answer that goes on, with a bounded buffer. Source: HTML Living Standard, 9.2 "Server-sent events". */

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ShoalError } from '../../errors.js'
import { linkSignals } from '../util/linked-signal.js'

/** How events are sent. */
export interface SseOptions {
  /** Ends the answer. */
  readonly signal: AbortSignal
  /** ms between comments that show the connection to be alive; default 15,000. */
  readonly heartbeat?: number
  /** ms a client may take nothing before it is cut; default 60,000. */
  readonly stall?: number
  /** Makes a thrown value presentable. */
  readonly explain: (thrown: unknown) => ShoalError
}

/** ms in which a source that cannot be listened to says so; it is then answered with a status instead of an event. */
const firstWait = 50

/**
 * Sends every event of `source` until it ends, the client goes or the signal aborts. The next event is asked for only when
 * the client has taken the last one, so what waits is in the source's own bounded queue. An error becomes the event `error`;
 * one that comes at once is thrown, and nothing is sent.
 */
export async function sendEvents(response: ServerResponse, source: AsyncIterable<unknown>, options: SseOptions): Promise<void> {
  const gone = new AbortController()
  const link = linkSignals(options.signal, gone.signal)
  const iterator = source[Symbol.asyncIterator]()
  // a source that hangs in an await does not answer its return(): it must not hold up the end
  const end = (): void => void Promise.resolve(iterator.return?.()).catch(() => {})
  response.once('close', () => gone.abort())
  link.signal.addEventListener('abort', end, { once: true })
  try {
    const first = iterator.next()
    await settledSoon(first)
    begin(response)
    await pump(response, iterator, first, { ...options, signal: link.signal })
  } finally {
    link.done()
    end()
    if (response.headersSent) response.end()
  }
}

/** Rejects when `first` rejects within a moment. */
async function settledSoon(first: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const wait = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, firstWait)
  })
  try {
    await Promise.race([first, wait])
  } finally {
    clearTimeout(timer)
  }
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  response.write(': shoal\n\n')
}

async function pump(response: ServerResponse, iterator: AsyncIterator<unknown>, first: Promise<IteratorResult<unknown>>, options: SseOptions): Promise<void> {
  const { signal } = options
  const beat = setInterval(() => response.writableNeedDrain || response.write(': alive\n\n'), options.heartbeat ?? 15_000)
  try {
    for (let next = first; ; next = iterator.next()) {
      const result = signal.aborted ? undefined : await untilAborted(next, signal)
      if (result === undefined || result.done) return
      if (!response.write(formatEvent(result.value))) await drained(response, options)
    }
  } catch (thrown) {
    if (!signal.aborted) response.write(`event: error\ndata: ${JSON.stringify(options.explain(thrown))}\n\n`)
  } finally {
    clearInterval(beat)
  }
}

/** The next result, or `undefined` when the signal aborts first. */
function untilAborted<T>(next: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
    const done = (): void => signal.removeEventListener('abort', stop)
    next.then(resolve, reject).then(done, done)
  })
}

/** One event; its name is the value's `type`. */
export function formatEvent(value: unknown): string {
  const type = typeof value === 'object' && value !== null && 'type' in value ? String(value.type).replace(/[^\w.-]/g, '') : ''
  return `${type === '' ? '' : `event: ${type}\n`}data: ${JSON.stringify(value ?? null)}\n\n`
}

/** Waits until the client has taken what was sent; cuts it when it takes nothing for too long. */
async function drained(response: ServerResponse, options: SseOptions): Promise<void> {
  const timer = setTimeout(() => response.destroy(), options.stall ?? 60_000)
  try {
    await once(response, 'drain', { signal: options.signal })
  } catch {
    // the loop sees the signal
  } finally {
    clearTimeout(timer)
  }
}
