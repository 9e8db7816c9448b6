import { expect, it } from 'vitest'
import { bestFor } from '../../../src/cli/play-address.js'

const tracks = (...codecs: string[]) => codecs.map((codec, id) => ({ id, kind: codec === 'text' ? ('data' as const) : ('video' as const), codec }))

it.each([
  [['avc1.64001f', 'mp4a.40.2', 'text'], 'flv'],
  [[], 'flv'],
  [['hvc1.1.6.L93.B0', 'opus'], 'ts'],
  [['av01.0.04M.08', 'opus'], 'fmp4'],
])('%j is best played as %s', (codecs, protocol) => {
  expect(bestFor(tracks(...codecs))).toBe(protocol)
})
