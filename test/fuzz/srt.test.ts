import fc from 'fast-check'
import { describe, it } from 'vitest'
import { isShoalError } from '../../src/errors.js'
import { fromSocketAddress, toSocketAddress } from '../../src/plugins/srt/socket-address.js'
import { parseStreamId } from '../../src/plugins/srt/stream-id.js'

const numRuns = Number(process.env.SHOAL_FUZZ_RUNS ?? 100_000)

describe('SRT', () => {
  it('stream ids of any text give a request or a typed error', () => {
    const word = fc.constantFrom('publish', 'read', ':', '#!::', 'm=', 'r=', ',', '=', '/', 'u=eva', '%23!::', '')
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(word, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((parts) => parts.join('')),
    )
    const property = fc.property(text, (id) => {
      try {
        return parseStreamId(id).path !== ''
      } catch (error) {
        return isShoalError(error, 'ERR_REQUEST_INVALID')
      }
    })
    fc.assert(property, { numRuns })
  })

  it('addresses come back as they were', () => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (address, port) => {
      const once = fromSocketAddress(toSocketAddress({ address, port }))
      const again = fromSocketAddress(toSocketAddress(once))
      return once.port === port && again.address === once.address
    })
    fc.assert(property, { numRuns: Math.min(numRuns, 10_000) })
  })
})
