import { expect, it } from 'vitest'
import { Authorizer, chooseChallenge, parseBasic, parseDigest, writeChallenge } from '../../../../src/media/rtsp/authorization.js'

const login = { user: 'Mufasa', password: 'Circle of Life' }
const realm = 'realm="http-auth@example.org", qop="auth, auth-int"'
const nonce = 'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'

it.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
])('answers the challenge of RFC 7616 3.9.1 with %s', (algorithm, response) => {
  const challenge = chooseChallenge([`Digest ${realm}, algorithm=${algorithm}, ${nonce}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`])
  if (!challenge) throw new Error('no challenge')
  const value = new Authorizer(challenge, login, 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ').value('GET', '/dir/index.html')
  expect(value).toContain(`response="${response}"`)
  expect(value).toContain('nc=00000001')
})

it('answers as old cameras ask: without qop', () => {
  const challenge = chooseChallenge(['Digest realm="cam", nonce="abc"'])
  const value = challenge && new Authorizer(challenge, { user: 'a', password: 'b' }, 'c').value('DESCRIBE', 'rtsp://cam/1')
  expect(value).toBe('Digest username="a", realm="cam", nonce="abc", uri="rtsp://cam/1", response="783438c71de924b34f5b18721a5e9bb7"')
})

it('chooses the strongest', () => {
  const offers = [
    'Basic realm="a"',
    'Digest realm="a", nonce="1"',
    'Digest realm="a", nonce="2", algorithm=SHA-256',
    'Digest realm="a", nonce="3", algorithm=MD5-sess',
  ]
  expect(chooseChallenge(offers)).toMatchObject({ scheme: 'digest', algorithm: 'SHA-256', nonce: '2' })
  expect(chooseChallenge(offers.slice(0, 2))).toMatchObject({ algorithm: 'MD5' })
  expect(chooseChallenge(['NTLM', 'Digest realm="no nonce"'])).toBeUndefined()
})

it('basic goes both ways', () => {
  const challenge = chooseChallenge(['Basic realm="a"'])
  const value = challenge ? new Authorizer(challenge, { user: 'änn', password: 'a:b' }, '').value('PLAY', '') : ''
  expect(parseBasic(value)).toEqual({ user: 'änn', password: 'a:b' })
  for (const wrong of ['', 'Basic', 'Basic ***', 'Digest username="a"', `Basic ${Buffer.from('nocolon').toString('base64')}`])
    expect(parseBasic(wrong)).toBeUndefined()
})

it('a challenge of ours is answered, and the answer read', () => {
  const written = writeChallenge({ realm: 'shoal', nonce: 'abc', algorithm: 'SHA-256', stale: true })
  expect(written).toBe('Digest realm="shoal", nonce="abc", algorithm=SHA-256, qop="auth", stale=true')
  const challenge = chooseChallenge([written])
  const value = challenge ? new Authorizer(challenge, { user: 'ä"n\\n', password: 'b' }, 'c').value('PLAY', 'rtsp://a/b') : ''
  const onTheWire = Buffer.from(value).toString('latin1')
  expect(parseDigest(onTheWire)).toMatchObject({
    user: 'ä"n\\n',
    realm: 'shoal',
    nonce: 'abc',
    uri: 'rtsp://a/b',
    algorithm: 'SHA-256',
    count: '00000001',
    cnonce: 'c',
  })
  for (const wrong of [
    '',
    'Basic YTpi',
    'Digest username="a"',
    onTheWire.replace('qop=auth', 'qop=auth-int'),
    onTheWire.replace('nc=00000001', 'nc=1'),
    onTheWire.replace('SHA-256', 'SHA'),
  ])
    expect(parseDigest(wrong)).toBeUndefined()
})
