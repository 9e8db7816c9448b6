import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { file, samplePath, sampleUrl } from '../../../../src/plugins/file/index.js'
import { pullFile } from '../../../../src/plugins/file/pull.js'
import { Recording } from '../../../../src/plugins/file/recording.js'
import type { Frame } from '../../../../src/stream.js'
import { fakeContext } from '../../../../src/testing/fake-context.js'
import { type FakePullJob, fakePullJob } from '../../../../src/testing/fake-job.js'
import { pluginCompliance } from '../../../../src/testing/plugin-compliance.js'
import { pullerCompliance } from '../../../../src/testing/puller-compliance.js'
import { codeOf } from '../../../../src/testing/test-api.js'
import { waitFor } from '../../../wait-for.js'

const api = { describe, it, expect }
const sample = new Uint8Array(readFileSync(samplePath()))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-file-'))
  mkdirSync(join(folder, 'open'))
  mkdirSync(join(folder, 'secret'))
  writeFileSync(join(folder, 'open/clip one.flv'), sample)
  writeFileSync(join(folder, 'open/cut.flv'), sample.subarray(0, 30_001))
  writeFileSync(join(folder, 'open/text.flv'), 'This is not FLV at all.')
  writeFileSync(join(folder, 'open/empty.flv'), '')
  writeFileSync(join(folder, 'open/head.flv'), sample.subarray(0, 13))
  writeFileSync(join(folder, 'secret/clip.flv'), sample)
  symlinkSync(join(folder, 'secret/clip.flv'), join(folder, 'open/escape.flv'))
  symlinkSync(join(folder, 'secret'), join(folder, 'open/way-out'))
  symlinkSync(join(folder, 'open/clip one.flv'), join(folder, 'open/inside.flv'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const url = (name: string): string => pathToFileURL(join(folder, name)).href
const roots = (): string[] => [join(folder, 'open')]

/** Pulls until `enough` holds, then ends the job; gives what was published. */
async function pulled(from: string, options: Record<string, unknown>, enough: (job: FakePullJob) => boolean): Promise<readonly Frame[]> {
  const job = fakePullJob(from, { options, path: 'live/file' })
  const done = pullFile(job, roots())
  done.catch(() => {})
  await waitFor('frames', () => enough(job))
  await job.end()
  await done
  return job.streams.publications[0]?.frames ?? []
}

const written = (job: FakePullJob): number => job.streams.publications[0]?.frames.length ?? 0
const decodeTime = (frame: Frame): number => frame.decodeTime ?? frame.timestamp

pluginCompliance(api, 'file', { factory: () => file, badConfigs: [{ roots: ['relative'] }, { roots: 'x' }] })

pullerCompliance(api, 'file', {
  factory: () => ({ protocol: 'file', pull: (job) => pullFile(job, roots()) }),
  source: async () => ({ url: sampleUrl, close: async () => {} }),
  deadUrl: 'file:///no/such/file.flv',
  options: { speed: 20 },
})

describe('file', () => {
  it('plays the bundled clip under its short name', async () => {
    const fake = await fakeContext(file).start()
    const [puller] = fake.pullers
    const job = fakePullJob(sampleUrl, { path: 'live/demo', options: { speed: 50 } })
    const done = puller?.pull(job)
    await waitFor('frames', () => written(job) > 20)
    expect(job.streams.publications[0]?.tracks.map((track) => track.codec)).toEqual(['avc1.4d401f', 'mp4a.40.2'])
    await job.end()
    await done
    await fake.stop()
  })

  it('reads its own data folder, also with spaces in names', async () => {
    const fake = await fakeContext(file).start()
    const [puller] = fake.pullers
    writeFileSync(join(fake.dataDir, 'a clip.flv'), sample)
    const job = fakePullJob(pathToFileURL(join(fake.dataDir, 'a clip.flv')).href, { path: 'live/demo', options: { speed: 100, loop: false } })
    await puller?.pull(job)
    expect(written(job)).toBeGreaterThan(600)
    await fake.stop()
  })

  it('plays in real time, as fast as speed says', async () => {
    const started = performance.now()
    const frames = await pulled(sampleUrl, { speed: 5 }, (job) => written(job) >= 100)
    const elapsed = performance.now() - started
    const last = frames.at(-1)
    const played = (decodeTime(last as Frame) - decodeTime(frames[0] as Frame)) / 1000
    // it may be late, but never early
    expect(elapsed).toBeGreaterThan(played / 5 - 20)
    expect(frames.length).toBeLessThan(400)
  })

  it('ends after one pass without loop', async () => {
    const job = fakePullJob(url('open/clip one.flv'), { path: 'live/file', options: { loop: false, speed: 100 } })
    await pullFile(job, roots())
    const frames = job.streams.publications[0]?.frames ?? []
    expect(frames.filter((frame) => frame.track === 1)).toHaveLength(250)
    await job.end()
  })

  it('follows links that stay inside, and plays a file that is cut short', async () => {
    for (const name of ['open/inside.flv', 'open/cut.flv'])
      expect((await pulled(url(name), { speed: 50 }, (job) => written(job) > 20)).length).toBeGreaterThan(20)
  })

  it('stops when the stream is stopped, with its reason', async () => {
    const job = fakePullJob(sampleUrl, { path: 'live/file' })
    const code = codeOf(() => pullFile(job, roots()))
    await waitFor('a frame', () => written(job) > 0)
    job.streams.publications[0]?.stop()
    expect(await code).toBe('ERR_STREAM_STOPPED')
    await job.end()
  })

  it.each([
    ['a file outside the roots', () => url('secret/clip.flv'), 'ERR_FORBIDDEN'],
    ['a file outside that is not there', () => url('secret/none.flv'), 'ERR_FORBIDDEN'],
    ['a path that climbs out', () => `${url('open')}/../secret/clip.flv`, 'ERR_FORBIDDEN'],
    ['an escaped path that climbs out', () => `${url('open')}/%2e%2e/secret/clip.flv`, 'ERR_FORBIDDEN'],
    ['a link that leads out', () => url('open/escape.flv'), 'ERR_FORBIDDEN'],
    ['a folder link that leads out', () => url('open/way-out/clip.flv'), 'ERR_FORBIDDEN'],
    ['a folder whose name begins like a root', () => url('open-not/clip.flv'), 'ERR_FORBIDDEN'],
    ['a system file', () => 'file:///etc/passwd', 'ERR_FORBIDDEN'],
    ['a device', () => 'file:///dev/zero', 'ERR_FORBIDDEN'],
    ['a root itself', () => url('open'), 'ERR_FORBIDDEN'],
    ['a file that is not there', () => url('open/none.flv'), 'ERR_SOURCE_FAILED'],
    ['text', () => url('open/text.flv'), 'ERR_MEDIA_INVALID'],
    ['an empty file', () => url('open/empty.flv'), 'ERR_MEDIA_INVALID'],
    ['a header alone', () => url('open/head.flv'), 'ERR_MEDIA_INVALID'],
    ['another machine', () => 'file://other/clip.flv', 'ERR_URL_INVALID'],
    ['an escaped slash', () => 'file:///a%2Fb.flv', 'ERR_URL_INVALID'],
    ['an endless path', () => `file:///${'a/'.repeat(3000)}`, 'ERR_URL_INVALID'],
    ['a NUL', () => 'file:///a%00b.flv', 'ERR_FORBIDDEN'],
  ])('refuses %s', async (_, from, code) => {
    const job = fakePullJob(from(), { path: 'live/file' })
    expect(await codeOf(() => pullFile(job, roots()))).toBe(code)
    expect(job.streams.publications).toEqual([])
    await job.end()
  })

  it('says how to allow a folder', async () => {
    const job = fakePullJob('file:///etc/passwd', { path: 'live/file' })
    await expect(pullFile(job, [])).rejects.toMatchObject({ code: 'ERR_FORBIDDEN', hint: 'Add its folder to plugins.file.roots.' })
    await job.end()
  })

  it.each([{ speed: 0 }, { speed: '2' }, { speed: Number.NaN }, { speed: 1000 }, { loop: 1 }])('refuses the options %o', async (options) => {
    const job = fakePullJob(sampleUrl, { path: 'live/file', options })
    expect(await codeOf(() => pullFile(job, []))).toBe('ERR_REQUEST_INVALID')
    await job.end()
  })
})

describe('Recording', () => {
  /** A file in memory that counts what is read of it. */
  const inMemory = (bytes: Uint8Array) => {
    const state = { read: 0 }
    const read = async (into: Uint8Array, _offset: number, length: number, at: number) => {
      const piece = bytes.subarray(at, at + length)
      into.set(piece)
      state.read += piece.length
      return { bytesRead: piece.length, buffer: into }
    }
    return { state, recording: new Recording({ read } as never) }
  }

  it('goes on in time across loops, by the same step in each track', async () => {
    const { recording } = inMemory(sample)
    const times = new Map<number, number[]>()
    let frames = 0
    for await (const event of recording.play(true)) {
      if (event.type !== 'frame') continue
      times.set(event.frame.track, [...(times.get(event.frame.track) ?? []), decodeTime(event.frame)])
      if (++frames > 2100) break
    }
    const steps = (track: number): number[] => (times.get(track) ?? []).slice(1).map((time, i) => time - (times.get(track)?.[i] ?? 0))
    expect(Math.min(...steps(1), ...steps(2))).toBeGreaterThan(0)
    // at the seam no track waits longer than for two frames
    expect(Math.max(...steps(1), ...steps(2))).toBeLessThan(60_000)
    // and sound and picture stay together: the second pass is the first, moved
    const distance = (pass: number): number => (times.get(1)?.[250 * pass] ?? 0) - (times.get(2)?.[431 * pass] ?? 0)
    expect([distance(1), distance(2)]).toEqual([distance(0), distance(0)])
  })

  it('reads ahead no more than one piece', async () => {
    const { recording, state } = inMemory(sample)
    const events = recording.play(false)
    await events.next()
    expect(state.read).toBeLessThanOrEqual(64 * 1024)
    await events.return()
  })

  it('does not spin on a file of one frame', async () => {
    const { recording } = inMemory(sample.subarray(0, 8200))
    const times: number[] = []
    for await (const event of recording.play(true)) {
      if (event.type === 'frame' && event.frame.track === 1) times.push(event.frame.timestamp)
      if (times.length === 3) break
    }
    expect(times[2]).toBe((times[0] ?? 0) + 80_000)
  })
})
