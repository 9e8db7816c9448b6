import { describe, expect, it } from 'vitest'
import { checkSpHeader, spHeader } from '../../../../../src/daemon/portable/sp/sp-protocol.js'

const code = expect.objectContaining({ code: 'ERR_PROTOCOL' })

describe('the header of an SP connection', () => {
  it('has the bytes of the specification', () => {
    expect(Buffer.from(spHeader('req')).toString('hex')).toBe('0053500000300000')
    expect(Buffer.from(spHeader('pull')).toString('hex')).toBe('0053500000510000')
  })

  it('fits its counterpart and nothing else', () => {
    const pairs = { req: 'rep', rep: 'req', push: 'pull', pull: 'push', pair: 'pair' } as const
    for (const own of ['req', 'rep', 'push', 'pull', 'pair'] as const) {
      for (const other of ['req', 'rep', 'push', 'pull', 'pair'] as const) {
        if (pairs[own] === other) checkSpHeader(own, spHeader(other))
        else expect(() => checkSpHeader(own, spHeader(other))).toThrow(code)
      }
    }
  })

  it('is refused when any byte is wrong, missing or too many', () => {
    const header = spHeader('rep')
    for (let at = 0; at < header.length; at++) {
      const wrong = header.slice()
      wrong[at] = (wrong[at] as number) ^ 0x40
      expect(() => checkSpHeader('req', wrong)).toThrow(code)
    }
    expect(() => checkSpHeader('req', header.subarray(0, 7))).toThrow(code)
    expect(() => checkSpHeader('req', Uint8Array.of(...header, 0))).toThrow(code)
  })
})
