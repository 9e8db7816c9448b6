/** Reading program association and program map (ISO/IEC 13818-1 2.4.4). */

import { crc32, type ElementaryStream } from './section.js'

/** Longest section of these tables, without its first 3 bytes. */
const maxLength = 1021

/** Collects the sections of one PID. */
export class SectionReader {
  #parts: Uint8Array = new Uint8Array()
  #open = false

  /** Takes the payload of a packet; sections that are whole now, without those whose checksum is wrong. */
  push(payload: Uint8Array, start: boolean): Uint8Array[] {
    if (!start) return this.#open ? this.#take(payload) : []
    const pointer = payload[0] ?? 0
    const ended = this.#open ? this.#take(payload.subarray(1, 1 + pointer)) : []
    this.#parts = new Uint8Array()
    this.#open = true
    return [...ended, ...this.#take(payload.subarray(1 + pointer))]
  }

  /** Packets are missing. */
  lost(): void {
    this.#open = false
    this.#parts = new Uint8Array()
  }

  #take(bytes: Uint8Array): Uint8Array[] {
    this.#parts = Buffer.concat([this.#parts, bytes])
    const sections: Uint8Array[] = []
    while (this.#parts.length >= 3 && this.#parts[0] !== 0xff) {
      const length = (((this.#parts[1] ?? 0) & 15) << 8) | (this.#parts[2] ?? 0)
      if (length > maxLength) return this.#drop(sections)
      if (this.#parts.length < 3 + length) return sections
      const section = this.#parts.subarray(0, 3 + length)
      if (length >= 9 && crc32(section) === 0) sections.push(section)
      this.#parts = this.#parts.subarray(3 + length)
    }
    return this.#parts[0] === 0xff ? this.#drop(sections) : sections
  }

  #drop(sections: Uint8Array[]): Uint8Array[] {
    this.lost()
    return sections
  }
}

/** PIDs of the program maps that a program association names, in its order; none where the section is another table. */
export function readAssociation(section: Uint8Array): number[] {
  if (section[0] !== 0 || !isCurrent(section)) return []
  const pids: number[] = []
  for (let at = 8; at + 4 <= section.length - 4; at += 4) {
    const program = ((section[at] ?? 0) << 8) | (section[at + 1] ?? 0)
    if (program !== 0) pids.push(pidAt(section, at + 2))
  }
  return pids
}

/** The elementary streams of a program map; undefined where the section is another table or not in force yet. */
export function readMap(section: Uint8Array): ElementaryStream[] | undefined {
  if (section[0] !== 2 || !isCurrent(section)) return undefined
  const end = section.length - 4
  const streams: ElementaryStream[] = []
  for (let at = 12 + lengthAt(section, 10); at + 5 <= end; ) {
    const length = lengthAt(section, at + 3)
    streams.push({ type: section[at] ?? 0, pid: pidAt(section, at + 1), descriptors: section.slice(at + 5, Math.min(end, at + 5 + length)) })
    at += 5 + length
  }
  return streams
}

/** The descriptors as pairs of tag and content. */
export function readDescriptors(bytes: Uint8Array): { readonly tag: number; readonly content: Uint8Array }[] {
  const found: { tag: number; content: Uint8Array }[] = []
  for (let at = 0; at + 2 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    found.push({ tag: bytes[at] ?? 0, content: bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0)) })
  }
  return found
}

/** current_next_indicator. */
function isCurrent(section: Uint8Array): boolean {
  return ((section[5] ?? 0) & 1) === 1
}

function pidAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) & 0x1f) << 8) | (bytes[at + 1] ?? 0)
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) & 15) << 8) | (bytes[at + 1] ?? 0)
}
