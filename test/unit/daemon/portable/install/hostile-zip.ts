/** Writes zip files by hand, so that they can lie. */

import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../../../../src/daemon/util/crc32.js'

/** One entry; what is left out is as an honest tool writes it. */
export interface Piece {
  readonly name: string | Uint8Array
  readonly data?: Uint8Array | string
  /** Unix mode with its type, such as 0o100644. */
  readonly mode?: number
  /** 0 stored, 8 deflate. */
  readonly method?: number
  readonly flags?: number
  /** Told in place of the true ones. */
  readonly size?: number
  readonly packedSize?: number
  readonly crc?: number
  /** Told by the central directory in place of the true offset. */
  readonly offset?: number
  /** Leave no local header and no data: only the central directory names it. */
  readonly phantom?: boolean
}

/** The bytes of a zip. */
export function zipOf(pieces: readonly Piece[], { count = pieces.length, comment = '' } = {}): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const piece of pieces) {
    const name = Buffer.from(piece.name)
    const data = Buffer.from(piece.data ?? '')
    const method = piece.method ?? 8
    const packed = method === 8 ? deflateRawSync(data) : data
    const fields = {
      flags: piece.flags ?? 0x800,
      method,
      crc: piece.crc ?? crc32(data),
      packed: piece.packedSize ?? packed.length,
      size: piece.size ?? data.length,
    }
    const offset = piece.offset ?? at
    if (!piece.phantom) {
      const local = Buffer.concat([header(0x04034b50, fields, name), name, packed])
      parts.push(local)
      at += local.length
    }
    central.push(Buffer.concat([centralHeader(fields, name, piece.mode ?? 0o100644, offset), name]))
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(Buffer.byteLength(comment), 20)
  return Buffer.concat([...parts, directory, end, Buffer.from(comment)])
}

interface Fields {
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
}

function header(signature: number, fields: Fields, name: Buffer): Buffer {
  const bytes = Buffer.alloc(30)
  bytes.writeUInt32LE(signature, 0)
  bytes.writeUInt16LE(20, 4)
  common(bytes, 6, fields, name)
  return bytes
}

function centralHeader(fields: Fields, name: Buffer, mode: number, offset: number): Buffer {
  const bytes = Buffer.alloc(46)
  bytes.writeUInt32LE(0x02014b50, 0)
  bytes.writeUInt16LE((3 << 8) | 20, 4)
  bytes.writeUInt16LE(20, 6)
  common(bytes, 8, fields, name)
  bytes.writeUInt32LE((mode << 16) >>> 0, 38)
  bytes.writeUInt32LE(offset, 42)
  return bytes
}

function common(bytes: Buffer, at: number, { flags, method, crc, packed, size }: Fields, name: Buffer): void {
  bytes.writeUInt16LE(flags, at)
  bytes.writeUInt16LE(method, at + 2)
  bytes.writeUInt32LE(crc >>> 0, at + 8)
  bytes.writeUInt32LE(packed, at + 12)
  bytes.writeUInt32LE(size, at + 16)
  bytes.writeUInt16LE(name.length, at + 20)
}
