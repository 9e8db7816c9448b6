/** FLV over HTTP, taken apart by mpegts.js. */

/** @typedef {import('./mp4.js').Player} Player */
/** @typedef {import('./mp4.js').PlayerOptions} PlayerOptions */
/** @typedef {(typeof import('mpegts.js'))['default']} Mpegts */

/** Follows the live edge: a little faster when the buffer grows, a jump when it is far too long. */
const config = {
  isLive: true,
  enableStashBuffer: false,
  lazyLoad: false,
  autoCleanupSourceBuffer: true,
  autoCleanupMaxBackwardDuration: 30,
  autoCleanupMinBackwardDuration: 10,
  liveSync: true,
  liveSyncMaxLatency: 1.2,
  liveSyncTargetLatency: 0.6,
  liveSyncPlaybackRate: 1.2,
  liveBufferLatencyChasing: true,
  liveBufferLatencyMaxLatency: 3,
  liveBufferLatencyMinRemain: 0.5,
}

/** @type {Promise<Mpegts> | undefined} */
let library

/** The library, which is a script of the old kind. @returns {Promise<Mpegts>} */
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = 'lib/mpegts.js'
    script.addEventListener('load', () => resolve(/** @type {{ mpegts?: Mpegts }} */ (globalThis).mpegts ?? /** @type {never} */ (undefined)))
    script.addEventListener('error', () => {
      library = undefined
      script.remove()
      reject(new Error('The FLV player could not be loaded.'))
    })
    document.head.append(script)
  })
  return library
}

/** @implements {Player} */
export class FlvPlayer {
  #options
  /** @type {ReturnType<Mpegts['createPlayer']> | undefined} */
  #player
  #received = 0
  #stopped = false

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options
    this.#run().catch((error) => this.#end({ text: String(error.message), retry: true }))
  }

  stop() {
    this.#stopped = true
    const player = this.#player
    this.#player = undefined
    if (!player) return
    player.unload()
    player.detachMediaElement()
    player.destroy()
  }

  latency() {
    const { buffered, currentTime } = this.#options.video
    return buffered.length > 0 ? { seconds: Math.max(0, buffered.end(buffered.length - 1) - currentTime), exact: false } : undefined
  }

  received() {
    return this.#received
  }

  async #run() {
    const mpegts = await load()
    if (this.#stopped) return
    mpegts.LoggingControl.enableAll = false
    const { video, session, path, plays } = this.#options
    const url = session.address(path, '.flv', plays.length === 1 ? { tracks: plays.join() } : {}).href
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, url }, { ...config, headers: session.headers })
    this.#player = player
    const { Events } = mpegts
    player.on(Events.ERROR, (/** @type {string} */ type, /** @type {string} */ detail, /** @type {{ code?: number, msg?: string }} */ info) => {
      this.#end(problem(path, type, detail, info))
    })
    player.on(Events.LOADING_COMPLETE, () => this.#end({ text: `${path} ended.`, retry: true }))
    player.on(Events.STATISTICS_INFO, (/** @type {{ speed?: number }} */ { speed }) => {
      // kB/s, every 0.6 s
      this.#received += (speed ?? 0) * 1024 * 0.6
    })
    player.attachMediaElement(video)
    player.load()
  }

  /** @param {import('./mp4.js').Problem} why */
  #end(why) {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.ended(why)
  }
}

/** @param {string} path @param {string} type @param {string} detail @param {{ code?: number, msg?: string }} [info] @returns {import('./mp4.js').Problem} */
function problem(path, type, detail, info) {
  if (info?.code === 404) return { text: `There is no stream ${path}.`, retry: true }
  if (info?.code === 401 || info?.code === 403) return { text: `You may not watch ${path}.`, retry: false, login: true }
  if (info?.code === 415) return { text: `FLV does not carry what ${path} is made of.`, retry: false }
  if (type === 'NetworkError') return { text: `The connection to ${path} broke.`, retry: true }
  return { text: `${path} cannot be played: ${info?.msg ?? detail}.`, retry: type !== 'MediaError' }
}
