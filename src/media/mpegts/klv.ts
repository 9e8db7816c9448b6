/** KLV metadata in MPEG-TS (MISB ST 1402): asynchronous in private data, synchronous in metadata access units. */

import type { Track } from '../../stream.js'
import { klvCodec } from '../rtp/document.js'
import type { PesUnit } from './pes-reader.js'
import type { ElementaryStream } from './section.js'
import { readDescriptors } from './section-reader.js'

/** A registration descriptor that says KLV (ISO/IEC 13818-1 2.6.8). */
export const klvRegistration = Uint8Array.of(0x05, 4, ...Buffer.from('KLVA'))

/** Bytes before the content of a metadata access unit cell (2.12.4.2). */
const cellHead = 5

/** Most bytes of one unit in cells, with their heads: there may be any number of empty ones. */
const maxCells = 1024 * 1024

/** Does a metadata descriptor (2.6.60) say KLV? */
export function isKlvMetadata({ descriptors }: ElementaryStream): boolean {
  return readDescriptors(descriptors).some(({ tag, content }) => (tag === 0x26 || tag === 0x05) && Buffer.from(content).includes('KLVA'))
}

/** What a PES packet brought. */
interface KlvUnit {
  readonly key: true
  readonly data: Uint8Array
  readonly later: 0
}

/** Reads one KLV stream: a frame is a unit. `cells`: it is synchronous. */
export class KlvStream {
  readonly kind = 'data'
  readonly track: Track
  readonly #cells: boolean
  #begun: Uint8Array[] = []
  /** Of the cells in it. */
  #bytes = 0

  constructor(id: number, cells: boolean) {
    this.track = { id, kind: 'data', codec: klvCodec }
    this.#cells = cells
  }

  read({ data }: PesUnit): readonly KlvUnit[] {
    const units = this.#cells ? this.#ofCells(data) : [data]
    return units.filter(({ length }) => length > 0).map((unit) => ({ key: true, data: unit, later: 0 }))
  }

  lost(): void {
    this.#begun = []
    this.#bytes = 0
  }

  /** The units that end in these cells; a unit may be in several. */
  #ofCells(data: Uint8Array): Uint8Array[] {
    const units: Uint8Array[] = []
    for (let at = 0; at + cellHead <= data.length; ) {
      const part = (data[at + 2] ?? 0) >> 6
      const end = at + cellHead + (((data[at + 3] ?? 0) << 8) | (data[at + 4] ?? 0))
      if (end > data.length) break
      // 3 = whole, 2 = first, 0 = one within, 1 = last (table 2-98)
      if (part >= 2) this.lost()
      if (part >= 2 || this.#begun.length > 0) this.#begun.push(data.subarray(at + cellHead, end))
      this.#bytes += end - at
      if (this.#bytes > maxCells) this.lost()
      if (part === 3 || part === 1) {
        units.push(Buffer.concat(this.#begun))
        this.lost()
      }
      at = end
    }
    return units
  }
}
