/**
 * The watch page: `?path=live/cam` plays a stream, `&via=webrtc|fmp4|hls|flv` says how. `document.body.dataset` tells state (`idle`,
 * `connecting`, `playing`, `waiting`, `failed`) and `via`.
 */

import { best, codecName, judge, order, protocols, thisBrowser } from './carry.js'
import { Feed } from './feed.js'
import { FlvPlayer } from './flv.js'
import { HlsPlayer } from './hls.js'
import { Mp4Player } from './mp4.js'
import { element, make, rate, setText, showRows } from './page.js'
import { Session } from './session.js'
import { ByteRate, statRows } from './stats.js'
import { WebRtcPlayer } from './webrtc.js'

/** @typedef {import('./carry.js').Via} Via */
/** @typedef {import('./mp4.js').Problem} Problem */

/** @type {Readonly<Record<Via, new (options: import('./mp4.js').PlayerOptions) => import('./mp4.js').Player>>} */
const players = { webrtc: WebRtcPlayer, fmp4: Mp4Player, hls: HlsPlayer, flv: FlvPlayer }

const video = element('video', HTMLVideoElement)
const statusLine = element('status', HTMLElement)
const list = element('streams', HTMLUListElement)
const ways = element('ways', HTMLFieldSetElement)
const login = element('login', HTMLFormElement)
const stats = element('stats', HTMLDListElement)

/** ms between tries. */
const delays = [300, 1000, 2000, 4000, 8000]
/** ms for which a protocol that failed is not chosen again by itself. */
const disgrace = 60_000
/** ms that a picture may stand still while the stream goes on. */
const standstill = 5000

const session = new Session()
const browser = thisBrowser()
const feed = new Feed(session, () => update())

let path = ''
/** @type {Via | 'auto'} */
let wish = 'auto'
/** @type {{ readonly player: import('./mp4.js').Player, readonly via: Via, readonly since: number | undefined, as: string, played: boolean } | undefined} */
let running
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry
let tries = 0
/** The publication that the pending retry is for. @type {number | undefined} */
let retryOf
/** Protocols that failed, until when. @type {Map<Via, number>} */
const failed = new Map()
/** Why, for those that will not come back. @type {Map<Via, string>} */
const reasons = new Map()
/** Text of the codecs that `failed` is about. */
let failedFor = ''
let bytes = new ByteRate()

/** @param {string} state @param {string} text */
function show(state, text) {
  document.body.dataset.state = state
  setText(statusLine, text)
}

/** Reads what the address asks for. */
function open() {
  const query = new URLSearchParams(location.search)
  const via = query.get('via')
  select((query.get('path') ?? '').replace(/^\/+|\/+$/g, ''), order.find((one) => one === via) ?? 'auto')
}

/** @param {string} next @param {Via | 'auto'} how */
function select(next, how) {
  stop()
  path = next
  wish = how
  tries = 0
  failed.clear()
  reasons.clear()
  element('path', HTMLInputElement).value = path
  document.title = path ? `${path} · Shoal` : 'Shoal'
  show(path ? 'connecting' : 'idle', path ? `Connecting to ${path} …` : 'Choose a stream.')
  feed.follow(path)
  if (path) element('viewer', HTMLElement).hidden = false
}

/** Goes there and says so in the address. @param {string} next @param {Via | 'auto'} how */
function go(next, how) {
  const url = new URL(location.href)
  url.search = ''
  url.searchParams.set('path', next)
  if (how !== 'auto') url.searchParams.set('via', how)
  history.pushState(null, '', url)
  select(next, how)
}

function stop() {
  clearTimeout(retry)
  retry = undefined
  const old = running
  running = undefined
  old?.player.stop()
  delete document.body.dataset.via
  delete document.body.dataset.version
}

/** Something of the node or its streams changed. */
function update() {
  const { line } = feed
  setText(element('node', HTMLElement), line ? `${line.node}${feed.state === 'open' ? '' : ' (no connection)'}` : '')
  showStreams()
  if (feed.state === 'refused') return refuse(feed.problem)
  if (!line || !path) return
  showWays()
  // the credentials did: the form is not needed any more
  if (line.asked?.allowed === true) login.hidden = true
  if (line.asked?.path === path && line.asked.allowed !== true) return refuse(line.asked.allowed)
  follow()
}

