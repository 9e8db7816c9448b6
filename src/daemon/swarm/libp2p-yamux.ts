/**
 * yamux by @libp2p/yamux, with a short way for what is nearly all of the traffic: data of streams that are open, with room for it. It
 * goes past libp2p's queues where nothing is in them. All else, as streams that open and close, goes the ordinary way.
 */

import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { StreamState, YamuxStream } from '@libp2p/yamux/stream'
import { Uint8ArrayList } from 'uint8arraylist'
import { handOver, inPlaceOfEvent } from './libp2p-direct.js'
import { dataFrame, encodeHeader, windowUpdate, YamuxDecoder, type YamuxHeader } from './yamux-frames.js'

/** Bytes of the largest window of @libp2p/yamux, unless told otherwise. */
const largestWindow = 16 * 1024 * 1024

/** The muxer. The far end cannot tell it from @libp2p/yamux, but by fewer updates of windows. */
export function thriftyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => shorten(create(connection), connection, init.streamOptions?.maxStreamWindowSize ?? largestWindow)
    return factory
  }
}

type YamuxMuxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>

/** Streams that may have an update of their window, and what sends it. */
type Ripe = Map<YamuxStream, () => void>

function shorten(muxer: YamuxMuxer, connection: MessageStream, maxWindow: number): YamuxMuxer {
  const streams = new Map<number, YamuxStream>()
  const ripe: Ripe = new Map()
  const shortened = (stream: YamuxStream): YamuxStream => {
    streams.set(stream.streamId, stream)
    stream.addEventListener('close', () => {
      streams.delete(stream.streamId)
      ripe.delete(stream)
    })
    updateSeldom(stream, ripe)
    sendDirectly(stream, muxer)
    receiveDirectly(stream)
    return stream
  }
  const [outbound, inbound] = [muxer.onCreateStream.bind(muxer), muxer.onRemoteStream.bind(muxer)]
  muxer.onCreateStream = () => shortened(outbound())
  muxer.onRemoteStream = (stream) => inbound(stream instanceof YamuxStream ? shortened(stream) : stream)
  const decoder = new YamuxDecoder(maxWindow, (header, parts) => pass(muxer, streams.get(header.streamID), header, parts))
  muxer.onData = (bytes) => {
    if (bytes instanceof Uint8Array) decoder.push(bytes)
    else for (const part of bytes) decoder.push(part)
  }
  inPlaceOfEvent(connection, (bytes) => {
    try {
      muxer.onData(bytes)
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      muxer.abort(reason)
      connection.abort(reason)
    }
  })
  return muxer
}

function pass(muxer: YamuxMuxer, stream: YamuxStream | undefined, header: YamuxHeader, parts: Uint8Array[]): void {
  const frame = { header, data: new Uint8ArrayList(...parts) }
  if (!stream || header.flag !== 0) muxer['handleFrame'](frame)
  else if (header.type === dataFrame) stream.handleData(frame)
  else if (header.type === windowUpdate) stream.handleWindowUpdate(frame)
  else muxer['handleFrame'](frame)
}

/**
 * Gives credit as the specification means it: when half a window is used up, and not after each frame, which would be as many packets,
 * records and system calls as the frames themselves. The sender has the other half while an update is on its way, so it does not
 * wait for one. Streams of which a quarter is used up join in: one write then serves many.
 */
function updateSeldom(stream: YamuxStream, ripe: Ripe): void {
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    // the first update also opens or accepts the stream
    if (unopened(stream)) return update()
    // its reader may have reset it with what it was just given
    if (stream.state === StreamState.Finished) return
    const [window, left] = [stream['recvWindow'], stream['recvWindowCapacity']]
    if (left <= window * 0.75) ripe.set(stream, update)
    if (left > window * 0.5) return
    const updates = [...ripe.values()]
    ripe.clear()
    for (const one of updates) one()
  }
}

/** Has the far end not been told of this stream, or that it is accepted? The next frame does it. */
function unopened({ state }: YamuxStream): boolean {
  return state === StreamState.Init || state === StreamState.SYNReceived
}

/** Sends what fits the window as one frame, where nothing waits before it. */
function sendDirectly(stream: YamuxStream, muxer: YamuxMuxer): void {
  const send = stream.send.bind(stream)
  stream.send = (data) => {
    const { byteLength: length } = data
    const fits = length > 0 && length <= stream['sendWindowCapacity']
    const free = stream.writeStatus === 'writable' && !stream.writableNeedsDrain && !stream['sendingData'] && stream.writeBufferLength === 0
    if (!fits || !free || unopened(stream)) return send(data)
    stream['sendWindowCapacity'] -= length
    try {
      // of false all streams are told, this one too
      return muxer.send(new Uint8ArrayList(encodeHeader({ type: dataFrame, flag: 0, streamID: stream.streamId, length }), data))
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }
}

/** Hands data to who listens, where none waits before it. */
function receiveDirectly(stream: YamuxStream): void {
  const receive = stream.onData.bind(stream)
  stream.onData = (data) => {
    if (!handOver(stream, data)) receive(data)
  }
}
