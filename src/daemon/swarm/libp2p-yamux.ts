/** yamux that gives credit as its specification means it: when half a window is used up, not after each frame. */

import type { StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { StreamState, YamuxStream } from '@libp2p/yamux/stream'

/**
 * The muxer. @libp2p/yamux answers every frame with a window update: as many packets, records and system calls as the frames
 * themselves. The sender has the other half of the window while an update is on its way, so it does not wait for one.
 */
export function thriftyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection)
      const [outbound, inbound] = [muxer.onCreateStream.bind(muxer), muxer.onRemoteStream.bind(muxer)]
      muxer.onCreateStream = () => thrifty(outbound())
      muxer.onRemoteStream = (stream) => inbound(stream instanceof YamuxStream ? thrifty(stream) : stream)
      return muxer
    }
    return factory
  }
}

function thrifty(stream: YamuxStream): YamuxStream {
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    // the first update also opens or accepts the stream
    const opening = stream.state === StreamState.Init || stream.state === StreamState.SYNReceived
    const window = stream['recvWindow']
    if (opening || window - stream['recvWindowCapacity'] >= window / 2) update()
  }
  return stream
}