/** @param {string} why */
function refuse(why) {
  stop()
  show('failed', why)
  login.hidden = false
}

/** Starts what should run and does not. */
function follow() {
  const stream = feed.stream(path)
  const codecs = JSON.stringify(stream?.tracks.map(({ codec }) => codec) ?? failedFor)
  if (codecs !== failedFor) forgive(codecs)
  if (!stream) {
    if (!running && document.body.dataset.state !== 'waiting') missing()
    return
  }
  if (running) {
    const { via } = running
    const { plays } = judgement(via)
    if (plays.length > 0) return
    stop()
  }
  // a publisher that came back is not waited for
  if (retry && retryOf === stream.since) return
  start(stream)
}

/** Another codec, another chance. @param {string} codecs */
function forgive(codecs) {
  failedFor = codecs
  failed.clear()
  reasons.clear()
}

/** @param {Via} via */
function judgement(via) {
  const stream = feed.stream(path)
  const judged = judge(via, stream?.tracks ?? [], feed.line?.formats ?? [], browser, stream?.versions)
  const reason = reasons.get(via)
  return reason ? { ...judged, plays: [], lacks: [reason] } : judged
}

/** There is no such stream yet. It may be one that is pulled when somebody asks. */
function missing() {
  clearTimeout(retry)
  show('waiting', `There is no stream ${path}. It plays as soon as there is one.`)
  const ending = ['mp4', 'flv'].find((format) => feed.line?.formats.includes(format))
  if (!ending) return
  const socket = new WebSocket(session.socket(session.address(path, `.${ending}`)))
  socket.addEventListener('message', () => socket.close())
}

/** @param {import('./feed.js').Stream} stream */
function start(stream) {
  stop()
  const now = performance.now()
  const judged = order.map(judgement)
  const fresh = judged.filter(({ via }) => (failed.get(via) ?? 0) < now)
  const chosen = wish === 'auto' ? (best(fresh) ?? best(judged)) : judged.find(({ via }) => via === wish)
  if (!chosen || chosen.plays.length === 0) {
    const all = judged.map(({ via, lacks }) => `${protocols[via].name}: ${lacks.join(' ')}`)
    show('failed', wish === 'auto' ? `${path} cannot be played here. ${all.join(' ')}` : `${path} cannot be played this way. ${chosen?.lacks.join(' ') ?? ''}`)
    return
  }
  const { via, plays } = chosen
  document.body.dataset.via = via
  if (document.body.dataset.state !== 'waiting') show('connecting', `Connecting to ${path} by ${protocols[via].name} …`)
  bytes = new ByteRate()
  /** @type {import('./mp4.js').Player | undefined} */
  let mine
  const ended = (/** @type {Problem} */ problem) => {
    // also when it fails before its constructor returns
    queueMicrotask(() => running && running.player === mine && again(running, problem))
  }
  const as = chosen.version ?? path
  const instead = (/** @type {string} */ other) => running && running.player === mine && showVersion(running, other, [])
  mine = new players[via]({ video, session, path: as, plays, now: () => feed.now, insist: wish !== 'auto', instead, ended })
  running = { player: mine, via, since: stream.since, as, played: false }
  showVersion(running, as, chosen.lacks)
  video.play().catch((error) => error.name === 'NotAllowedError' && show('waiting', 'Press play to watch.'))
}

/** Says what is missing, and when it is a version in other codecs that plays. @param {NonNullable<typeof running>} now @param {string} as @param {readonly string[]} lacks */
function showVersion(now, as, lacks) {
  now.as = as
  if (as !== path) document.body.dataset.version = as
  const note = as === path ? [] : [`${protocols[now.via].name} does not carry ${path} as it is: this is ${as}, which the node makes of it.`]
  element('lacks', HTMLElement).textContent = [...note, ...lacks].join(' ')
}

