/** The media's fuzzer for parsers of messages between nodes, whose one way to say no is `ERR_PROTOCOL`. */

import { isShoalError, ShoalError } from '../../src/errors.js'
import { fuzzParser as fuzzMedia } from './media-fuzz.js'

/** Makes the tests for `parse`. `seeds`: good inputs. */
export function fuzzWire(name: string, seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => void): void {
  fuzzMedia(name, seeds, (bytes) => {
    try {
      parse(bytes)
    } catch (error) {
      if (!isShoalError(error, 'ERR_PROTOCOL')) throw error
      throw new ShoalError('ERR_MEDIA_INVALID', error.message)
    }
  })
}
