/** Which way a stream can be watched: what the protocol carries, what this browser plays, what the node offers. */

/** @typedef {import('./feed.js').Track} Track */
/** @typedef {import('./feed.js').Version} Version */
/** @typedef {'webrtc' | 'fmp4' | 'hls' | 'flv'} Via */
/** `plays`: kinds of tracks that will be seen and heard. `lacks`: why the others will not. `version`: the path that is played instead of the stream's own. @typedef {{ readonly via: Via, readonly plays: readonly string[], readonly lacks: readonly string[], readonly version?: string }} Judgement */

/** What a browser can do; tests hand over others. @typedef {{ mse(type: string): boolean, native(type: string): boolean, rtc(mime: string): boolean, readonly hasMse: boolean, readonly hasRtc: boolean }} Browser */

/**
 * @typedef {object} Protocol
 * @property {string} name
 * @property {string} format extension that the node must answer
 * @property {readonly RegExp[]} carries codecs
 */

const usual = [/^avc[13]\./, /^(hvc1|hev1)\./, /^av01\./, /^vp09\./, /^mp4a\./, /^mp3$/, /^opus$/]

/** In the order in which they are tried: the least latency first. @type {Readonly<Record<Via, Protocol>>} */
export const protocols = {
  webrtc: { name: 'WebRTC', format: 'whep', carries: [/^avc[13]\./, /^(hvc1|hev1)\./, /^av01\./, /^vp8$/, /^vp09\./, /^opus$/, /^alaw$/, /^ulaw$/] },
  fmp4: { name: 'fMP4', format: 'mp4', carries: usual },
  hls: { name: 'LL-HLS', format: 'm3u8', carries: usual },
  // mpegts.js reads no VP9
  flv: { name: 'FLV', format: 'flv', carries: usual.filter((codec) => !codec.test('vp09.')) },
}

/** @type {readonly Via[]} */
export const order = ['webrtc', 'fmp4', 'hls', 'flv']

const names = [
  [/^avc[13]\./, 'H.264', 'video/H264'],
  [/^(hvc1|hev1)\./, 'H.265', 'video/H265'],
  [/^av01\./, 'AV1', 'video/AV1'],
  [/^vp8$/, 'VP8', 'video/VP8'],
  [/^vp09\./, 'VP9', 'video/VP9'],
  [/^mp4a\.40\./, 'AAC', ''],
  [/^(mp3|mp4a\.6[9b])$/i, 'MP3', ''],
  [/^opus$/, 'Opus', 'audio/opus'],
  [/^alaw$/, 'G.711 A-law', 'audio/PCMA'],
  [/^ulaw$/, 'G.711 µ-law', 'audio/PCMU'],
].map(([pattern, name, mime]) => ({ pattern: /** @type {RegExp} */ (pattern), name: String(name), mime: String(mime) }))

/** A codec for people: `H.264`. @param {string} codec */
export function codecName(codec) {
  return names.find(({ pattern }) => pattern.test(codec))?.name ?? codec
}

/** Media Source Extensions, also in the form of an iPhone. @returns {typeof MediaSource | undefined} */
export function mediaSource() {
  const { MediaSource: usual, ManagedMediaSource: managed } = /** @type {{ MediaSource?: typeof MediaSource, ManagedMediaSource?: typeof MediaSource }} */ (
    globalThis
  )
  return managed ?? usual
}

/** This browser. @returns {Browser} */
export function thisBrowser() {
  const source = mediaSource()
  const video = document.createElement('video')
  const rtc = ['video', 'audio'].flatMap((kind) => globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs ?? [])
  return {
    hasMse: source !== undefined,
    hasRtc: globalThis.RTCPeerConnection !== undefined,
    mse: (type) => source?.isTypeSupported(type) === true,
    native: (type) => video.canPlayType(type) !== '',
    rtc: (mime) => rtc.some(({ mimeType }) => mimeType.toLowerCase() === mime.toLowerCase()),
  }
}

/** Can HLS be left to the browser's own player? It is, where there is nothing else. @param {Browser} browser */
export function isNativeHls(browser) {
  return !browser.hasMse && browser.native('application/vnd.apple.mpegurl')
}

