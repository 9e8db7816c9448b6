import { expect, it } from 'vitest'
import { bestLayer } from '../../../../src/media/webrtc/layer.js'

it.each([
  [['q', 'h', 'f'], 'f'],
  [['l', 'm', 'h'], 'h'],
  [['low', 'high'], 'high'],
  [['0', '1', '2'], '0'],
  [['f'], undefined],
  [[], undefined],
])('of %j takes %s', (layers, best) => expect(bestLayer(layers)).toBe(best))
