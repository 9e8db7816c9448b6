import { describe } from 'vitest'
import { isShoalError, ShoalError } from '../../src/errors.js'
import { decodeAck, decodeMessage, encodeAck, encodeMessage } from '../../src/plugins/messaging/wire.js'
import { fuzzParser as fuzzMedia } from './media-fuzz.js'

const id = '000102030405060708090a0b0c0d0e0f'

/** As the media's: "no" is `ERR_PROTOCOL` or `ERR_VERSION_MISMATCH` here, and nothing else may be thrown. What is taken has to come out the same. */
function fuzzParser<T>(name: string, seeds: readonly Uint8Array[], decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array): void {
  fuzzMedia(name, seeds, (bytes) => {
    let value: T
    try {
      value = decode(bytes)
    } catch (error) {
      if (!isShoalError(error, 'ERR_PROTOCOL', 'ERR_VERSION_MISMATCH')) throw error
      throw new ShoalError('ERR_MEDIA_INVALID', error.message)
    }
    if (Buffer.compare(encode(value), bytes) !== 0) throw new Error('a body was read as another one')
  })
}

describe('messaging reads bytes of others', () => {
  const messages = ['a', 'hello\n\tthere', 'été ✓ 🐟'].map((text) => encodeMessage({ id, time: 1_700_000_000_000, text }))
  fuzzParser('decodeMessage', messages, decodeMessage, encodeMessage)
  const acks = [encodeAck({ what: 'delivered', id }), encodeAck({ what: 'read', id }), encodeAck({ what: 'refused', id, reason: 'too-long' })]
  fuzzParser('decodeAck', acks, decodeAck, encodeAck)
})
