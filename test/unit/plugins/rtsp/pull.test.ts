import { createHash } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { encodeInterleaved, headerOf } from '../../../../src/media/rtsp/message.js'
import { controlUri, parseAddress, redirected } from '../../../../src/plugins/rtsp/address.js'
import { pull } from '../../../../src/plugins/rtsp/pull.js'
import { fakePullJob } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'
import { camera, closeCameras, pullAll, sdp, timing } from './camera.js'

afterEach(closeCameras)

it('pulls to the goodbye, by the controls of the description', async () => {
  const { camera: made, host } = await camera()
  expect(await pullAll(`rtsp://${host}/cam?profile=1`)).toBe(3)
  expect(made.asked('SETUP')[0]?.uri).toBe(`rtsp://${host}/cam?profile=1/track1`)
  expect(made.asked('PLAY')[0]).toMatchObject({ uri: `rtsp://${host}/cam?profile=1` })
  await waitFor('the teardown', () => made.asked('TEARDOWN').length > 0)
})

it('a base of the server counts, one that is none does not, and absolute controls stand for themselves', async () => {
  const { camera: made, host } = await camera()
  for (const [base, control, uri] of [
    [`rtsp://${host}/other/`, 'track1', `rtsp://${host}/other/track1`],
    ['/nonsense', 'track1', `rtsp://${host}/cam/track1`],
    ['', `rtsp://10.0.0.9/x/1`, 'rtsp://10.0.0.9/x/1'],
  ]) {
    made.requests.length = 0
    made.answer = (request) => (request.method === 'DESCRIBE' ? [200, { 'Content-Base': base }, sdp.replace('track1', control as string)] : made.usual(request))
    expect(await pullAll(`rtsp://${host}/cam`)).toBe(3)
    expect(made.asked('SETUP')[0]?.uri).toBe(uri)
  }
})

it('answers a digest challenge with the credentials of the URL, and shows them nowhere else', async () => {
  const { camera: made, host } = await camera()
  const hash = (text: string): string => createHash('md5').update(text).digest('hex')
  made.answer = (request) => {
    const expected = hash(`${hash('ann:cam:p@ss')}:n1:${hash(`${request.method}:${request.uri}`)}`)
    if (headerOf(request.headers, 'authorization')?.includes(`response="${expected}"`)) return made.usual(request)
    return [401, { 'WWW-Authenticate': 'Digest realm="cam", nonce="n1"' }]
  }
  expect(await pullAll(`rtsp://ann:p%40ss@${host}/cam`)).toBe(3)
  expect(made.requests.every(({ uri }) => uri.startsWith(`rtsp://${host}/`))).toBe(true)
  expect(made.asked('DESCRIBE').length).toBe(2)
  await expect(pullAll(`rtsp://ann:wrong@${host}/cam`)).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
})

it('follows redirects, but not for ever', async () => {
  const [first, second] = [await camera(), await camera()]
  first.camera.answer = () => [302, { Location: `rtsp://${second.host}/there` }]
  expect(await pullAll(`rtsp://${first.host}/here`)).toBe(3)
  second.camera.answer = () => [301, { Location: `rtsp://${first.host}/here` }]
  await expect(pullAll(`rtsp://${first.host}/here`)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('redirects') })
})

it('tries the other transport when one is refused, or UDP stays silent', async () => {
  const { camera: made, host } = await camera()
  made.answer = (request) => (request.method === 'SETUP' && headerOf(request.headers, 'transport')?.includes('TCP') ? [461] : made.usual(request))
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ message: expect.stringContaining('neither') })
  expect(made.asked('SETUP').map(({ headers }) => headerOf(headers, 'transport')?.includes('client_port'))).toEqual([false, true])
  made.answer = (request) => made.usual(request)
  expect(await pullAll(`rtsp://${host}/cam?transport=udp`)).toBe(3)
})

it('keeps the session alive by what the server knows', async () => {
  const { camera: made, host } = await camera()
  made.play = () => {}
  const job = fakePullJob(`rtsp://${host}/cam`)
  const pulling = pull(job, timing).catch((error: unknown) => error)
  await waitFor('signs of life', () => made.asked('GET_PARAMETER').length >= 2)
  expect(headerOf(made.asked('GET_PARAMETER')[0]?.headers ?? new Map(), 'session')).toBe('abc')
  await job.end()
  await pulling
})

it('gives up a source of which nothing can be shown', async () => {
  const { camera: made, host } = await camera()
  made.answer = (request) => (request.method === 'DESCRIBE' ? [200, {}, 'v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n'] : made.usual(request))
  made.play = (socket) => {
    for (let i = 0; i < 1200; i++) {
      // a packet type that does not exist
      socket.write(encodeInterleaved(0, Uint8Array.of(0x80, 0x60, i >> 8, i & 0xff, 0, 0, 0, i & 0xff, 0, 0, 0, 1, 31, 1)))
    }
  }
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ code: 'ERR_MEDIA_INVALID' })
})

it('says what is wrong with a server', async () => {
  const { camera: made, host } = await camera()
  made.answer = () => undefined
  const job = fakePullJob(`rtsp://${host}/cam`)
  await expect(pull(job, { ...timing, call: 200 })).rejects.toMatchObject({ message: expect.stringContaining('did not answer DESCRIBE') })
  made.answer = () => [404]
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ message: expect.stringContaining('404') })
  made.answer = () => [200, {}, 'v=0\nm=video 0 RTP/AVP 26\n']
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ code: 'ERR_CODEC_UNSUPPORTED' })
  made.answer = (request) => made.usual(request)
  made.play = (socket) => socket.end()
  await expect(pullAll(`rtsp://${host}/cam`)).rejects.toMatchObject({ message: expect.stringContaining('closed the connection') })
  await job.end()
})

it('addresses', () => {
  const parse = (text: string) => parseAddress(new URL(text))
  expect(parse('rtsp://a:b%3A@[::1]:99/c/d?x=1&transport=udp&y=2')).toEqual({
    host: '::1',
    port: 99,
    uri: 'rtsp://[::1]:99/c/d?x=1&y=2',
    login: { user: 'a', password: 'b:' },
    transport: 'udp',
  })
  expect(parse('rtsp://cam/1?transport=tcp')).toEqual({ host: 'cam', port: 554, uri: 'rtsp://cam/1', transport: 'tcp' })
  expect(parse('rtsp://cam/1?transport=udp&a=b').uri).toBe('rtsp://cam/1?a=b')
  expect(() => parse('rtsp:///x')).toThrow(/RTSP URL/)
  expect(redirected(parse('rtsp://a:b@cam/1'), 'rtsp://other/2').login).toBeUndefined()
  expect(redirected(parse('rtsp://a:b@cam/1'), 'rtsp://cam:8554/2').login).toEqual({ user: 'a', password: 'b' })
  expect(controlUri('rtsp://a/b', '*')).toBe('rtsp://a/b')
})