/**
 * Judges one protocol for a stream, and for its versions in other codecs where something of it would be missing.
 * @param {Via} via @param {readonly Track[]} tracks @param {readonly string[]} formats of the node @param {Browser} browser
 * @param {readonly Version[]} [versions]
 * @returns {Judgement}
 */
export function judge(via, tracks, formats, browser, versions = []) {
  const own = judgeTracks(via, tracks, formats, browser)
  if (own.lacks.length === 0 || obstacleOf(via, formats, browser)) return own
  const others = versions.map((version) => ({ ...judgeTracks(via, changed(tracks, version), formats, browser), version: version.path }))
  const most = Math.max(0, ...others.map(share))
  return (most > share(own) && others.find((other) => share(other) === most)) || own
}

/** Tracks as they are in a version. @param {readonly Track[]} tracks @param {Version} version @returns {readonly Track[]} */
function changed(tracks, version) {
  return tracks.map((track) => (track.kind === 'data' ? track : { ...track, codec: version[track.kind] ?? track.codec }))
}

/** How much of a stream is seen and heard. @param {Judgement} judgement */
function share({ plays, lacks }) {
  return plays.length === 0 ? 0 : lacks.length === 0 ? 3 : plays.includes('video') ? 2 : 1
}

/** @param {Via} via @param {readonly Track[]} tracks @param {readonly string[]} formats @param {Browser} browser @returns {Judgement} */
function judgeTracks(via, tracks, formats, browser) {
  const wanted = tracks.filter(({ kind }) => kind !== 'data')
  const obstacle = obstacleOf(via, formats, browser)
  if (obstacle) return { via, plays: [], lacks: [obstacle] }
  if (wanted.length === 0) return { via, plays: [], lacks: ['This stream has neither picture nor sound.'] }
  const answers = wanted.map((track) => ({ kind: track.kind, lack: lackOf(via, track, browser) }))
  const plays = [...new Set(answers.filter(({ lack }) => lack === undefined).map(({ kind }) => kind))]
  return { via, plays, lacks: answers.flatMap(({ kind, lack }) => (lack === undefined || plays.includes(kind) ? [] : [lack])) }
}

/** What stands in the way of a protocol whatever the stream is. @param {Via} via @param {readonly string[]} formats @param {Browser} browser */
function obstacleOf(via, formats, browser) {
  const { name, format } = protocols[via]
  if (!formats.includes(format)) return `This node does not offer ${name}.`
  if (via === 'webrtc') return browser.hasRtc ? undefined : 'This browser has no WebRTC.'
  if (browser.hasMse || (via === 'hls' && isNativeHls(browser))) return undefined
  return 'This browser has no Media Source Extensions.'
}

/** Why a track will not be seen or heard. @param {Via} via @param {Track} track @param {Browser} browser */
function lackOf(via, { kind, codec }, browser) {
  const { name, carries } = protocols[via]
  if (!carries.some((pattern) => pattern.test(codec))) return `${name} does not carry ${codecName(codec)}.`
  return canDecode(via, kind, codec, browser)
    ? undefined
    : `This browser does not decode ${codecName(codec)} (${codec})${via === 'webrtc' ? ' by WebRTC' : ''}.`
}

/** @param {Via} via @param {string} kind @param {string} codec @param {Browser} browser */
function canDecode(via, kind, codec, browser) {
  if (via === 'webrtc') return browser.rtc(names.find(({ pattern }) => pattern.test(codec))?.mime ?? '')
  // parameter sets travel beside the pictures
  const spelled = codec
    .replace(/^avc3/, 'avc1')
    .replace(/^hev1/, 'hvc1')
    .replace(/^mp4a\.6[9bB]$/, 'mp3')
  const type = `${kind}/mp4; codecs="${spelled}"`
  return isNativeHls(browser) ? browser.native(type) : browser.mse(type)
}

/**
 * The best of some judgements: picture and sound, as they are before those that the node makes, then the picture alone, then the sound. A missing picture that is there in
 * the stream never passes for a black one: it is the page's to say.
 * @param {readonly Judgement[]} judgements
 * @returns {Judgement | undefined}
 */
export function best(judgements) {
  /** @param {Judgement} judgement */
  const worth = (judgement) => share(judgement) - (judgement.version === undefined ? 0 : 0.5)
  const top = Math.max(0, ...judgements.map(worth))
  return top === 0 ? undefined : judgements.find((judgement) => worth(judgement) === top)
}
