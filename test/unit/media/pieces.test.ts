import { expect, it } from 'vitest'
import { Pieces, sizeOf } from '../../../src/media/pieces.js'

const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)

it('joins small items to one piece, and says where each lies', () => {
  const pieces = new Pieces()
  const placed: Buffer[] = []
  pieces.add([bytes(2, 1), bytes(3, 2)], (at) => placed.push(at))
  pieces.add([])
  pieces.add([bytes(1, 3)], (at) => placed.push(at))
  const [only, ...others] = pieces.end()
  expect(others).toEqual([])
  expect([...(only ?? [])]).toEqual([1, 1, 2, 2, 2, 3])
  expect(placed.map((at) => [...at])).toEqual([[1, 1, 2, 2, 2], [3]])
  expect(pieces.bytes).toBe(6)
})

it('begins another piece at 256 KiB, and gives a larger item one of its own', () => {
  const pieces = new Pieces()
  for (const size of [200_000, 62_144, 1, 400_000, 5]) pieces.add([bytes(size, 1)])
  expect(pieces.end().map(({ length }) => length)).toEqual([262_144, 1, 400_000, 5])
})

it('does not copy what lies in memory already, and joins what lies side by side', () => {
  const first = new Pieces()
  const placed: Buffer[] = []
  for (const value of [1, 2, 3]) first.add([bytes(4, value)], (at) => placed.push(at))
  first.end()
  const second = new Pieces()
  for (const at of placed.slice(1)) second.addReady(at)
  second.add([bytes(1, 9)])
  second.addReady(placed[0] as Buffer)
  const made = second.end()
  expect(made.map((piece) => [...piece])).toEqual([[2, 2, 2, 2, 3, 3, 3, 3], [9], [1, 1, 1, 1]])
  expect(made[0]?.buffer).toBe(placed[0]?.buffer)
  expect(sizeOf(made)).toBe(second.bytes)
})

it('is empty when nothing was added', () => {
  expect(new Pieces().end()).toEqual([])
})
