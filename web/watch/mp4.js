/** Fragmented MP4 over a WebSocket into Media Source Extensions: text messages name the type, binary ones are media. */

import { mediaSource } from './carry.js'
import { stayLive } from './edge.js'

/** `retry`: false where another try would end the same way. @typedef {{ readonly text: string, readonly retry: boolean, readonly login?: boolean }} Problem */
/** `exact`: from the node's clock; otherwise how much media waits here. @typedef {{ readonly seconds: number, readonly exact: boolean }} Latency */

/**
 * @typedef {object} PlayerOptions
 * @property {HTMLVideoElement} video
 * @property {import('./session.js').Session} session
 * @property {string} path
 * @property {readonly string[]} plays kinds of tracks
 * @property {() => number} now wall clock of the node, ms
 * @property {boolean} insist take another version of the stream rather than another protocol
 * @property {(path: string) => void} instead called when another version is played
 * @property {(problem: Problem) => void} ended called once; the player is to be stopped then
 */

/** @typedef {{ stop(): void, latency(): Latency | undefined, received(): number }} Player */

/** Bytes that may wait for the source buffer; a tab in the background may fall far behind. */
const maxWaiting = 32 * 1024 * 1024
/** Seconds kept behind the present. */
const kept = 20

/** @implements {Player} */
export class Mp4Player {
  #options
  #socket
  #source
  /** @type {SourceBuffer | undefined} */
  #buffer
  /** What the source buffer has not taken: types as text, media as bytes. @type {(string | ArrayBuffer)[]} */
  #waiting = []
  #waitingBytes = 0
  #received = 0
  #stopped = false
  #stayLive
  /** Wall clock of the node less media time, ms. @type {number | undefined} */
  #clock
  #opened = performance.now()

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options
    const { video, session, path, plays } = options
    const Source = /** @type {typeof MediaSource} */ (mediaSource())
    this.#source = new Source()
    // a managed source is used for this element alone
    video.disableRemotePlayback = true
    video.src = URL.createObjectURL(this.#source)
    this.#source.addEventListener('sourceopen', () => URL.revokeObjectURL(video.src), { once: true })
    this.#source.addEventListener('sourceopen', () => this.#feed(), { once: true })
    const query = plays.length === 1 ? { tracks: plays.join() } : {}
    this.#socket = new WebSocket(session.socket(session.address(path, '.mp4', query)))
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.addEventListener('message', ({ data }) => this.#take(data))
    this.#socket.addEventListener('close', (event) => this.#end(closing(path, event)))
    this.#stayLive = stayLive(video)
  }

  stop() {
    this.#stopped = true
    this.#stayLive()
    this.#socket.close()
    this.#waiting = []
    this.#options.video.removeAttribute('src')
    this.#options.video.load()
  }

  latency() {
    const { video, now } = this.#options
    if (this.#clock !== undefined) return { seconds: Math.max(0, (now() - this.#clock) / 1000 - video.currentTime), exact: true }
    const { buffered } = video
    return buffered.length > 0 ? { seconds: Math.max(0, buffered.end(buffered.length - 1) - video.currentTime), exact: false } : undefined
  }

  received() {
    return this.#received
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    if (this.#stopped) return
    if (typeof data !== 'string') {
      this.#received += data.byteLength
      this.#waitingBytes += data.byteLength
      // what was buffered before we came was stamped before we came
      if (performance.now() - this.#opened > 1000) this.#clock = stampIn(data) ?? this.#clock
    }
    this.#waiting.push(data)
    if (this.#waitingBytes > maxWaiting) this.#end({ text: 'This browser is too slow for the stream.', retry: true })
    else this.#feed()
  }

  #feed() {
    if (this.#source.readyState !== 'open') return
    try {
      while (!this.#stopped && this.#waiting.length > 0 && !this.#buffer?.updating) this.#next(/** @type {string | ArrayBuffer} */ (this.#waiting.shift()))
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error)
      this.#end({ text: `The browser refused the stream: ${message}`, retry: name !== 'NotSupportedError' })
    }
  }

  /** @param {string | ArrayBuffer} data */
  #next(data) {
    const buffer = this.#buffer
    if (typeof data === 'string') {
      if (buffer) buffer.changeType(data)
      else this.#open(data)
      return
    }
    if (!buffer) return
    this.#waitingBytes -= data.byteLength
    try {
      buffer.appendBuffer(data)
    } catch (error) {
      if (/** @type {Error} */ (error).name !== 'QuotaExceededError') throw error
      this.#waiting.unshift(data)
      this.#waitingBytes += data.byteLength
      this.#shorten(buffer, 2)
    }
  }

  /** @param {string} type */
  #open(type) {
    const buffer = this.#source.addSourceBuffer(type)
    this.#buffer = buffer
    let cleaned = performance.now()
    buffer.addEventListener('updateend', () => {
      if (this.#stopped) return
      if (performance.now() - cleaned > 10_000) {
        cleaned = performance.now()
        this.#shorten(buffer, kept)
      }
      this.#feed()
    })
    buffer.addEventListener('error', () => this.#end({ text: `The browser cannot decode this stream (${type}).`, retry: true }))
  }

  /** Removes what is older than `seconds`. @param {SourceBuffer} buffer @param {number} seconds */
  #shorten(buffer, seconds) {
    const until = this.#options.video.currentTime - seconds
    if (!buffer.updating && buffer.buffered.length > 0 && until > buffer.buffered.start(0)) buffer.remove(0, until)
  }

  /** @param {Problem} problem */
  #end(problem) {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.ended(problem)
  }
}

/** What a close says: 4000 + an HTTP status, and the code. @param {string} path @param {CloseEvent} event @returns {Problem} */
function closing(path, { code, reason }) {
  if (code === 4401 || code === 4403) return { text: `You may not watch ${path}.`, retry: false, login: true }
  if (code === 4404) return { text: `There is no stream ${path}.`, retry: true }
  if (code === 4415) return { text: `fMP4 does not carry what ${path} is made of.`, retry: false }
  if (code === 1000) return { text: `${path} ended.`, retry: true }
  return { text: reason ? `The node ended it: ${reason}.` : `The connection to ${path} broke.`, retry: true }
}

/** Seconds from 1900 to 1970. */
const ntpEpoch = 2_208_988_800

/** The newest stamp (`prft`) among the boxes of a message: wall clock less media time, ms. @param {ArrayBuffer} data */
export function stampIn(data) {
  const view = new DataView(data)
  let clock
  for (let at = 0; at + 8 <= data.byteLength; ) {
    const size = view.getUint32(at)
    // "prft", version 1
    if (view.getUint32(at + 4) === 0x70726674 && size === 32 && at + 32 <= data.byteLength) {
      const wall = (view.getUint32(at + 16) - ntpEpoch + view.getUint32(at + 20) / 2 ** 32) * 1000
      clock = wall - Number(view.getBigUint64(at + 24)) / 90
    }
    if (size < 8) break
    at += size
  }
  return clock
}
