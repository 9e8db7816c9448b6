/** A sink of an eKuiper plugin: each frame of a stream is one row. */

import { ShoalError } from '../../../errors.js'
import type { PushJob } from '../../../plugin.js'
import type { Subscription } from '../../../stream.js'
import { linkSignals } from '../../util/linked-signal.js'
import { Throttle } from '../../util/rate.js'
import { abortable, deadline, delay } from '../../util/wait.js'
import { PullSocket, PushSocket } from '../sp/sp-socket.js'
import type { EkuiperRun } from './ekuiper-run.js'
import { wordsOf } from './plugin-words.js'
import { readSymbolUrl } from './symbol-url.js'
import { SymbolUse } from './symbol-use.js'

/** ms for rows that are under way when the stream ends. */
const flushTime = 300

/** Runs one push. Rejects with `ERR_SOURCE_FAILED` and the plugin's words, `ERR_URL_INVALID`, `ERR_PLUGIN_FAILED`, `ERR_TIMEOUT`. */
export async function pushSink(run: EkuiperRun, job: PushJob): Promise<void> {
  const { symbol, config } = readSymbolUrl(job.url, 'sink', run.manifest.sinks)
  const subscription = await job.subscribe({ tracks: ['data'] })
  const use = new SymbolUse({ kind: 'sink', symbol, user: job.path, config })
  const over = linkSignals(job.signal, use.signal)
  const sink = new Sink(run, use, { job, awaitsAcks: config['requireAck'] === true, signal: over.signal })
  try {
    await sink.open()
    await sink.follow(subscription)
  } catch (error) {
    if (!job.signal.aborted) throw error
  } finally {
    over.done()
    await sink.close()
  }
}

interface SinkOptions {
  readonly job: PushJob
  readonly awaitsAcks: boolean
  readonly signal: AbortSignal
}

/** What ended the wait for an acknowledgement: it came, or a new process never saw the row. */
type Outcome = { readonly ack: Uint8Array } | 'replayed'

/** Rows to one sink, and its acknowledgements, which carry no number: they answer the rows in order. */
class Sink {
  readonly #run: EkuiperRun
  readonly #use: SymbolUse
  readonly #options: SinkOptions
  readonly #what: string
  readonly #rows: PushSocket
  readonly #acks = new PullSocket()
  readonly #notice = new Throttle(5000)
  #refused = 0
  #waiting: ((outcome: Outcome) => void) | undefined

  constructor(run: EkuiperRun, use: SymbolUse, options: SinkOptions) {
    this.#run = run
    this.#use = use
    this.#options = options
    this.#what = run.nameOf(use)
    this.#rows = new PushSocket()
  }

  async open(): Promise<void> {
    const { sockets } = this.#run
    await this.#acks.listen(sockets.acks(this.#use.socketName))
    // nobody may wait for acknowledgements, but a sink whose acknowledgements are not taken away stops
    void this.#drain()
    this.#use.onReplayed = () => this.#settle('replayed')
    await this.#run.begin(this.#use, this.#options.signal)
    this.#rows.dial(sockets.data(this.#use.socketName))
  }

  async follow(subscription: Subscription): Promise<void> {
    const { signal, job } = this.#options
    const batches = subscription[Symbol.asyncIterator]()
    let dropped = 0
    for (;;) {
      const next = await abortable(batches.next(), signal)
      if (next.done) return await this.#flush()
      for (const frame of next.value) await this.#deliver(frame.data)
      if (subscription.dropped > dropped) {
        dropped = subscription.dropped
        this.#notice.run(() => job.log.warn('a sink is too slow; rows were skipped', { sink: this.#use.symbol, dropped }))
      }
    }
  }

  /** First no more rows, then the command: the other way round some sinks do not come to an end. */
  async close(): Promise<void> {
    await Promise.all([this.#rows.close(), this.#acks.close()])
    await this.#run.end(this.#use)
  }

  async #deliver(row: Uint8Array): Promise<void> {
    const { timeout } = this.#run
    const limit = deadline(timeout, 'ERR_TIMEOUT', `The ${this.#what} did not take a row within ${timeout} ms.`, this.#options.signal)
    try {
      if (!this.#options.awaitsAcks) return await this.#rows.send(row, limit.signal)
      // a row that went down with a process is sent again: at least once
      for (let outcome: Outcome = 'replayed'; outcome === 'replayed'; ) {
        const answered = this.#answer()
        await this.#rows.send(row, limit.signal)
        outcome = await abortable(answered, limit.signal)
        const error = outcome === 'replayed' ? undefined : this.#read(outcome.ack)
        if (error !== undefined && this.#options.job.options['onRefused'] === 'stop')
          throw new ShoalError('ERR_SOURCE_FAILED', `The ${this.#what} refused a row: ${error}`)
      }
    } finally {
      limit.done()
    }
  }

  #answer(): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(outcome)
  }

  async #drain(): Promise<void> {
    for await (const ack of this.#acks) {
      if (this.#waiting) this.#settle({ ack })
      else if (!this.#options.awaitsAcks) this.#read(ack)
    }
  }

  /** `{}`, or `{"error":…}`: the row is lost, the sink goes on. The error is logged. */
  #read(ack: Uint8Array): string | undefined {
    const error = errorOf(ack)
    if (error === undefined) return undefined
    this.#refused++
    const { log } = this.#options.job
    this.#notice.run(() => log.warn('a sink refused a row', { sink: this.#use.symbol, plugin: this.#run.manifest.name, reason: error, refused: this.#refused }))
    return error
  }

  async #flush(): Promise<void> {
    for (let waited = 0; this.#rows.buffered > 0 && waited < flushTime; waited += 10) await delay(10)
  }
}

function errorOf(ack: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(ack)
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null || !('error' in json)) return undefined
    return json.error === '' || json.error === null ? undefined : wordsOf(json.error)
  } catch {
    return `it is no JSON: ${text.slice(0, 200)}`
  }
}
