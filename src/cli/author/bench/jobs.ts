/** Pulls and pushes on the bench: one try each, for a while. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { delay, within } from '../../../daemon/util/wait.js'
import { ShoalError } from '../../../errors.js'
import type { PushJob } from '../../../plugin.js'
import { pullFile } from '../../../plugins/file/pull.js'
import { type FakePullJob, fakePullJob } from '../../../testing/fake-job.js'
import type { FakePublication, FakeStreams } from '../../../testing/fake-streams.js'
import { maxTimer } from '../../command.js'
import type { BenchEvent } from '../bench-event.js'
import type { Bench } from './bench.js'

/** How long a job may run. */
export interface JobOptions {
  /** ms; the job is stopped then, unless the source ended before. */
  readonly time: number
  readonly signal: AbortSignal
}

/** How a pull is tried, and who is told. */
export interface PullOptions extends JobOptions {
  /** Default: that of the URL. */
  readonly path?: string
  readonly heard: (event: BenchEvent) => void
  /** Tell of what the frames hold, too. */
  readonly rows?: boolean
}

/** What a push reads: an FLV file, one row of JSON, or text frames. */
export interface PushOptions extends JobOptions {
  readonly file?: string
  readonly row?: string
}

/** ms that a job has to return after it was told to stop. */
const patience = 5000

/** Runs a puller. Resolves when the source ended or the time is over. Rejects with what the puller throws, `ERR_SCHEME_UNKNOWN`, `ERR_TIMEOUT`. */
export async function tryPull(bench: Bench, url: string, { path, time, signal, heard, rows }: PullOptions): Promise<void> {
  const { factory, fake } = bench.puller(url)
  const given = path ?? new URL(url).pathname.replace(/^\/+/, '')
  const job = fakePullJob(url, { path: given === '' ? 'bench/pull' : given, streams: fake.streams, log: fake.log })
  const newest = (): FakePublication | undefined => fake.streams.publications.findLast((each) => each.path === job.path)
  const before = newest()
  const publication = (): FakePublication | undefined => (newest() === before ? undefined : newest())
  const stopReport = report(publication, heard)
  const reading = rows ? readRows(job, heard) : undefined
  try {
    await limited(factory.pull(job), { time, signal, stop: () => job.end(), what: 'The puller' })
  } finally {
    await job.end()
    stopReport()
    await reading
  }
}

/** Runs a pusher. As {@link tryPull}. */
export async function tryPush(bench: Bench, url: string, { file, row, time, signal }: PushOptions): Promise<void> {
  const { factory, fake } = bench.pusher(url)
  const path = 'bench/push'
  const over = new AbortController()
  const source = row === undefined ? publish(fake.streams, path, file, over.signal) : publishRow(fake.streams, path, row, over.signal)
  const push: PushJob = {
    ...fakePullJob(url, { path, log: fake.log }),
    signal: over.signal,
    subscribe: (options = {}) => fake.streams.subscribe(path, options),
  }
  const stop = async (): Promise<void> => over.abort(new ShoalError('ERR_ABORTED', 'The time is over.'))
  try {
    await limited(factory.push(push), { time, signal, stop, what: 'The pusher' })
  } finally {
    await stop()
    await source.catch(() => {})
  }
}

/** Publishes an FLV file in real time, looped, or 25 text frames a second, until the signal aborts. */
export async function publish(streams: FakeStreams, path: string, file: string | undefined, signal: AbortSignal): Promise<void> {
  if (file !== undefined && !existsSync(file)) throw new ShoalError('ERR_NOT_FOUND', `There is no file ${file}.`)
  const job = fakePullJob(file === undefined ? 'bench:text' : pathToFileURL(resolve(file)).href, { path, streams })
  const end = (): void => void job.end()
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  try {
    if (file !== undefined) return await pullFile(job, [resolve(file, '..')])
    const publication = job.publish([{ id: 1, kind: 'data', codec: 'text' }])
    for (let count = 0; !job.signal.aborted; count++) {
      publication.write({ track: 1, timestamp: count * 40_000, key: true, data: Buffer.from(`frame ${count}`) })
      await delay(40, job.signal).catch(() => {})
    }
  } finally {
    signal.removeEventListener('abort', end)
    await job.end()
  }
}

/** A stream of one row, which ends soon after. */
async function publishRow(streams: FakeStreams, path: string, row: string, signal: AbortSignal): Promise<void> {
  const publication = streams.publish(path, [{ id: 1, kind: 'data', codec: 'application/json' }], { publisher: 'bench' })
  publication.write({ track: 1, timestamp: 0, key: true, data: Buffer.from(row) })
  while (publication.subscribers === 0 && !signal.aborted) await delay(20)
  publication.close()
}

/** Rows of one stream that are shown; the rest is counted alone. */
const maxRows = 20

async function readRows({ streams, path, signal }: FakePullJob, heard: PullOptions['heard']): Promise<void> {
  let shown = 0
  try {
    for await (const batch of await streams.subscribe(path, { wait: maxTimer, signal })) {
      for (const { data } of batch) if (shown++ < maxRows) heard({ type: 'row', path, text: Buffer.from(data).toString('utf8') })
    }
  } catch {
    // the stream ended with an error, or never began: the pull tells why
  }
}

interface Limits {
  readonly time: number
  readonly signal: AbortSignal
  readonly stop: () => Promise<void>
  readonly what: string
}

/** Waits for a job, and stops it when its time is over. What it throws after that does not count. */
async function limited(job: Promise<void>, { time, signal, stop, what }: Limits): Promise<void> {
  const ended = job.then(() => 'ended' as const)
  const timer = new AbortController()
  const abort = (): void => timer.abort()
  signal.addEventListener('abort', abort, { once: true })
  const first = await Promise.race([ended, delay(time, timer.signal).catch(() => {})]).finally(() => {
    timer.abort()
    signal.removeEventListener('abort', abort)
  })
  if (first === 'ended') return
  const stopped = ended.catch(() => {})
  void stop()
  await within(stopped, patience, 'ERR_TIMEOUT', `${what} did not stop within ${patience / 1000} s.`)
}

/** Tells of the frames, each second and at the end. */
function report(publication: () => FakePublication | undefined, heard: PullOptions['heard']): () => void {
  const began = performance.now()
  const tell = (): void => {
    const found = publication()
    if (!found) return
    const { frames, keys, bytes } = found.written
    heard({ type: 'frames', path: found.path, frames, keys, bytes, rate: frames / ((performance.now() - began) / 1000) })
  }
  const timer = setInterval(tell, 1000)
  return () => {
    clearInterval(timer)
    tell()
  }
}