/** What ran is over: the same once more, or another protocol. @param {NonNullable<typeof running>} old @param {Problem} problem */
function again({ via, played, since }, problem) {
  stop()
  if (problem.login) return refuse(problem.text)
  if (played) tries = 0
  else failed.set(via, performance.now() + disgrace)
  if (!problem.retry) reasons.set(via, problem.text)
  showWays()
  const other = wish === 'auto' && !played ? best(order.map(judgement).filter((one) => (failed.get(one.via) ?? 0) < performance.now())) : undefined
  const stream = feed.stream(path)
  if (other && stream) return start(stream)
  if (!problem.retry) return show('failed', problem.text)
  const delay = delays[Math.min(tries++, delays.length - 1)] ?? 1000
  show('waiting', problem.text)
  retryOf = since
  retry = setTimeout(() => {
    retry = undefined
    const still = feed.state === 'open' ? feed.stream(path) : undefined
    if (still) start(still)
    else if (feed.state === 'open') missing()
  }, delay)
}

function showStreams() {
  const streams = feed.line?.streams ?? []
  while (list.children.length > streams.length) list.lastElementChild?.remove()
  streams.forEach((stream, i) => {
    const link = list.children[i]?.querySelector('a') ?? list.appendChild(make('li', {}, make('a', {}, make('span', {}), make('small', {})))).querySelector('a')
    if (!link) return
    const media = stream.tracks.map(({ codec, width, height }) => `${codecName(codec)}${width && height ? ` ${width}×${height}` : ''}`)
    setText(link.firstElementChild, stream.path)
    setText(link.lastElementChild, [...media, rate(stream.bitrate), `${stream.viewers} watching`].join(' · '))
    link.href = `?${new URLSearchParams({ path: stream.path })}`
    if (stream.path === path) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  })
  const empty = feed.line ? 'Nobody publishes here now.' : feed.state === 'lost' ? 'The node does not answer.' : 'Asking the node …'
  const more = feed.line?.more ? `${feed.line.more} more are not shown.` : ''
  setText(element('empty', HTMLElement), streams.length === 0 ? empty : more)
}

/** The protocols, and why some are no choice. */
function showWays() {
  const known = feed.stream(path) !== undefined
  for (const via of order) {
    const { plays, lacks, version } = judgement(via)
    const input = element(`via-${via}`, HTMLInputElement)
    input.disabled = known && plays.length === 0
    setText(element(`why-${via}`, HTMLElement), known ? [...lacks, ...(version === undefined ? [] : [`As ${version}.`])].join(' ') : '')
  }
  const chosen = element(`via-${wish}`, HTMLInputElement)
  if (!chosen.checked) chosen.checked = true
}

let lastTime = 0
let lastMoved = performance.now()

/** A picture that stands still although the stream goes on is connected anew. */
function watchOver() {
  const now = performance.now()
  if (video.currentTime !== lastTime || video.paused || document.hidden || !running) {
    lastTime = video.currentTime
    lastMoved = now
  } else if (now - lastMoved > standstill && feed.state === 'open' && (feed.stream(path)?.bitrate ?? 0) > 0) {
    lastMoved = now
    again(running, { text: `The picture of ${path} stood still.`, retry: true })
  }
}

function refresh() {
  watchOver()
  if (running) bytes.see(running.player.received())
  showRows(stats, statRows({ video, player: running?.player, via: running?.via, stream: feed.stream(running?.as ?? path), received: bytes.value }))
}

video.addEventListener('playing', () => {
  if (!running) return
  running.played = true
  show('playing', `Playing ${path} by ${protocols[running.via].name}, live.`)
})
video.addEventListener('waiting', () => running?.played && show('connecting', `Waiting for ${path} …`))
video.addEventListener('pause', () => running && !video.ended && show('waiting', 'Paused.'))
list.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  go(new URL(link.href).searchParams.get('path') ?? '', 'auto')
})
ways.addEventListener('change', (event) => {
  if (event.target instanceof HTMLInputElement) go(path, order.find((via) => `via-${via}` === /** @type {HTMLInputElement} */ (event.target).id) ?? 'auto')
})
element('open', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  go(element('path', HTMLInputElement).value.replace(/^\/+|\/+$/g, ''), 'auto')
})
login.addEventListener('submit', (event) => {
  event.preventDefault()
  const user = element('user', HTMLInputElement).value.trim()
  const password = element('password', HTMLInputElement).value
  session.login(user ? { user, password } : { token: password.trim() })
  element('password', HTMLInputElement).value = ''
  login.hidden = true
  select(path, wish)
})
addEventListener('popstate', open)
addEventListener('pagehide', stop)
addEventListener('pageshow', (event) => event.persisted && open())

open()
setInterval(refresh, 500)
refresh()
