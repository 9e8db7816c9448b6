/** `http(s)://….m3u8` as a source: plays a playlist of another server into a local path. */

import { isShoalError, ShoalError } from '../../../errors.js'
import { type AudioRendition, type ReadMediaPlaylist, type ReadMultivariant, readPlaylist, type Variant } from '../../../media/hls/playlist-reader.js'
import type { MediaEvent } from '../../../media/media-event.js'
import type { PullJob } from '../../../plugin.js'
import { fetchWhole } from '../../../receiving/http-fetch.js'
import { Pace } from '../../../receiving/pace.js'
import { decodeTimeOf, nothingCame, StreamStart } from '../../../receiving/stream-start.js'
import { Loader, type LoadTiming } from './loader.js'
import { Rendition, SharedTimeline } from './rendition.js'

const defaultTiming: LoadTiming = { request: 10_000, stall: 15_000, retry: 500 }

const maxPlaylist = 8 * 1024 * 1024

/** Codecs that streams carry (RFC 6381). */
const carried = /^(avc[13]|hvc1|hev1|av01|vp09|mp4a|opus|mp3)(\.|$)/i

/** Is it the URL of a playlist? */
export function isPlaylist(url: URL): boolean {
  return /^https?:$/.test(url.protocol) && /\.m3u8?$/i.test(url.pathname)
}

/**
 * Pulls until the playlist ends; see `PullerFactory.pull`. Of several variants the one with the highest bandwidth that can
 * be carried and had. Frames go out when they are due. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`,
 * `ERR_TIMEOUT`, `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED` or what the hub says.
 */
export async function pull(job: PullJob, timing = defaultTiming): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([job.signal, over.signal])
  const opened = await open(job, signal, timing)
  const loading = opened.map(({ loader, playlist }) => loader.run(playlist))
  try {
    await play(job, signal, opened)
  } finally {
    over.abort(new ShoalError('ERR_ABORTED'))
    for (const { loader } of opened) loader.pieces.end()
    await Promise.all(loading)
  }
}

/** A rendition whose playlist is there. */
interface Opened {
  readonly loader: Loader
  readonly playlist: ReadMediaPlaylist
  readonly kinds: readonly ('video' | 'audio')[]
}

async function open(job: PullJob, signal: AbortSignal, timing: LoadTiming): Promise<readonly Opened[]> {
  const { url: login, log } = job
  signal.throwIfAborted()
  const { url, bytes } = await fetchWhole(job.url, maxPlaylist, { signal, timeout: timing.request, login })
  const playlist = readPlaylist(bytes.toString('utf8'))
  const make = async (of: URL, kinds: Opened['kinds']): Promise<Opened> => {
    const loader = new Loader({ url: of, login, signal, timing, log })
    return { loader, playlist: await loader.open(), kinds }
  }
  if (playlist.type === 'media') return [{ loader: new Loader({ url, login, signal, timing, log }), playlist, kinds: ['video', 'audio'] }]
  let failure: unknown
  for (const variant of choose(playlist)) {
    try {
      const sound = soundOf(playlist, variant)
      const main = await make(new URL(variant.uri, url), sound ? ['video'] : ['video', 'audio'])
      log.info('playing a variant', { bandwidth: variant.bandwidth, codecs: variant.codecs.join(','), ...(sound && { sound: sound.name }) })
      return sound?.uri === undefined ? [main] : [main, await make(new URL(sound.uri, url), ['audio'])]
    } catch (error) {
      signal.throwIfAborted()
      if (!isShoalError(error)) throw error
      failure = error
    }
  }
  throw failure
}

/** The variants that can be carried, the best first. Throws `ERR_CODEC_UNSUPPORTED`. */
function choose({ variants }: ReadMultivariant): readonly Variant[] {
  const usable = variants.filter(({ codecs }) => codecs.every((codec) => carried.test(codec)))
  if (usable.length > 0) return usable.toSorted((a, b) => b.bandwidth - a.bandwidth)
  const codecs = [...new Set(variants.flatMap((variant) => variant.codecs))].join(', ')
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', `HLS: no variant can be carried: ${codecs || 'the playlist has none'}.`)
}

/** The rendition of sound that belongs to a variant, where it has a playlist of its own. */
function soundOf({ audio }: ReadMultivariant, variant: Variant): AudioRendition | undefined {
  const group = audio.filter((rendition) => rendition.group === variant.audio)
  const chosen = group.find(({ isDefault }) => isDefault) ?? group[0]
  return chosen?.uri === undefined ? undefined : chosen
}

async function play(job: PullJob, signal: AbortSignal, opened: readonly Opened[]): Promise<void> {
  const timeline = new SharedTimeline()
  const lines = opened.map(({ loader, kinds }) => ({ rendition: new Rendition(timeline, kinds), pieces: loader.pieces[Symbol.asyncIterator]() }))
  const start = new StreamStart((tracks) => job.publish(tracks))
  let pace = new Pace()
  const take = async (events: readonly MediaEvent[]): Promise<boolean> => {
    const complete = lines.every(({ rendition }) => rendition.complete)
    start.know(events)
    for (const event of events) {
      // what is held back for the start is not to wait for its time
      if (start.publication && event.type === 'frame' && !(await pace.until(decodeTimeOf(event.frame), signal))) return false
      start.take([event], complete)
    }
    return true
  }
  // all tracks are to be known before the stream starts, also those of the other rendition
  const first = await Promise.all(
    lines.map(async ({ rendition, pieces }) => {
      const piece = await pieces.next()
      return piece.done ? [] : rendition.read(piece.value)
    }),
  )
  start.know(first.flat())
  // players leave out what they decode only to get where they should begin; we let it go at once
  pace = new Pace(Math.min(...opened.map(({ loader }) => loader.excess)))
  const playing = lines.map(async ({ rendition, pieces }, i) => {
    if (!(await take(first[i] ?? []))) return
    for await (const piece of pieces) if (!(await take(rendition.read(piece)))) return
  })
  await Promise.all(playing)
  signal.throwIfAborted()
  const demuxer = lines[0]?.rendition.demuxer
  if (!start.publication && demuxer) throw nothingCame(demuxer)
}
