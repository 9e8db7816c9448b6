/** What the two sides of a pairing by short code hash: SHA-256, each part with its length in front, so that no two exchanges have the same bytes. */

import { createHash } from 'node:crypto'
import type { PeerId } from '../../plugin.js'
import type { MemberRecord } from './pair-step.js'

/** The exchange between the node that asks and the one that is asked. Ids as the connection authenticated them. */
export interface CodeExchange {
  readonly asker: PeerId
  readonly asked: PeerId
  /** 32 bytes each, new for every attempt. */
  readonly askerNonce: Uint8Array
  readonly askedNonce: Uint8Array
  readonly askerRecord: MemberRecord
  readonly askedRecord: MemberRecord
}

/** What the asker binds itself to before it sees the other's nonce. 32 bytes. */
export function commitmentOf({ asker, asked, askerNonce, askerRecord }: Omit<CodeExchange, 'askedNonce' | 'askedRecord'>): Uint8Array {
  return hash('commit', [asker, asked, askerNonce, ...partsOf(askerRecord)])
}

/** Names one exchange. 32 bytes. */
export function attemptOf(exchange: CodeExchange): Uint8Array {
  return hash('attempt', everything(exchange))
}

/** The 6 digits that both screens show. */
export function codeOf(exchange: CodeExchange): string {
  const number = Buffer.from(hash('code', everything(exchange))).readUIntBE(0, 6) % 1_000_000
  return String(number).padStart(6, '0')
}

type Part = string | Uint8Array

function everything({ asker, asked, askerNonce, askedNonce, askerRecord, askedRecord }: CodeExchange): Part[] {
  return [asker, asked, askerNonce, askedNonce, ...partsOf(askerRecord), ...partsOf(askedRecord)]
}

function partsOf({ name, addresses }: MemberRecord): Part[] {
  return [name, String(addresses.length), ...addresses]
}

function hash(use: string, parts: readonly Part[]): Uint8Array {
  const sum = createHash('sha256')
  for (const part of ['shoal-code-v1', use, ...parts]) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    sum.update(length).update(bytes)
  }
  return new Uint8Array(sum.digest())
}
