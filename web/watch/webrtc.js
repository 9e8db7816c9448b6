/** WebRTC by WHEP. */

import { negotiate, Refusal } from './rtc.js'

/** @typedef {import('./mp4.js').Player} Player */
/** @typedef {import('./mp4.js').PlayerOptions} PlayerOptions */

/** ms until the first media, and from a break to giving up. */
const patience = 8000

/** @implements {Player} */
export class WebRtcPlayer {
  #options
  #connection = new RTCPeerConnection()
  #aborter = new AbortController()
  #leave = () => {}
  #stopped = false
  #received = 0
  /** @type {import('./mp4.js').Latency | undefined} */
  #latency
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #impatience
  #watch

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options
    const stream = new MediaStream()
    options.video.srcObject = stream
    this.#connection.addEventListener('track', ({ track }) => stream.addTrack(track))
    this.#connection.addEventListener('connectionstatechange', () => this.#follow())
    for (const kind of options.plays) this.#connection.addTransceiver(kind, { direction: 'recvonly' })
    this.#run().catch((error) => this.#fail(error))
    this.#watch = setInterval(() => void this.#measure().catch(() => {}), 500)
  }

  stop() {
    this.#stopped = true
    clearInterval(this.#watch)
    clearTimeout(this.#impatience)
    this.#aborter.abort()
    this.#leave()
    this.#connection.close()
    this.#options.video.srcObject = null
  }

  latency() {
    return this.#latency
  }

  received() {
    return this.#received
  }

  async #run() {
    const { session, path, insist, instead } = this.#options
    this.#wait('no media came; UDP may be blocked')
    const url = session.address(path, '/whep')
    const { end, from } = await negotiate(this.#connection, url, session, this.#aborter.signal, insist)
    if (this.#stopped) return end()
    this.#leave = end
    if (from !== url) instead(session.pathOf(from, '/whep'))
  }

  #follow() {
    const { connectionState } = this.#connection
    if (connectionState === 'connected') clearTimeout(this.#impatience)
    else if (connectionState === 'disconnected') this.#wait('the connection broke')
    else if (connectionState === 'failed') this.#end({ text: 'WebRTC found no way to the node.', retry: true })
    else if (connectionState === 'closed') this.#end({ text: `${this.#options.path} ended.`, retry: true })
  }

  /** @param {string} why */
  #wait(why) {
    clearTimeout(this.#impatience)
    this.#impatience = setTimeout(() => this.#end({ text: `WebRTC: ${why}.`, retry: true }), patience)
  }

  async #measure() {
    const { now } = this.#options
    let bytes = 0
    for (const report of (await this.#connection.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue
      bytes += report.bytesReceived ?? 0
      if (report.kind !== 'video' && this.#options.plays.includes('video')) continue
      // by the sender reports: when what is shown now was sent, on the node's clock
      const shown = report.estimatedPlayoutTimestamp
      const waits = report.jitterBufferEmittedCount > 0 ? report.jitterBufferDelay / report.jitterBufferEmittedCount : undefined
      if (shown) this.#latency = { seconds: Math.max(0, (now() - wall(shown)) / 1000), exact: true }
      else if (waits !== undefined) this.#latency = { seconds: waits, exact: false }
    }
    this.#received = bytes
  }

  /** @param {unknown} error */
  #fail(error) {
    if (error instanceof Refusal) {
      const login = error.status === 401 || error.status === 403
      this.#end({ text: error.message, retry: error.status === 404 || error.status === 409 || error.status >= 500, login })
    } else this.#end({ text: `WebRTC: ${error instanceof Error ? error.message : error}`, retry: true })
  }

  /** @param {import('./mp4.js').Problem} why */
  #end(why) {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.ended(why)
  }
}

/** ms from 1900 to 1970. */
const ntpEpoch = 2_208_988_800_000

/** Browsers give NTP time, from 1900, or their own, from 1970. @param {number} time ms */
function wall(time) {
  return time > 3e12 ? time - ntpEpoch : time
}
