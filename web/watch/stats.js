/** What is known of the playing stream, as rows for people. */

import { codecName, protocols } from './carry.js'
import { rate } from './page.js'

/**
 * @param {object} now
 * @param {HTMLVideoElement} now.video
 * @param {import('./mp4.js').Player | undefined} now.player
 * @param {import('./carry.js').Via | undefined} now.via
 * @param {import('./feed.js').Stream | undefined} now.stream
 * @param {number} now.received bits a second, as measured here
 * @returns {(readonly [name: string, value: string])[]}
 */
export function statRows({ video, player, via, stream, received }) {
  const { droppedVideoFrames = 0, totalVideoFrames = 0 } = video.getVideoPlaybackQuality?.() ?? {}
  const media = stream?.tracks.filter(({ kind }) => kind !== 'data') ?? []
  return [
    ['Protocol', via && player ? protocols[via].name : '–'],
    ['Picture', video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : '–'],
    ['Codecs', media.map(({ codec }) => `${codecName(codec)} (${codec})`).join(', ') || '–'],
    ['Bit rate', stream ? `${rate(stream.bitrate)}${received > 0 ? `, ${rate(received)} here` : ''}` : '–'],
    ['Latency', latencyText(player?.latency())],
    ['Frames', `${totalVideoFrames}, ${droppedVideoFrames} dropped`],
    ['Dropped by the node', stream ? `${stream.dropped}` : '–'],
    ['Viewers', stream ? `${stream.viewers}` : '–'],
  ]
}

/** @param {import('./mp4.js').Latency | undefined} latency */
function latencyText(latency) {
  if (!latency) return '–'
  return latency.exact ? `${latency.seconds.toFixed(2)} s` : `${latency.seconds.toFixed(2)} s buffered`
}

/** Bits a second, from a count of bytes that is looked at again and again. */
export class ByteRate {
  /** @type {{ readonly at: number, readonly bytes: number }[]} */
  #seen = []

  /** @param {number} bytes so far */
  see(bytes) {
    const at = performance.now()
    const first = this.#seen[0]
    if (first && bytes < first.bytes) this.#seen = []
    this.#seen.push({ at, bytes })
    while (this.#seen.length > 2 && at - (this.#seen[0]?.at ?? at) > 3000) this.#seen.shift()
  }

  get value() {
    const [first] = this.#seen
    const last = this.#seen.at(-1)
    return first && last && last.at - first.at >= 500 ? ((last.bytes - first.bytes) * 8000) / (last.at - first.at) : 0
  }
}
