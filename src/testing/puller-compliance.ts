/** What every puller has to do right: one call that lasts as long as the pull. */

import type { PullerFactory } from '../plugin.js'
import { type FakePullJob, fakePullJob } from './fake-job.js'
import { codeOf, type TestApi, until, withoutLeaks } from './test-api.js'

/** A source to pull from, made for each test. */
export interface PullSource {
  /** Where it can be pulled; it sends frames without being asked for more. */
  readonly url: string
  /** Ends the stream in the regular way of the protocol; absent where a source never ends. */
  end?(): Promise<void>
  /** Closes everything. */
  close(): Promise<void>
}

/** What to test. */
export interface PullerComplianceOptions {
  readonly factory: () => PullerFactory
  readonly source: () => Promise<PullSource>
  /** A URL where nothing answers. */
  readonly deadUrl: string
  /** A URL whose source makes a key frame when a reader wants one, and by itself only at its beginning; absent where it makes none on demand. */
  readonly keysUrl?: string
  /** Given to each job. */
  readonly options?: Record<string, unknown>
}

/** Runs the suite under `name`. */
export function pullerCompliance(api: TestApi, name: string, options: PullerComplianceOptions): void {
  const { describe, it, expect } = api
  describe(`${name} as a puller`, () => {
    it('supports the URLs of its scheme and no others', () => {
      const { protocol, supports } = options.factory()
      expect(protocol).toMatch(/^[a-z][a-z0-9+.-]*$/)
      if (!supports) return
      expect(supports(new URL(options.deadUrl))).toBe(true)
      for (const other of ['gopher://host/x', 'no-such-scheme://host/x']) expect(supports(new URL(other))).toBe(false)
    })
    runningTests(api, options)
    if (options.keysUrl !== undefined) keyTest(api, options, options.keysUrl)
    endingTests(api, options)
  })
}

function runningTests({ it, expect }: TestApi, options: PullerComplianceOptions): void {
  it('publishes one stream with valid tracks and frames that belong to them', async () => {
    await pulling(options, async ({ job }) => {
      await framesOf(job, 5)
      expect(job.streams.publications.length).toBe(1)
      const [publication] = job.streams.publications
      const ids = publication?.tracks.map(({ id }) => id) ?? []
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids.length > 0 && ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true)
      const frames = publication?.frames ?? []
      expect(frames.every(({ track, timestamp }) => ids.includes(track) && Number.isSafeInteger(timestamp))).toBe(true)
      expect(frames.some(({ key }) => key)).toBe(true)
    })
  })
}

/** A reader's wish reaches the source. */
function keyTest({ it, expect }: TestApi, options: PullerComplianceOptions, keysUrl: string): void {
  it('makes a key frame when a reader wants one', async () => {
    const source = async (): Promise<PullSource> => ({ url: keysUrl, close: async () => {} })
    await pulling({ ...options, source }, async ({ job }) => {
      await framesOf(job, 10)
      const [publication] = job.streams.publications
      expect(publication?.written.keys).toBe(1)
      publication?.wantKey()
      await until('a key frame', () => publication?.written.keys === 2)
    })
  })
}

function endingTests({ it, expect }: TestApi, options: PullerComplianceOptions): void {
  it('ends within 2 s when it is aborted, and leaves nothing', () =>
    withoutLeaks(() =>
      pulling(options, async ({ job, done }) => {
        await framesOf(job, 1)
        await job.end()
        expect(await settled(done)).toBe(true)
      }),
    ))

  it('does not begin when it is aborted already', async () => {
    await pulling(
      options,
      async ({ job, done }) => {
        expect(await settled(done)).toBe(true)
        expect(job.streams.publications.every(({ closed }) => closed)).toBe(true)
      },
      true,
    )
  })

  it('returns or throws when the source ends', async () => {
    await pulling(options, async ({ job, done, source }) => {
      await framesOf(job, 1)
      await (source.end ?? source.close).call(source)
      expect(source.end ? await settled(done) : true).toBe(true)
    })
  })

  it('throws when there is no source', async () => {
    const job = fakePullJob(options.deadUrl, jobOptions(options))
    const code = await codeOf(() => options.factory().pull(job))
    await job.end()
    expect(code === undefined).toBe(false)
    expect(job.streams.publications.length).toBe(0)
  })
}

/** Waits for this many frames. */
async function framesOf(job: FakePullJob, count: number): Promise<void> {
  await until(`${count} frames`, () => job.streams.publications.flatMap(({ frames }) => frames).length >= count)
}

interface Pulling {
  readonly job: FakePullJob
  readonly source: PullSource
  /** Settles when `pull` has; never rejects. */
  readonly done: Promise<unknown>
}

async function pulling(options: PullerComplianceOptions, body: (pulling: Pulling) => Promise<void>, aborted = false): Promise<void> {
  const source = await options.source()
  const job = fakePullJob(source.url, jobOptions(options))
  if (aborted) await job.end()
  const done = codeOf(() => options.factory().pull(job))
  try {
    await body({ job, source, done })
  } finally {
    await job.end()
    await done
    await source.close()
  }
}

function jobOptions({ options }: PullerComplianceOptions): { options?: Record<string, unknown> } {
  return options ? { options } : {}
}

async function settled(done: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), 2000)
  })
  const result = await Promise.race([done.then(() => true), late])
  clearTimeout(timer)
  return result
}
