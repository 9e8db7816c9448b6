/** Messages that open a tunnel, to bytes and back. What is read is checked against the limits of proto/tunnel.proto; the rest is `ERR_PROTOCOL`. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { readAscii, writeText } from '../util/wire-text.js'
import { Tunnel } from './tunnel.pb.js'

/** Version of the protocol. */
export const tunnelVersion = 1

/** Relays that one tunnel may have. */
export const maxRelays = 4

/** Bytes of a whole message. */
export const maxTunnelFrame = 1024

const maxPeer = 64
const maxCode = 64

/** The wish for a way to a member. */
export interface TunnelOpen {
  readonly type: 'open'
  readonly destination: PeerId
  /** Relays that may still be used. */
  readonly hops: number
  /** The source, then each relay so far. */
  readonly route: readonly PeerId[]
}

/** A message of the protocol. `relays`: between reader and destination, the nearest first. */
export type TunnelMessage = TunnelOpen | { readonly type: 'accept'; readonly relays: readonly PeerId[] } | { readonly type: 'refuse'; readonly code: string }

const counts = { open: { route: maxRelays + 1 }, accept: { relays: maxRelays } }

/** One message as a frame. */
export function encodeTunnel(message: TunnelMessage): Uint8Array {
  switch (message.type) {
    case 'open': {
      const { destination, hops, route } = message
      return Tunnel.encode({ open: { version: tunnelVersion, destination: writeText(destination), hops, route: route.map(writeText) } })
    }
    case 'accept':
      return Tunnel.encode({ accept: { relays: message.relays.map(writeText) } })
    case 'refuse':
      return Tunnel.encode({ refuse: { code: writeText(message.code.slice(0, maxCode)) } })
  }
}

/** A frame as a message. Throws `ERR_PROTOCOL`; `ERR_VERSION_MISMATCH` for an open of another version. */
export function decodeTunnel(frame: Uint8Array): TunnelMessage {
  const { open, accept, refuse } = parse(frame)
  const present = [open, accept, refuse].filter((part) => part !== undefined).length
  if (present !== 1) throw new ShoalError('ERR_PROTOCOL', `A tunnel frame holds ${present} messages.`)
  if (accept) return { type: 'accept', relays: readPeers(accept.relays) }
  if (refuse) return { type: 'refuse', code: readAscii(refuse.code, 'The code of a refusal', { min: 1, max: maxCode }) }
  const { version = 0, destination = new Uint8Array(), hops = 0, route = [] } = open ?? {}
  if (version !== tunnelVersion) throw new ShoalError('ERR_VERSION_MISMATCH', `Version ${version} of the tunnel protocol is not known.`)
  if (hops > maxRelays) throw new ShoalError('ERR_PROTOCOL', `A tunnel may have ${maxRelays} relays, not ${hops}.`)
  if (route.length === 0) throw new ShoalError('ERR_PROTOCOL', 'A tunnel has no source.')
  return { type: 'open', destination: readPeer(destination), hops, route: readPeers(route) }
}

function parse(frame: Uint8Array): Tunnel {
  if (frame.byteLength > maxTunnelFrame) throw new ShoalError('ERR_PROTOCOL', `A tunnel frame has ${frame.byteLength} bytes.`)
  try {
    return Tunnel.decode(frame, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A tunnel frame is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function readPeers(peers: readonly Uint8Array[]): PeerId[] {
  return peers.map(readPeer)
}

function readPeer(bytes: Uint8Array): PeerId {
  const peer = readAscii(bytes, 'A peer id', { min: 1, max: maxPeer })
  if (!/^[A-Za-z0-9]+$/.test(peer)) throw new ShoalError('ERR_PROTOCOL', 'A peer id has other characters than letters and digits.')
  return peer
}
