import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { digestAlgorithms, digestSecret, isDigestSecret, provesDigest } from '../../../src/backends/digest.js'

const answer = { via: 'rtsp', user: 'ann', realm: 'shoal', method: 'GET', uri: '/dir/index.html', nonce: 'n' } as const

it.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
] as const)('knows the answer of RFC 7616 3.9.1 with %s', (algorithm, response) => {
  const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
  const secret = hash.update('Mufasa:http-auth@example.org:Circle of Life').digest('hex')
  const counted = { count: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' }
  const right = { ...answer, ...counted, algorithm, nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v', response }
  expect(provesDigest(secret, right)).toBe(true)
  expect(provesDigest(secret, { ...right, response: response.toUpperCase() })).toBe(true)
  for (const wrong of [{ count: '00000002' }, { response: '' }, { uri: '/' }]) expect(provesDigest(secret, { ...right, ...wrong })).toBe(false)
})

it('has a secret for each algorithm, of one length', () => {
  for (const algorithm of digestAlgorithms) {
    const secret = digestSecret(algorithm, 'ann', 'right')
    expect(isDigestSecret(algorithm, secret)).toBe(true)
    expect(isDigestSecret(algorithm, secret.slice(1))).toBe(false)
    expect(secret).toBe(digestSecret(algorithm, 'ann', 'right'))
    expect(secret).not.toBe(digestSecret(algorithm, 'bob', 'right'))
  }
})
