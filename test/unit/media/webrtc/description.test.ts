import { expect, it } from 'vitest'
import { formatFor } from '../../../../src/media/webrtc/codec-match.js'
import { isTcp, parseDescription } from '../../../../src/media/webrtc/description.js'
import { writeDescription } from '../../../../src/media/webrtc/write-description.js'

/** What a browser offers, shortened. */
const offer = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 102 103 104 45 98 100',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuv',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=recvonly',
  'a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid',
  'a=candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0',
  'a=candidate:2 1 udp 2113937151 0a0b.local 50001 typ host',
  'a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  'a=rtpmap:103 H264/90000',
  'a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f',
  'a=rtpmap:104 H264/90000',
  'a=fmtp:104 packetization-mode=0;profile-level-id=4d001f',
  'a=rtpmap:45 AV1/90000',
  'a=fmtp:45 profile=0',
  'a=rtpmap:98 VP9/90000',
  'a=fmtp:98 profile-id=0',
  'a=rtpmap:100 VP9/90000',
  'a=fmtp:100 profile-id=2',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 8 0',
  'a=mid:1',
  'a=recvonly',
  'a=rtpmap:111 opus/48000/2',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:2',
  'a=sctp-port:5000',
].join('\r\n')

it('reads what a browser offers', () => {
  const { transport, sections } = parseDescription(offer)
  expect(transport).toMatchObject({ ufrag: 'abcd', setup: 'actpass' })
  expect(transport.candidates).toEqual([
    'candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0',
    'candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active',
  ])
  expect(transport.candidates.map(isTcp)).toEqual([false, true])
  expect(sections.map(({ kind, mid, direction }) => [kind, mid, direction])).toEqual([
    ['video', '0', 'recvonly'],
    ['audio', '1', 'recvonly'],
    ['application', '2', 'sendrecv'],
  ])
  expect(sections[1]?.formats.map(({ encoding }) => encoding)).toEqual(['opus', 'pcma', 'pcmu'])
})

it.each([
  ['avc1.42e01f', 102],
  ['avc1.640028', 103],
  ['avc1.4d401f', 103],
  ['vp8', 96],
  ['vp09.00.30.08', 98],
  ['vp09.02.30.10', 100],
  ['av01.0.04M.08', 45],
  ['av01.1.04M.08', undefined],
  ['hvc1.1.6.L93.B0', undefined],
])('chooses a format for %s', (codec, payloadType) => {
  const [video] = parseDescription(offer).sections
  if (!video) throw new Error('no video')
  expect(formatFor({ id: 1, kind: 'video', codec }, video)?.payloadType).toBe(payloadType)
})

it.each([
  ['opus', 48_000, 2, 111],
  ['alaw', 8000, 1, 8],
  ['ulaw', 16_000, 1, undefined],
  ['mp4a.40.2', 48_000, 2, undefined],
])('chooses a format for %s at %i Hz with %i channels', (codec, sampleRate, channels, payloadType) => {
  const audio = parseDescription(offer).sections[1]
  if (!audio) throw new Error('no audio')
  expect(formatFor({ id: 1, kind: 'audio', codec, sampleRate, channels }, audio)?.payloadType).toBe(payloadType)
})

it('reads what it writes', () => {
  const { transport, sections } = parseDescription(offer)
  const [video] = sections
  const format = video?.formats[1]
  if (!format) throw new Error('no format')
  const text = writeDescription({ ...transport, setup: 'passive' }, [
    { kind: 'video', mid: '0', direction: 'sendonly', formats: [format], sends: { ssrc: 5, group: 'g', track: 't' } },
    { kind: 'audio', mid: '1', refused: true },
    { kind: 'application', mid: '2' },
  ])
  const read = parseDescription(text)
  expect(read.transport).toEqual({ ...transport, setup: 'passive' })
  expect(read.sections[0]).toMatchObject({ direction: 'sendonly', ssrcs: [5], formats: [format] })
  expect(read.sections[1]).toMatchObject({ refused: true })
  expect(text).toContain('a=group:BUNDLE 0 2\r\n')
})

it.each([
  ['no version', offer.replace('v=0', 'x=0')],
  ['no media', offer.split('m=')[0] ?? ''],
  ['no password', offer.replace('a=ice-pwd:', 'a=other:')],
  ['a fingerprint that is none', offer.replace('sha-256 AB', 'sha-256 ZZ')],
  ['a line break in a mid', offer.replace('a=mid:0', 'a=mid:0 1')],
])('refuses %s', (_, text) => {
  expect(() => parseDescription(text)).toThrow(expect.objectContaining({ code: 'ERR_MEDIA_INVALID' }))
})
