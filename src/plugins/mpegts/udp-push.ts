/** `udp://` as a destination: sends a stream as MPEG-TS in datagrams, also by multicast. */

import { createSocket, type Socket } from 'node:dgram'
import { ShoalError } from '../../errors.js'
import type { PushJob } from '../../plugin.js'
import type { LiveFormat, Parts } from '../../viewing/format.js'
import { LiveFeed } from '../../viewing/live-feed.js'
import { parseUdp, type UdpAddress } from './udp-address.js'

/** Bytes of a datagram: 7 packets, what fits an Ethernet frame. */
const datagramSize = 7 * 188

/** Sends until the stream ends; see `PusherFactory.push`. Nobody says whether it arrives. Rejects with `ERR_SOURCE_FAILED`, `ERR_CODEC_UNSUPPORTED`, `ERR_URL_INVALID` or what ended the stream. */
export async function pushUdp(job: PushJob, format: LiveFormat): Promise<void> {
  const address = parseUdp(job.url)
  // what is kept would go out in one burst, of which receivers lose a part
  const subscription = await job.subscribe({ start: 'next-key', tracks: ['video', 'audio', 'data'] })
  const socket = await opened(address)
  const stop = (): void => subscription.close()
  job.signal.addEventListener('abort', stop, { once: true })
  try {
    const feed = new LiveFeed(subscription, format)
    for await (const frames of subscription) await send(socket, address, feed.write(frames) ?? [])
  } finally {
    job.signal.removeEventListener('abort', stop)
    socket.close()
  }
}

function opened({ family, isMulticast, local, ttl }: UdpAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(family)
    const failed = (cause: unknown): void => reject(new ShoalError('ERR_SOURCE_FAILED', 'No UDP socket can be opened.', { cause }))
    socket.once('error', failed)
    socket.bind(0, () => {
      socket.off('error', failed)
      // each datagram tells its own failure
      socket.on('error', () => {})
      if (isMulticast) socket.setMulticastTTL(ttl)
      if (isMulticast && local !== undefined) socket.setMulticastInterface(local)
      resolve(socket)
    })
  })
}

/** Sends parts, each whole packets, and waits until the system has the last. */
async function send(socket: Socket, { host, port }: UdpAddress, parts: Parts): Promise<void> {
  const sending: Promise<void>[] = []
  for (const part of parts) {
    for (let at = 0; at < part.length; at += datagramSize) {
      sending.push(
        new Promise((resolve, reject) => {
          const refused = (cause: Error): void => reject(new ShoalError('ERR_SOURCE_FAILED', `Nothing can be sent to ${host}:${port}.`, { cause }))
          socket.send(part.subarray(at, at + datagramSize), port, host, (error) => (error ? refused(error) : resolve()))
        }),
      )
    }
  }
  await Promise.all(sending)
}
