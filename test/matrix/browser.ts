/** One Chromium for all cells: it plays the watch page and publishes from the publish page, and says what its decoders and encoders had. */

import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { waitFor } from '../wait-for.js'
import { packetsOf } from './clip.js'
import type { Recording, Seen } from './egress.js'
import type { MatrixNode } from './matrix-node.js'
import type { PacketTrack } from './packets.js'
import type { Sending } from './sending.js'
import { shownOf } from './shown.js'

/** A coded frame as `recorder.js` has it; `data` in base64, `time` in ticks of RTP, `at` in ms. */
interface Coded {
  readonly data: string
  readonly time: number
  readonly at: number
}

/** What `recorder.js` recorded. */
interface Taken {
  /** Base64, by source buffer. */
  readonly appended: readonly (readonly string[])[]
  readonly coded: { readonly video: readonly Coded[]; readonly audio: readonly Coded[] }
  readonly shown: readonly (readonly [number: number, time: number])[]
  readonly jumps: number
  readonly size: string
  readonly decoded: number
  /** Packets of RTP. */
  readonly lost: number
}

/** What a page played. */
interface Played extends Taken {
  /** Seconds by which the sound is of a later moment than the picture. */
  readonly lipSync?: number
}

declare const shoalRecording: { progress(): number; lipSync(): Promise<number | undefined>; take(): Promise<Taken> }

