/**
 * Plays one stream of this daemon with mpegts.js: `player?path=live/cam`. `via=ws` takes it over WebSocket; every other
 * parameter is handed on to the stream's address. `document.body.dataset.state` is idle, connecting, playing, waiting or failed.
 */

const video = document.getElementById('video')
const status = document.getElementById('status')
const stats = document.getElementById('stats')
const query = new URLSearchParams(location.search)
const path = (query.get('path') ?? '').replace(/^\/+|\/+$/g, '')

/** Seconds until the next try, after a stream ended or failed. */
const retryDelay = 2

let player
let retry
let statistics = {}

function show(state, text) {
  document.body.dataset.state = state
  status.textContent = text
}

/** The stream's address, beside the page: the daemon may stand behind a proxy with a prefix. */
function address() {
  const url = new URL(`../${path.split('/').map(encodeURIComponent).join('/')}.flv`, location.href)
  for (const [name, value] of query) if (name !== 'path' && name !== 'via') url.searchParams.append(name, value)
  if (query.get('via') === 'ws') url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

/** Follow the live edge: a little faster when the buffer grows, a jump when it is far too long. */
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

function stop() {
  clearTimeout(retry)
  const old = player
  player = undefined
  if (!old) return
  old.unload()
  old.detachMediaElement()
  old.destroy()
}

function again(text) {
  stop()
  show('waiting', `${text} Next try in ${retryDelay} s.`)
  retry = setTimeout(play, retryDelay * 1000)
}

function play() {
  stop()
  if (!globalThis.mpegts?.isSupported()) {
    show('failed', 'This browser has no Media Source Extensions, which live FLV needs.')
    return
  }
  show('connecting', `Connecting to ${path} …`)
  const { Events } = globalThis.mpegts
  const mine = globalThis.mpegts.createPlayer({ type: 'flv', isLive: true, url: address() }, config)
  player = mine
  mine.on(Events.ERROR, (type, detail, info) => player === mine && again(problem(type, detail, info)))
  mine.on(Events.LOADING_COMPLETE, () => player === mine && again(`${path} ended.`))
  mine.on(Events.STATISTICS_INFO, (info) => {
    statistics = info
  })
  mine.attachMediaElement(video)
  mine.load()
  // A browser may refuse to play before a click; the controls are there for it.
  mine.play()?.catch(() => player === mine && show('waiting', 'Press play to watch.'))
}

function problem(type, detail, info) {
  if (info?.code === 404) return `There is no stream ${path}.`
  if (info?.code === 401 || info?.code === 403) return `You may not watch ${path}.`
  if (type === 'NetworkError') return `No connection to ${path}.`
  return `${path} cannot be played: ${info?.msg ?? detail}.`
}

function row(name, value) {
  const box = document.createElement('div')
  const term = document.createElement('dt')
  const text = document.createElement('dd')
  term.textContent = name
  text.textContent = value
  box.append(term, text)
  return box
}

/** Seconds of media that wait to be played. */
function buffered() {
  const { buffered, currentTime } = video
  return buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0
}

function refresh() {
  const info = player?.mediaInfo ?? {}
  const quality = video.getVideoPlaybackQuality?.() ?? {}
  stats.replaceChildren(
    row('Picture', video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : '–'),
    row('Codecs', [info.videoCodec, info.audioCodec].filter(Boolean).join(', ') || '–'),
    row('Rate', statistics.speed === undefined ? '–' : `${Math.round(statistics.speed * 8)} kbit/s`),
    row('Buffer', `${buffered().toFixed(2)} s`),
    row('Time', `${video.currentTime.toFixed(1)} s`),
    row('Frames', `${quality.totalVideoFrames ?? 0}, ${quality.droppedVideoFrames ?? 0} dropped`),
  )
}

video.addEventListener('playing', () => show('playing', `Playing ${path}, live.`))
video.addEventListener('waiting', () => player && show('connecting', `Waiting for ${path} …`))
video.addEventListener('pause', () => player && show('waiting', 'Paused.'))

if (path) {
  document.getElementById('path').value = path
  document.title = `${path} · Shoal`
  play()
  setInterval(refresh, 500)
  refresh()
}
