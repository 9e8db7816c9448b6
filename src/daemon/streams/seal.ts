/** Seals: the origin's signature of each frame, so that a relay can drop but not alter. */

import { hash } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { type FrameRecord, headerSize, sealSize, writeFrameHeader } from './frame-header.js'
import type { PublicationId } from './stream-messages.js'

/** What sealing needs of the keystore. Both are called once for each frame: they must be cheap. */
export interface SealKeys {
  /** Ed25519 with this node's key; 64 bytes. */
  sign(message: Uint8Array): Uint8Array
  /** Did the owner of `peer` sign? False also for what is no peer id. */
  signedBy(peer: PeerId, message: Uint8Array, signature: Uint8Array): boolean
}

const domain = 'shoal-frame-v1'

/** Header fields that are sealed: all but the length, which the digest of the data covers. */
const sealedHeader = headerSize - 4

const digestSize = 32

/**
 * The seals of one publication. What is signed: the domain, the origin's peer id and the path there, each after its length in two
 * bytes; the epoch; the first 28 bytes of the frame's header without the flag of the seal; SHA-256 of the data; SHA-256 of the
 * tracks.
 */
export class Seals {
  readonly #origin: PeerId
  readonly #keys: SealKeys
  /** The message, of which only the end changes from frame to frame. */
  readonly #message: Buffer
  readonly #at: number

  constructor({ origin, path, epoch }: PublicationId, keys: SealKeys) {
    this.#origin = origin
    this.#keys = keys
    const parts = [domain, origin, path].map((text) => Buffer.from(text))
    const head = Buffer.concat([...parts.flatMap((part) => [Buffer.of(part.length >> 8, part.length & 255), part]), Buffer.alloc(4)])
    head.writeUInt32BE(epoch, head.length - 4)
    this.#at = head.length
    this.#message = Buffer.concat([head, Buffer.alloc(sealedHeader + 2 * digestSize)])
  }

  /** The seal of a frame of this node. `tracks`: their digest. */
  seal(record: FrameRecord, tracks: Uint8Array): Uint8Array {
    return this.#keys.sign(this.#fill(record, tracks))
  }

  /** Throws `ERR_SEAL_INVALID` when the frame carries no seal of the origin, or another frame's. */
  check(record: FrameRecord, tracks: Uint8Array): void {
    const { seal, group, index } = record
    if (seal?.byteLength === sealSize && this.#keys.signedBy(this.#origin, this.#fill(record, tracks), seal)) return
    throw new ShoalError('ERR_SEAL_INVALID', `Frame ${group}/${index} ${seal ? 'is not what its origin sealed' : 'has no seal'}.`)
  }

  #fill(record: FrameRecord, tracks: Uint8Array): Uint8Array {
    const message = this.#message
    message.fill(0, this.#at, this.#at + sealedHeader)
    writeFrameHeader(message, this.#at, record)
    message.set(hash('sha256', record.frame.data, 'buffer'), this.#at + sealedHeader)
    message.set(tracks, this.#at + sealedHeader + digestSize)
    return message
  }
}
