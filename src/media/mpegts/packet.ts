/** Transport stream packets of 188 bytes (ISO/IEC 13818-1 2.4.3). */

/** Bytes of a packet. */
export const packetSize = 188
const headSize = 4
/** Bytes of a packet behind its head. */
export const packetRoom: number = packetSize - headSize

/** Ticks a second of PTS, DTS and the base of PCR. */
export const tsTimescale = 90_000

/** PTS, DTS and PCR base count to here and begin anew: 26.5 hours. */
const wrap = 2 ** 33

/** µs as ticks of 90 kHz, modulo 2^33. */
export function toTicks(time: number): number {
  const ticks = Math.round((time * tsTimescale) / 1e6) % wrap
  return ticks < 0 ? ticks + wrap : ticks
}

/** What the adaptation field of a unit's first packet says. */
export interface Adaptation {
  /** µs; only on the PID that the PMT names. */
  readonly clock?: number
  /** A decoder can begin here. */
  readonly randomAccess?: boolean
  /** The continuity counter, and on the PID of the clock the time, may jump here. */
  readonly discontinuity?: boolean
}

/** `content`, one PES packet or section, as packets that begin with the counter `counter`. There are `bytes.length / 188` of them. */
export function packets(pid: number, counter: number, content: Uint8Array, adaptation?: Adaptation): Uint8Array {
  const field = adaptation ? adaptationField(adaptation) : new Uint8Array()
  const count = Math.max(1, Math.ceil((content.length + field.length) / packetRoom))
  const bytes = new Uint8Array(count * packetSize)
  let from = 0
  for (let n = 0; n < count; n++) {
    const own = n === 0 ? field : new Uint8Array()
    const length = Math.min(content.length - from, packetRoom - own.length)
    const start = n * packetSize
    writeHead(bytes, start, { pid, counter: (counter + n) & 15, isStart: n === 0, hasField: own.length > 0 || length < packetRoom, hasContent: length > 0 })
    writeField(bytes.subarray(start + headSize, start + packetSize - length), own)
    bytes.set(content.subarray(from, from + length), start + packetSize - length)
    from += length
  }
  return bytes
}

interface Head {
  readonly pid: number
  readonly counter: number
  readonly isStart: boolean
  readonly hasField: boolean
  readonly hasContent: boolean
}

function writeHead(bytes: Uint8Array, at: number, { pid, counter, isStart, hasField, hasContent }: Head): void {
  bytes[at] = 0x47
  bytes[at + 1] = (isStart && hasContent ? 0x40 : 0) | (pid >> 8)
  bytes[at + 2] = pid & 0xff
  bytes[at + 3] = (hasField ? 0x20 : 0) | (hasContent ? 0x10 : 0) | counter
}

/** Fills `target` with the field, made longer by stuffing. A field of one byte is its length alone, 0. */
function writeField(target: Uint8Array, field: Uint8Array): void {
  if (target.length === 0) return
  target.fill(0xff)
  target.set(field)
  target[0] = target.length - 1
  if (field.length === 0 && target.length > 1) target[1] = 0
}

/** With its length, as if nothing were stuffed. */
function adaptationField({ clock, randomAccess, discontinuity }: Adaptation): Uint8Array {
  const flags = (discontinuity ? 0x80 : 0) | (randomAccess ? 0x40 : 0) | (clock === undefined ? 0 : 0x10)
  return clock === undefined ? Uint8Array.of(1, flags) : Uint8Array.of(7, flags, ...clockReference(toTicks(clock)))
}

/** program_clock_reference with an extension of 0: 33 bits, 6 reserved, 9 bits. */
function clockReference(base: number): number[] {
  const high = Math.floor(base / 2)
  return [(high >>> 24) & 0xff, (high >>> 16) & 0xff, (high >>> 8) & 0xff, high & 0xff, ((base % 2) << 7) | 0x7e, 0]
}
