import { describe, expect, it } from 'vitest'
import { chooseFactory } from '../../../../../src/cli/author/bench/choose-factory.js'

describe('the factory for a URL', () => {
  const all = [
    { protocol: 'http' },
    { protocol: 'http', prefix: 'http://a/b/' },
    { protocol: 'http', prefix: 'http://a/' },
    { protocol: 'x', supports: () => false },
  ]

  it('is the one with the longest prefix', () => {
    expect(['http://z/', 'http://a/c', 'http://a/b/c'].map((url) => all.indexOf(chooseFactory(all, url)))).toEqual([0, 2, 1])
  })

  it('is not there for other schemes, and for what is no URL', () => {
    expect(() => chooseFactory(all, 'x://a')).toThrow(/no x: URLs/)
    expect(() => chooseFactory(all, 'nothing')).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })
})
