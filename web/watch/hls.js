/** HLS and Low-Latency HLS: by hls.js, or by the browser's own player where there are no Media Source Extensions. */

import { isNativeHls, thisBrowser } from './carry.js'

/** @typedef {import('./mp4.js').Player} Player */
/** @typedef {import('./mp4.js').PlayerOptions} PlayerOptions */

/** Seconds behind where the playlist says to be. hls.js plays a little faster by itself; when that is not enough, this jumps. */
const jump = 3

/** @implements {Player} */
export class HlsPlayer {
  #options
  /** @type {import('hls.js').default | undefined} */
  #hls
  #received = 0
  #stopped = false
  #stayLive = () => {}

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options
    const { path, plays, session } = options
    const url = session.address(path, '.m3u8', plays.length === 1 ? { tracks: plays.join() } : {})
    const run = isNativeHls(thisBrowser()) ? this.#native(url) : this.#script(url)
    run.catch((error) => this.#end({ text: String(error.message), retry: true }))
  }

  stop() {
    this.#stopped = true
    this.#stayLive()
    this.#hls?.destroy()
    this.#options.video.removeAttribute('src')
    this.#options.video.load()
  }

  latency() {
    const hls = this.#hls
    const { video, now } = this.#options
    const date = hls?.playingDate ?? started(video)
    if (date) return { seconds: Math.max(0, (now() - date.getTime()) / 1000), exact: true }
    return hls && Number.isFinite(hls.latency) && hls.latency > 0 ? { seconds: hls.latency, exact: false } : undefined
  }

  received() {
    return this.#received
  }

  /** @param {URL} url */
  async #native(url) {
    const { video, session, path } = this.#options
    video.addEventListener(
      'error',
      () => this.#end({ text: `${path} cannot be played: ${video.error?.message || 'the browser does not say why'}.`, retry: true }),
      {
        once: true,
      },
    )
    video.src = session.signed(url).href
  }

  /** @param {URL} url */
  async #script(url) {
    // served beside this file; a name that is not written out, so that no build looks for it
    const file = new URL('lib/hls.js', location.href).href
    const { default: Hls } = /** @type {typeof import('hls.js')} */ (await import(file))
    if (this.#stopped) return
    const { video, session, path } = this.#options
    const hls = new Hls({
      // a worker would need scripts made of text, which the page's policy forbids; fragments are handed on as they are
      enableWorker: false,
      lowLatencyMode: true,
      backBufferLength: 20,
      maxLiveSyncPlaybackRate: 1.2,
      xhrSetup: (request) => {
        for (const [name, value] of Object.entries(session.headers)) request.setRequestHeader(name, value)
      },
    })
    this.#hls = hls
    const { Events, ErrorDetails } = Hls
    hls.on(Events.FRAG_LOADED, (_, { frag, part }) => {
      this.#received += (part ?? frag).stats.loaded
    })
    hls.on(Events.ERROR, (_, { fatal, details, response }) => {
      if (!fatal) return
      if (response?.code === 401 || response?.code === 403) this.#end({ text: `You may not watch ${path}.`, retry: false, login: true })
      else if (response?.code === 404) this.#end({ text: `There is no stream ${path}.`, retry: true })
      else if (response?.code === 415) this.#end({ text: `HLS does not carry what ${path} is made of.`, retry: false })
      else this.#end({ text: `${path} cannot be played: ${details}.`, retry: details !== ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR })
    })
    // an ended stream may begin again, which a playlist with an end never does
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => !details.live && this.#end({ text: `${path} ended.`, retry: true }))
    hls.loadSource(url.href)
    hls.attachMedia(video)
    const timer = setInterval(() => {
      const wanted = hls.liveSyncPosition
      if (wanted !== null && !video.paused && wanted - video.currentTime > jump) video.currentTime = wanted
    }, 500)
    this.#stayLive = () => clearInterval(timer)
  }

  /** @param {import('./mp4.js').Problem} why */
  #end(why) {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.ended(why)
  }
}

/** The date of what Safari shows, where the playlist has dates. @param {HTMLVideoElement} video @returns {Date | undefined} */
function started(video) {
  const start = /** @type {{ getStartDate?(): Date }} */ (video).getStartDate?.()
  return start && !Number.isNaN(start.getTime()) ? new Date(start.getTime() + video.currentTime * 1000) : undefined
}
