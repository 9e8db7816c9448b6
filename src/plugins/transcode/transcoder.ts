/** Makes outputs: a stream goes through ffmpeg and comes back under another path. */

import { ShoalError } from '../../errors.js'
import { TsDemuxer } from '../../media/mpegts/demuxer.js'
import type { PluginContext, PullJob } from '../../plugin.js'
import { PieceReader } from '../../receiving/pull-pieces.js'
import type { Subscription } from '../../stream.js'
import { LiveFeed } from '../../viewing/live-feed.js'
import { TsFormat } from '../../viewing/ts-format.js'
import type { TranscodeConfig } from './config.js'
import { parseOutput } from './output.js'
import { type Exit, Program } from './program.js'

/** ms to wait for the source, and for what comes of it. */
const timing = { first: 15_000, silence: 15_000 }

/** The outputs of one plugin instance. */
export class Transcoder {
  readonly #ctx: PluginContext<TranscodeConfig>
  readonly #format = new TsFormat()
  readonly #running = new Set<string>()

  constructor(ctx: PluginContext<TranscodeConfig>) {
    this.#ctx = ctx
  }

  /** Paths of the outputs that are made now. */
  get running(): readonly string[] {
    return [...this.#running]
  }

  /** Makes one output until its source ends; see `PullerFactory.pull`. Rejects with `ERR_DEPENDENCY_MISSING`, `ERR_LIMIT`, `ERR_STREAM_NOT_FOUND`, `ERR_CODEC_UNSUPPORTED`, `ERR_SOURCE_FAILED` with what ffmpeg said, `ERR_URL_INVALID`, `ERR_NOT_FOUND`. */
  async pull(job: PullJob): Promise<void> {
    const { program, limit } = this.#ctx.config
    const { source, options } = parseOutput(job.url, this.#ctx.config)
    job.signal.throwIfAborted()
    if (source === job.path) throw new ShoalError('ERR_URL_INVALID', 'A stream is not made of itself.')
    if (this.#running.size >= limit) throw new ShoalError('ERR_LIMIT', `${limit} outputs are made already.`, { hint: 'Raise plugins.transcode.limit.' })
    this.#running.add(job.path)
    try {
      const wish = { wait: timing.first, tracks: ['video', 'audio'] as const, signal: job.signal, reader: `transcode ${job.path}` }
      const subscription = await this.#ctx.streams.subscribe(source, wish)
      try {
        await this.#run(job, subscription, new Program(program, options))
      } finally {
        subscription.close()
      }
    } finally {
      this.#running.delete(job.path)
    }
  }

  async #run(job: PullJob, subscription: Subscription, program: Program): Promise<void> {
    let failure: unknown
    const fail = (error: unknown): void => {
      failure ??= error
      void program.stop()
    }
    const stop = (): void => fail(job.signal.reason)
    job.signal.addEventListener('abort', stop, { once: true })
    const reader = new PieceReader(new TsDemuxer(), (tracks) => job.publish(tracks), fail, timing)
    try {
      program.output = (bytes) => reader.push(bytes)
      const feeding = this.#feed(subscription, program).catch(fail)
      const exit = await program.exited
      subscription.close()
      await feeding
      if (failure !== undefined) throw failure
      if (exit.code !== 0) throw unexpected(exit)
    } finally {
      job.signal.removeEventListener('abort', stop)
      reader.end()
      await program.stop()
    }
  }

  async #feed(subscription: Subscription, program: Program): Promise<void> {
    const feed = new LiveFeed(subscription, this.#format)
    try {
      for await (const frames of subscription) {
        const parts = feed.write(frames)
        if (!parts) break
        await program.write(parts)
      }
    } finally {
      program.end()
    }
  }
}

function unexpected({ code, signal, words }: Exit): ShoalError {
  const how = signal === null ? `with ${code}` : `by ${signal}`
  return new ShoalError('ERR_SOURCE_FAILED', `ffmpeg ended ${how}: ${words.split('\n').at(-1) || 'it said nothing'}.`, { data: { words } })
}
