/** What two trusted nodes say to each other on the control channel, and its limits. The wire form is `proto/control.proto`. */

import type { PeerId } from '../../plugin.js'

/** The control protocol. */
export const controlProtocol = '/shoal/control/1.0.0'

/** Protocol versions this node speaks. */
export const protocolVersion = { highest: 1, lowest: 1 } as const

/** Largest body of a payload or reply where nothing else is configured, in bytes. */
export const defaultMaxPayload = 1024 * 1024

/** Limits of the fields of control messages. Lengths are bytes. */
export const controlLimits = {
  /** Of an envelope beside the body of its payload or reply. */
  overhead: 4096,
  /** Of an envelope that carries no payload, and the least that every node takes. */
  frame: 1024 * 1024,
  /** The most a node may allow for a payload. */
  maxPayload: 64 * 1024 * 1024,
  name: 255,
  agent: 128,
  kind: 255,
  kinds: 1024,
  feature: 64,
  features: 64,
  code: 64,
  message: 1024,
  peerId: 128,
  instance: 8,
  slot: 128,
  /** Of a record. */
  body: 65_536,
  signature: 64,
  /** First bytes of a signature, by which records are compared. */
  mark: 8,
  records: 1024,
  digestAuthors: 4096,
  held: 2048,
} as const

/** Who a node is and what it takes. First on every control stream, and again when it changes. */
export interface Hello {
  /** Highest and lowest protocol version spoken. */
  readonly version: number
  readonly minVersion: number
  /** Display name. */
  readonly name: string
  /** `shoal/0.1.0`. */
  readonly agent: string
  /** Payload kinds its plugins claim. */
  readonly kinds: readonly string[]
  /** Bytes of a payload's body or of a reply that it takes. */
  readonly maxPayload: number
  readonly features: readonly string[]
  /** 8 random bytes of this run of the daemon, in hex. */
  readonly instance: string
}

/** A message from a plugin to the plugin that claims its kind. */
export interface PayloadMessage {
  /** Rises over all payloads of the sending instance. */
  readonly id: number
  readonly kind: string
  /** On arrival: a view of the received frame. */
  readonly body: Uint8Array
  readonly wantsReply: boolean
}

/** What came of a payload. */
export interface ReceiptMessage {
  /** Instance that sent the payload. */
  readonly instance: string
  readonly id: number
  /** Empty = handled. From a newer node it may be a code this one does not know. */
  readonly code: string
  readonly message: string
  readonly reply: Uint8Array
}

/** What one node says of itself under one name, signed. The newest by (epoch, sequence) of its author and slot counts. */
export interface SignedRecord {
  readonly author: PeerId
  /** Starts of the author; 0 in slots that outlive a start. */
  readonly epoch: number
  /** Rises over all records of the author and epoch. */
  readonly sequence: number
  /** `member`, `streams/N`, `trust/SUBJECT`. */
  readonly slot: string
  /** On arrival: a view of the received frame. */
  readonly body: Uint8Array
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
}

/** What a node has, in short, or what it lacks. */
export interface Digest {
  /** Mark of everything, in hex. */
  readonly root?: string
  /** Author and mark of its records. */
  readonly authors: readonly { readonly author: PeerId; readonly mark: string }[]
  /** `authors` is all there is. */
  readonly all: boolean
  readonly wants: readonly Want[]
}

/** What a node has of an author; it wants the rest. */
export interface Want {
  readonly author: PeerId
  readonly held: readonly { readonly slot: string; readonly epoch: number; readonly sequence: number; readonly mark: string }[]
}

/** Message type → content. */
export interface ControlContents {
  hello: Hello
  payload: PayloadMessage
  receipt: ReceiptMessage
  records: readonly SignedRecord[]
  digest: Digest
  keepAlive: null
}

/** Name of a message type. */
export type ControlType = keyof ControlContents

/** One message, tagged with its type. */
export type ControlMessage = { [K in ControlType]: { readonly type: K; readonly value: ControlContents[K] } }[ControlType]

/** Is `kind` a payload kind: 1–255 printable ASCII characters? */
export function isPayloadKind(kind: string): boolean {
  return /^[\x20-\x7e]{1,255}$/.test(kind)
}
