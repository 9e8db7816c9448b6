import { describe, expect, it } from 'vitest'
import { KlvStream } from '../../../../src/media/mpegts/klv.js'

/** Where in its unit a cell is (ISO/IEC 13818-1 table 2-98). */
const places = { whole: 3, first: 2, last: 1, within: 0 } as const

function cell(place: keyof typeof places, ...content: readonly number[]): number[] {
  return [0, 0, places[place] << 6, content.length >> 8, content.length & 255, ...content]
}

const read = (stream: KlvStream, ...cells: readonly (readonly number[])[]): number[][] =>
  stream.read({ data: Uint8Array.from(cells.flat()), pts: undefined, dts: undefined, randomAccess: false }).map(({ data }) => [...data])

describe('KLV in cells', () => {
  it('is a unit for each whole cell, and for each run from a first to a last one', () => {
    const stream = new KlvStream(3, true)
    expect(read(stream, cell('whole', 1, 2), cell('first', 3), cell('within', 4))).toEqual([[1, 2]])
    expect(read(stream, cell('last', 5), cell('whole', 6))).toEqual([[3, 4, 5], [6]])
  })

  it('leaves out a unit whose beginning is missing, and a cell that is cut', () => {
    const stream = new KlvStream(3, true)
    expect(read(stream, cell('within', 1), cell('last', 2), cell('whole', 3))).toEqual([[3]])
    read(stream, cell('first', 4))
    stream.lost()
    expect(read(stream, cell('last', 5), cell('whole', 6, 7).slice(0, -1))).toEqual([])
  })

  it('ends a unit that does not end, though its cells be empty', () => {
    const stream = new KlvStream(3, true)
    read(stream, cell('first', 1))
    const empty = Array.from({ length: 10_000 }, () => cell('within'))
    for (let i = 0; i < 25; i++) read(stream, ...empty)
    expect(read(stream, cell('last', 2), cell('whole', 3))).toEqual([[3]])
  })
})
