/** The publish page: camera or screen and a microphone, sent to this node by WHIP. `document.body.dataset.state` is as on the watch page. */

import { codecName } from './carry.js'
import { Feed } from './feed.js'
import { element, isTrusted, make, rate, setText, showRows } from './page.js'
import { negotiate, Refusal } from './rtc.js'
import { Session } from './session.js'
import { ByteRate } from './stats.js'

const video = element('video', HTMLVideoElement)
const statusLine = element('status', HTMLElement)
const settings = element('settings', HTMLFormElement)
const login = element('login', HTMLFormElement)
const camera = element('camera', HTMLSelectElement)
const microphone = element('microphone', HTMLSelectElement)
const codec = element('codec', HTMLSelectElement)
const stopButton = element('stop', HTMLButtonElement)
const startButton = element('start', HTMLButtonElement)

/** What other players of this node understand best comes first. */
const codecs = ['H264', 'VP8', 'VP9', 'AV1', 'H265']
/** ms between tries after a break. */
const delays = [500, 1000, 2000, 4000, 8000]

const session = new Session()
const feed = new Feed(session, () => setText(element('node', HTMLElement), feed.line?.node ?? ''))

/** @type {{ readonly media: MediaStream, readonly aborter: AbortController, connection?: RTCPeerConnection | undefined, leave?: (() => void) | undefined } | undefined} */
let running
let tries = 0

/** @param {string} state @param {string} text */
function show(state, text) {
  document.body.dataset.state = state
  setText(statusLine, text)
}

/** Why no picture or sound can be had here at all. */
function obstacle() {
  if (!globalThis.RTCPeerConnection) return 'This browser has no WebRTC.'
  if (!isTrusted || !navigator.mediaDevices?.getUserMedia) {
    return `Browsers give camera and microphone only to pages from https or from localhost, and this one is ${location.origin}. Open it by https, or as http://localhost:${location.port || 80}/ on the node itself.`
  }
  return undefined
}

/** Names stand there once the person has agreed to camera and microphone. */
async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices()
  for (const [select, kind] of /** @type {const} */ ([
    [camera, 'videoinput'],
    [microphone, 'audioinput'],
  ])) {
    for (const option of select.querySelectorAll('option[data-device]')) option.remove()
    const chosen = select.value
    const found = devices.filter((device) => device.kind === kind && device.deviceId && device.label)
    for (const { deviceId, label } of found) {
      const option = make('option', { value: `id:${deviceId}` }, label)
      option.dataset['device'] = 'yes'
      select.append(option)
    }
    select.value = chosen
  }
}