/** No call to its maker's servers, what a container without a GPU needs, and a camera. */
const args = [
  ...['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  ...['--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=fps=25'],
]

/** Hz, and seconds of the microphone's noise: silence would be coded alike all the time. */
const noise = { rate: 48_000, seconds: 20 }

/** ms that a page may take beyond the time of what it plays. */
const patience = 20_000

/** ms in which WebRTC gets pictures that were kept, to be shown at once: with times of their own. A node sends them for 500; a busy browser takes them later. */
const catchUp = 1500

/**
 * Seconds between sound and picture, and ms for them to be together: a browser begins with both as they come, and moves them by 80 ms a second
 * at most. A slow machine gets no more: the clip has an end.
 */
const together = 0.04
const untilTogether = 30_000

/** Recordings of a cell at most. */
const maxTries = 3

/** A way of the watch page to play. */
export type Via = 'webrtc' | 'fmp4' | 'hls' | 'flv'

/** A browser. */
export class MatrixBrowser {
  #browser: Promise<Browser> | undefined
  readonly #folder: string

  /** `folder`: for files. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Ends it. */
  async close(): Promise<void> {
    await (await this.#browser)?.close()
  }

  /** Plays a stream on the watch page by one of its ways. */
  async watch(via: Via, recording: Recording): Promise<Seen> {
    const { node, path, sound, clip } = recording
    let taken = await this.#taken(via, recording)
    // a player that fell behind on a busy machine leaves out what lies between, by itself
    for (let tries = 1; taken.jumps > 0 && tries < maxTries; tries++) taken = await this.#taken(via, recording)
    const shown = shownOf(taken, clip)
    const file = join(this.#folder, `${node.cli.name}-${path.replaceAll('/', '-')}-${via}`)
    if (via === 'webrtc') return { tracks: await codedTracks(afterCatchUp(taken.coded), file), shown, ...apart(taken) }
    return { tracks: await appendedTracks(taken, file, sound), shown }
  }

  async #taken(via: Via, { node, path, seconds }: Recording): Promise<Played> {
    const page = await this.#open(`${node.http}/watch/?${new URLSearchParams({ path, via })}`)
    try {
      await waitFor(`${seconds} s of ${path} by ${via}`, () => enough(page, seconds + 3), patience + seconds * 1000)
      const lipSync = via === 'webrtc' ? await settled(page) : undefined
      return { ...(await page.evaluate(() => shoalRecording.take())), ...(lipSync !== undefined && { lipSync }) }
    } catch (error) {
      const state = await page.textContent('#status').catch(() => '')
      throw new Error(`the page says: ${state}`, { cause: error })
    } finally {
      await page.close()
    }
  }

  /** Publishes the browser's own test picture by WHIP. */
  async publish({ http }: MatrixNode, path: string): Promise<Sending> {
    const page = await this.#open(`${http}/watch/publish`)
    await page.fill('#path', path)
    await page.selectOption('#size', '360')
    await page.click('#start')
    await waitFor('the camera to be on air', async () => (await page.getAttribute('body', 'data-state')) === 'playing', patience)
    return {
      sent: async () => alignedTracks((await page.evaluate(() => shoalRecording.take())).coded, join(this.#folder, path.replaceAll('/', '-'))),
      end: () => page.close(),
    }
  }

  async #open(url: string): Promise<Page> {
    this.#browser ??= this.#launch()
    const page = await (await this.#browser).newPage()
    await page.addInitScript({ path: join(import.meta.dirname, 'recorder.js') })
    await page.goto(url)
    return page
  }

  #launch(): Promise<Browser> {
    const file = join(this.#folder, 'noise.wav')
    writeFileSync(file, noiseFile())
    return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...args, `--use-file-for-fake-audio-capture=${file}`] })
  }
}

/** WAV, one channel of 16 bits. */
function noiseFile(): Buffer {
  const data = randomBytes(2 * noise.rate * noise.seconds)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(noise.rate, 24)
  head.writeUInt32LE(noise.rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}

async function enough(page: Page, seconds: number): Promise<boolean> {
  await sleep(200)
  return (await page.evaluate(() => shoalRecording.progress())) >= seconds
}

/** Seconds by which the sound is of a later moment than the picture, once they are together or as they are after a while; where there is sound. */
async function settled(page: Page): Promise<number | undefined> {
  const deadline = performance.now() + untilTogether
  for (;;) {
    const apart = await page.evaluate(() => shoalRecording.lipSync())
    if (apart === undefined || Math.abs(apart) < together || performance.now() > deadline) return apart
    await sleep(200)
  }
}

/** ms; where the browser knows. Sound that is of a later moment than the picture is before it. */
function apart({ lipSync }: Played): { offset?: number } {
  return lipSync === undefined ? {} : { offset: lipSync * -1000 }
}

function afterCatchUp({ video, audio }: Taken['coded']): Taken['coded'] {
  const begin = (video[0]?.at ?? 0) + catchUp
  return { video: video.filter(({ at }) => at >= begin), audio: audio.filter(({ at }) => at >= begin) }
}

async function appendedTracks({ appended }: Taken, file: string, sound: string): Promise<PacketTrack[]> {
  const all = appended.map(async (parts, i) => {
    writeFileSync(`${file}-${i}.mp4`, Buffer.concat(parts.map((part) => Buffer.from(part, 'base64'))))
    return packetsOf(['-i', `${file}-${i}.mp4`], { sound })
  })
  return (await Promise.all(all)).flat()
}

/** Frames of WebRTC as tracks: H.264, from the first key picture on, and Opus. */
async function codedTracks({ video: all, audio }: Taken['coded'], file: string): Promise<PacketTrack[]> {
  const video = all.slice(Math.max(0, all.findIndex(isKey)))
  writeFileSync(`${file}.h264`, Buffer.concat(video.map(({ data }) => Buffer.from(data, 'base64'))))
  const [picture] = await packetsOf(['-f', 'h264', '-i', `${file}.h264`], { sound: 'none' })
  if (picture?.packets.length !== video.length) throw new Error(`${picture?.packets.length} pictures in ${video.length} frames of WebRTC`)
  const times = unwrapped(video.map(({ time }) => time)).map((time) => time / 90_000)
  const packets = picture.packets.map(({ hash }, i) => ({ dts: times[i] ?? 0, pts: times[i] ?? 0, hash }))
  const tracks: PacketTrack[] = [{ ...picture, packets }]
  if (audio.length > 0) tracks.push({ kind: 'audio', codec: 'opus', size: '48000', packets: soundPackets(audio) })
  return tracks
}

/** Its parameter sets come in front of it. */
function isKey({ data }: Coded): boolean {
  const bytes = Buffer.from(data, 'base64')
  const start = bytes.indexOf(Buffer.of(0, 0, 1))
  return start >= 0 && ((bytes[start + 3] ?? 0) & 0x1f) === 7
}

function soundPackets(audio: readonly Coded[]): PacketTrack['packets'] {
  const times = unwrapped(audio.map(({ time }) => time)).map((time) => time / 48_000)
  return audio.map(({ data }, i) => ({ dts: times[i] ?? 0, pts: times[i] ?? 0, hash: createHash('md5').update(Buffer.from(data, 'base64')).digest('hex') }))
}

/** Tracks on one clock, as the times of RTP begin anywhere: that on which the frames left the encoders, those that waited least. */
async function alignedTracks(coded: Taken['coded'], file: string): Promise<PacketTrack[]> {
  const tracks = await codedTracks(coded, file)
  return tracks.map((track) => {
    const rate = track.kind === 'video' ? 90_000 : 48_000
    const lag = Math.min(...coded[track.kind].map(({ at, time }) => at / 1000 - time / rate))
    return { ...track, packets: track.packets.map(({ dts, pts, hash }) => ({ dts: dts + lag, pts: pts + lag, hash })) }
  })
}

/** Times of 32 bits that go on where they wrap. */
function unwrapped(times: readonly number[]): number[] {
  let base = 0
  return times.map((time, i) => {
    if (i > 0 && (times[i - 1] ?? 0) - time > 2 ** 31) base += 2 ** 32
    return time + base
  })
}
