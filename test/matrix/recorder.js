/**
 * Runs in a page before its own scripts: keeps what players hand to the browser's decoders, what is shown of it, and what an encoder of
 * the browser sends. Bytes are those after the network and before the decoder, so that they can be compared with the clip.
 */

/** One coded frame of WebRTC. `time`: ticks of RTP; `at`: ms, when it passed. @typedef {{ readonly data: ArrayBuffer, readonly time: number, readonly at: number }} Coded */

/** Blocks of the picture's number, px. */
const block = 16
const bits = 12

const recording = {
  /** What was appended, by source buffer. @type {BufferSource[][]} */
  appended: [],
  /** Frames of WebRTC that came or went, by kind. @type {Record<string, Coded[]>} */
  coded: { video: [], audio: [] },
  /** Pictures that were shown: number as drawn, time in s. @type {[number: number, time: number][]} */
  shown: [],
  /** Times that the player went elsewhere after the first picture: to the live edge, as it fell behind. */
  jumps: 0,
  /** @type {RTCPeerConnection | undefined} */
  connection: undefined,
}

/** @param {ArrayBuffer | ArrayBufferView} data */
function text(data) {
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  let all = ''
  for (let at = 0; at < bytes.length; at += 8192) all += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(all)
}

/** Keeps a copy of each frame that passes. @param {RTCRtpSender | RTCRtpReceiver} end @param {string} kind */
function tap(end, kind) {
  const { readable, writable } = /** @type {{ createEncodedStreams(): { readable: ReadableStream, writable: WritableStream } }} */ (
    /** @type {unknown} */ (end)
  ).createEncodedStreams()
  const frames = recording.coded[kind] ?? []
  const copy = new TransformStream({
    transform(frame, out) {
      frames.push({ data: frame.data.slice(0), time: frame.getMetadata().rtpTimestamp ?? frame.timestamp, at: performance.now() })
      out.enqueue(frame)
    },
  })
  void readable.pipeThrough(copy).pipeTo(writable)
}

const append = SourceBuffer.prototype.appendBuffer
/** @type {Map<SourceBuffer, BufferSource[]>} */
const buffers = new Map()
SourceBuffer.prototype.appendBuffer = function (data) {
  let kept = buffers.get(this)
  if (!kept) {
    kept = []
    buffers.set(this, kept)
    recording.appended.push(kept)
  }
  append.call(this, data)
  kept.push(data instanceof ArrayBuffer ? data.slice(0) : data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
}

globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  /** @param {RTCConfiguration} [configuration] */
  constructor(configuration) {
    super(/** @type {RTCConfiguration} */ ({ ...configuration, encodedInsertableStreams: true }))
    recording.connection = this
    this.addEventListener('track', ({ receiver, track }) => tap(receiver, track.kind))
  }

  /** @override @param {MediaStreamTrack | string} track @param {RTCRtpTransceiverInit} [init] */
  addTransceiver(track, init) {
    const transceiver = super.addTransceiver(track, init)
    if (typeof track !== 'string') tap(transceiver.sender, track.kind)
    return transceiver
  }
}

/** The number that is drawn in a picture. @param {VideoFrame} frame @param {OffscreenCanvasRenderingContext2D} picture */
function numberIn(frame, picture) {
  const { width } = picture.canvas
  picture.drawImage(frame, 0, 0, width, block, 0, 0, width, block)
  const { data } = picture.getImageData(0, block / 2, width, 1)
  let number = 0
  for (let bit = 0; bit < bits; bit++) if ((data[(bit * block + block / 2) * 4] ?? 0) > 127) number |= 1 << bit
  return number
}

addEventListener('DOMContentLoaded', () => {
  const video = document.querySelector('video')
  const canvas = new OffscreenCanvas(block * bits, block)
  const picture = canvas.getContext('2d', { willReadFrequently: true })
  if (!video || !picture) return
  const look = () => {
    // its own time: that of the callback may be of the picture before, as another can be shown until it is drawn
    const frame = new VideoFrame(video)
    const { rtpTimestamp } = /** @type {{ metadata(): { rtpTimestamp?: number } }} */ (/** @type {unknown} */ (frame)).metadata()
    const time = rtpTimestamp === undefined ? frame.timestamp / 1e6 : rtpTimestamp / 90_000
    if (time !== recording.shown.at(-1)?.[1]) recording.shown.push([numberIn(frame, picture), time])
    frame.close()
    video.requestVideoFrameCallback(look)
  }
  video.requestVideoFrameCallback(look)
  video.addEventListener('seeking', () => {
    if (recording.shown.length > 0) recording.jumps++
  })
})

/** Reports of what comes by WebRTC. @returns {Promise<Record<string, any>[]>} */
async function inboundReports() {
  return [...((await recording.connection?.getStats()) ?? new Map()).values()].filter(({ type }) => type === 'inbound-rtp')
}

/** Seconds by which the sound that plays now is of a later moment than the picture, by the reports of the sender; undefined where there is one of them. */
async function lipSync() {
  const inbound = await inboundReports()
  const [video, audio] = ['video', 'audio'].map((kind) => inbound.find((report) => report['kind'] === kind)?.['estimatedPlayoutTimestamp'])
  return video && audio ? (audio - video) / 1000 : undefined
}

Object.assign(globalThis, {
  shoalRecording: {
    /** How far it is: seconds of pictures that came, or that were shown. */
    progress() {
      const { coded, shown } = recording
      const frames = coded['video'] ?? []
      if (frames.length > 0) return ((frames.at(-1)?.time ?? 0) - (frames[0]?.time ?? 0)) / 90_000
      return (shown.at(-1)?.[1] ?? 0) - (shown[0]?.[1] ?? 0)
    },
    lipSync,
    /** All of it, bytes as base64. */
    async take() {
      const video = document.querySelector('video')
      const inbound = await inboundReports()
      const coded = Object.entries(recording.coded).map(([kind, frames]) => [kind, frames.map(({ data, time, at }) => ({ data: text(data), time, at }))])
      const picture = inbound.find(({ kind }) => kind === 'video')
      const quality = video?.getVideoPlaybackQuality()
      return {
        appended: recording.appended.map((parts) => parts.map((part) => text(part))),
        coded: Object.fromEntries(coded),
        shown: recording.shown,
        jumps: recording.jumps,
        size: `${video?.videoWidth}x${video?.videoHeight}`,
        decoded: picture?.framesDecoded ?? quality?.totalVideoFrames ?? 0,
        lost: inbound.reduce((sum, { packetsLost = 0 }) => sum + packetsLost, 0),
      }
    },
  },
})