function listCodecs() {
  const known = globalThis.RTCRtpSender?.getCapabilities?.('video')?.codecs ?? []
  const offered = codecs.filter((name) => known.some(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`.toLowerCase()))
  codec.replaceChildren(...offered.map((name) => make('option', { value: name }, name.replace(/^H/, 'H.'))))
}

/** @returns {Promise<MediaStream>} */
async function capture() {
  const height = Number(element('size', HTMLSelectElement).value)
  const size = { width: { ideal: Math.round((height * 16) / 9) }, height: { ideal: height }, frameRate: { ideal: 30 } }
  const audio = microphone.value === 'none' ? false : { ...deviceOf(microphone.value) }
  if (camera.value === 'screen') {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: size, audio: microphone.value !== 'none' })
    if (screen.getAudioTracks().length === 0 && audio) {
      const { 0: voice } = (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks()
      if (voice) screen.addTrack(voice)
    }
    return screen
  }
  const picture = camera.value === 'none' ? false : { ...size, ...deviceOf(camera.value) }
  if (!picture && !audio) throw new Error('Choose a picture or a sound.')
  return await navigator.mediaDevices.getUserMedia({ video: picture, audio })
}

/** @param {string} value @returns {MediaTrackConstraints} */
function deviceOf(value) {
  return value.startsWith('id:') ? { deviceId: { exact: value.slice(3) } } : {}
}

/** What a browser's refusal means. @param {unknown} error */
function explain(error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  if (name === 'NotAllowedError') return 'Camera or microphone were not permitted. Permit them in the address bar of the browser, then try again.'
  if (name === 'NotFoundError') return 'There is no such camera or microphone here.'
  if (name === 'NotReadableError') return 'The camera or microphone is used by another program.'
  if (name === 'OverconstrainedError') return 'The camera or microphone that was chosen is gone, or cannot do this size.'
  return message
}

async function start() {
  const why = obstacle()
  if (why) return show('failed', why)
  stop()
  show('connecting', 'Asking for camera and microphone …')
  /** @type {MediaStream} */
  let media
  try {
    media = await capture()
  } catch (error) {
    return show('failed', explain(error))
  }
  running = { media, aborter: new AbortController() }
  video.srcObject = media
  startButton.disabled = true
  stopButton.disabled = false
  tries = 0
  for (const track of media.getTracks())
    track.addEventListener(
      'ended',
      () =>
        running?.media === media && stop(`The ${track.kind === 'video' ? 'picture' : 'sound'} ended: its device is gone, or it was stopped in the browser.`),
    )
  void listDevices()
  await connect(running)
}

/** @param {NonNullable<typeof running>} run */
async function connect(run) {
  const path = element('path', HTMLInputElement).value.replace(/^\/+|\/+$/g, '')
  show('connecting', `Publishing ${path} …`)
  const connection = new RTCPeerConnection()
  run.connection = connection
  try {
    for (const track of run.media.getTracks()) {
      const transceiver = connection.addTransceiver(track, { direction: 'sendonly', streams: [run.media] })
      if (track.kind === 'video') prefer(transceiver)
    }
    connection.addEventListener('connectionstatechange', () => run === running && run.connection === connection && follow(run, connection, path))
    run.leave = (await negotiate(connection, session.address(path, '/whip'), session, run.aborter.signal)).end
    if (run !== running) run.leave()
    await limit(connection)
  } catch (error) {
    connection.close()
    if (run !== running) return
    if (error instanceof Refusal && error.status < 500) {
      stop()
      show('failed', error.message)
      login.hidden = error.status !== 401 && error.status !== 403
    } else retry(run, error instanceof Error ? error.message : String(error))
  }
}

/** @param {NonNullable<typeof running>} run @param {RTCPeerConnection} connection @param {string} path */
function follow(run, connection, path) {
  const { connectionState } = connection
  if (connectionState === 'connected') {
    tries = 0
    show('playing', `Publishing ${path}, live.`)
    const link = element('playlink', HTMLAnchorElement)
    link.href = `./?${new URLSearchParams({ path })}`
    element('play', HTMLElement).hidden = false
  } else if (connectionState === 'failed' || connectionState === 'closed') retry(run, 'The connection to the node broke.')
}

/** @param {NonNullable<typeof running>} run @param {string} why */
function retry(run, why) {
  run.connection?.close()
  run.leave?.()
  run.leave = undefined
  const delay = delays[Math.min(tries++, delays.length - 1)] ?? 1000
  show('waiting', `${why} Next try in ${delay / 1000} s.`)
  setTimeout(() => run === running && connect(run), delay)
}

/** The chosen codec first; the rest stays, for a node that does not take it. @param {RTCRtpTransceiver} transceiver */
function prefer(transceiver) {
  const known = RTCRtpSender.getCapabilities('video')?.codecs ?? []
  /** @param {{ mimeType: string }} one */
  const isChosen = ({ mimeType }) => mimeType.toLowerCase() === `video/${codec.value}`.toLowerCase()
  if (known.some(isChosen)) transceiver.setCodecPreferences([...known.filter(isChosen), ...known.filter((one) => !isChosen(one))])
}

/** @param {RTCPeerConnection} connection */
async function limit(connection) {
  const maxBitrate = Number(element('bitrate', HTMLInputElement).value) * 1000
  for (const sender of connection.getSenders()) {
    if (sender.track?.kind !== 'video') continue
    const parameters = sender.getParameters()
    for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate
    await sender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' })
  }
}

/** @param {string} [why] */
function stop(why) {
  const run = running
  running = undefined
  startButton.disabled = false
  stopButton.disabled = true
  element('play', HTMLElement).hidden = true
  if (!run) return
  run.aborter.abort()
  run.leave?.()
  run.connection?.close()
  for (const track of run.media.getTracks()) track.stop()
  video.srcObject = null
  show('idle', why ?? 'Stopped.')
}

const sent = new ByteRate()

async function refresh() {
  const connection = running?.connection
  if (!connection || connection.connectionState === 'closed') return showRows(element('stats', HTMLDListElement), [])
  const reports = [...(await connection.getStats()).values()]
  const out = reports.filter(({ type }) => type === 'outbound-rtp')
  const picture = out.find(({ kind }) => kind === 'video')
  const far = reports.find(({ type, kind }) => type === 'remote-inbound-rtp' && kind === (picture ? 'video' : 'audio'))
  sent.see(out.reduce((sum, { bytesSent = 0 }) => sum + bytesSent, 0))
  const used = out.map(({ codecId }) => reports.find(({ id }) => id === codecId)?.mimeType?.split('/')[1]).filter(Boolean)
  showRows(element('stats', HTMLDListElement), [
    ['Picture', picture?.frameWidth ? `${picture.frameWidth}×${picture.frameHeight}, ${Math.round(picture.framesPerSecond ?? 0)} fps` : '–'],
    ['Codecs', used.map((name) => codecName(name)).join(', ') || '–'],
    ['Bit rate', rate(sent.value)],
    ['Round trip', far?.roundTripTime === undefined ? '–' : `${Math.round(far.roundTripTime * 1000)} ms`],
    ['Lost', far?.packetsLost === undefined ? '–' : `${far.packetsLost} packets`],
    ['Held back by', picture?.qualityLimitationReason && picture.qualityLimitationReason !== 'none' ? picture.qualityLimitationReason : '–'],
  ])
}

settings.addEventListener('submit', (event) => {
  event.preventDefault()
  void start()
})
stopButton.addEventListener('click', () => stop())
login.addEventListener('submit', (event) => {
  event.preventDefault()
  const user = element('user', HTMLInputElement).value.trim()
  const password = element('password', HTMLInputElement).value
  session.login(user ? { user, password } : { token: password.trim() })
  element('password', HTMLInputElement).value = ''
  login.hidden = true
  feed.follow('')
  void start()
})
addEventListener('pagehide', () => stop())

element('path', HTMLInputElement).value = new URLSearchParams(location.search).get('path') ?? ''
const why = obstacle()
if (why) show('failed', why)
else void listDevices().catch(() => {})
listCodecs()
feed.follow('')
setInterval(() => void refresh().catch(() => {}), 1000)
