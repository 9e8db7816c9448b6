/** `udp://` as a source: MPEG-TS in datagrams that somebody sends here, also by multicast. */

import { createSocket, type Socket } from 'node:dgram'
import { ShoalError } from '../../errors.js'
import { TsDemuxer } from '../../media/mpegts/demuxer.js'
import { packetSize } from '../../media/mpegts/packet.js'
import type { PullJob } from '../../plugin.js'
import { liveTiming, PieceReader } from '../../receiving/pull-pieces.js'
import { parseUdp, type UdpAddress } from './udp-address.js'

/** Bytes the system is asked to keep for us: a large key frame comes at once. */
const receiveBuffer = 4 * 1024 * 1024

/** RTP with MPEG-TS has this payload type (RFC 3551). */
const tsPayload = 33

/** Receives until it is aborted, or nothing comes; see `PullerFactory.pull`. Rejects with `ERR_SOURCE_FAILED`, `ERR_PORT_IN_USE`, `ERR_URL_INVALID`, `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED` or what the hub says. */
export async function pullUdp(job: PullJob, timing = liveTiming): Promise<void> {
  const address = parseUdp(job.url)
  job.signal.throwIfAborted()
  const socket = createSocket({ type: address.family, reuseAddr: address.isMulticast })
  let reader: PieceReader | undefined
  try {
    await new Promise<never>((_, reject) => {
      job.signal.addEventListener('abort', () => reject(job.signal.reason), { once: true })
      reader = new PieceReader(new TsDemuxer(), (tracks) => job.publish(tracks), reject, timing)
      socket.on('error', (error) => reject(bindError(error, address)))
      socket.on('message', (message) => reader?.push(contentOf(message)))
      socket.bind({ port: address.port, address: address.host }, () => prepare(socket, address, reject))
    })
  } finally {
    reader?.end()
    socket.close()
  }
}

function prepare(socket: Socket, { host, isMulticast, local }: UdpAddress, reject: (error: unknown) => void): void {
  try {
    if (isMulticast) socket.addMembership(host, local)
  } catch (cause) {
    reject(new ShoalError('ERR_SOURCE_FAILED', `The multicast group ${host} cannot be joined.`, { cause, hint: 'Name an interface: ?localaddr=ADDRESS.' }))
    return
  }
  try {
    socket.setRecvBufferSize(receiveBuffer)
  } catch {
    // the system gives less
  }
}

function bindError(error: NodeJS.ErrnoException, { host, port }: UdpAddress): ShoalError {
  if (error.code === 'EADDRINUSE') return new ShoalError('ERR_PORT_IN_USE', `UDP port ${port} on ${host} is in use.`, { cause: error })
  return new ShoalError('ERR_SOURCE_FAILED', `Nothing can be received at ${host}:${port}: ${error.code ?? error.message}.`, { cause: error })
}

/** The packets in a datagram, also such that are in RTP (RFC 2250 2). */
function contentOf(message: Buffer): Uint8Array {
  const [first = 0, second = 0] = message
  if (first === 0x47 || first >> 6 !== 2 || (second & 0x7f) !== tsPayload) return message
  const from = 12 + (first & 15) * 4
  const extension = (first & 0x10) !== 0 && message.length >= from + 4 ? 4 + 4 * message.readUInt16BE(from + 2) : 0
  const content = message.subarray(from + extension)
  return content.subarray(0, content.length - (content.length % packetSize))
}
