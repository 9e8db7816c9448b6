/** Collects the PES packets of one PID (ISO/IEC 13818-1 2.4.3.6). */

/** Largest PES packet, in bytes; more is dropped. */
export const maxPesSize = 8 * 1024 * 1024

/** A PES packet's content. */
export interface PesUnit {
  /** Ticks of 90 kHz, modulo 2^33; undefined where the packet does not say. */
  readonly pts: number | undefined
  readonly dts: number | undefined
  /** Its first packet said that a decoder can begin here. */
  readonly randomAccess: boolean
  readonly data: Uint8Array
}

/** Puts packets together. */
export class PesReader {
  #parts: Uint8Array[] = []
  #size = 0
  /** Bytes of the whole packet; 0 = until the next one begins. */
  #whole = 0
  #open = false
  #randomAccess = false

  /** Takes the payload of a packet; units that are whole now: the one before, and this one where it says its length. */
  push(payload: Uint8Array, start: boolean, randomAccess: boolean): PesUnit[] {
    const units: PesUnit[] = []
    if (start) {
      units.push(...this.flush())
      this.#open = true
      this.#randomAccess = randomAccess
      this.#whole = wholeSize(payload)
    }
    if (!this.#open) return units
    this.#parts.push(payload)
    this.#size += payload.length
    if (this.#size > maxPesSize) this.lost()
    else if (this.#whole > 0 && this.#size >= this.#whole) units.push(...this.flush())
    return units
  }

  /** The unit that has no end of its own. One that says its length and is shorter is dropped. */
  flush(): PesUnit[] {
    const { length } = this.#parts
    const short = this.#size < this.#whole
    const bytes = length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts)
    const content = this.#whole > 0 ? bytes.subarray(0, this.#whole) : bytes
    const randomAccess = this.#randomAccess
    this.lost()
    const unit = length === 0 || short ? undefined : readPes(content, randomAccess)
    return unit ? [unit] : []
  }

  /** Packets are missing: the unit is dropped. */
  lost(): void {
    this.#parts = []
    this.#size = 0
    this.#whole = 0
    this.#open = false
  }
}

function wholeSize(payload: Uint8Array): number {
  const length = payload.length >= 6 ? ((payload[4] ?? 0) << 8) | (payload[5] ?? 0) : 0
  return length === 0 ? 0 : length + 6
}

/** Undefined for what has no PES header with the optional part, such as padding. */
function readPes(bytes: Uint8Array, randomAccess: boolean): PesUnit | undefined {
  const [zero, zeroToo, one, id = 0] = bytes
  const from = 9 + (bytes[8] ?? 0)
  if (zero !== 0 || zeroToo !== 0 || one !== 1 || !hasHeader(id) || ((bytes[6] ?? 0) & 0xc0) !== 0x80 || from > bytes.length) return undefined
  const flags = bytes[7] ?? 0
  const pts = (flags & 0x80) !== 0 && from >= 14 ? stampAt(bytes, 9) : undefined
  const dts = (flags & 0xc0) === 0xc0 && from >= 19 ? stampAt(bytes, 14) : pts
  return { pts, dts, randomAccess, data: bytes.subarray(from) }
}

/** Video, audio, private stream 1, metadata and extended ids (table 2-22). */
function hasHeader(id: number): boolean {
  return (id >= 0xc0 && id <= 0xef) || id === 0xbd || id === 0xfc || id === 0xfd
}

/** 33 bits in 5 bytes with marker bits. */
function stampAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = bytes.subarray(at, at + 5)
  return ((a >> 1) & 7) * 2 ** 30 + ((b << 22) | ((c >> 1) << 15) | (d << 7) | (e >> 1))
}
