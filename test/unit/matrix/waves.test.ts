import { expect, it } from 'vitest'
import { lateness, type Waves } from '../../matrix/waves.js'

/** Noise that is the same each time, 8000 a second. */
function noise(seconds: number, seed: number): Int16Array {
  let state = seed
  return Int16Array.from({ length: seconds * 8000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    return (state >> 16) / 4
  })
}

const source: Waves = { start: 0.02, samples: noise(8, 1) }

/** The sound of the source from `from` on, at half its loudness, at `start`. */
const cut = (from: number, start: number): Waves => ({
  start,
  samples: source.samples.slice(from * 8000, (from + 4) * 8000).map((sample) => sample / 2),
})

it('finds how late a sound is beside the picture', () => {
  // the picture is 100 s later than in the source, the sound 100.03 s
  expect(lateness(cut(2, source.start + 2 + 100.03), source, 100)).toBeCloseTo(0.03, 3)
  expect(lateness(cut(2, source.start + 2 + 99.75), source, 100)).toBeCloseTo(-0.25, 3)
  expect(lateness(cut(2, source.start + 2 + 100), source, 100)).toBeCloseTo(0, 3)
})

it('does not take another sound for it', () => {
  expect(() => lateness({ start: 102, samples: noise(4, 2) }, source, 100)).toThrow('not that of the clip')
})
