import { describe, expect } from 'vitest'
import { isShoalError, ShoalError } from '../../src/errors.js'
import { Authorizer, chooseChallenge, parseBasic, parseDigest } from '../../src/media/rtsp/authorization.js'
import { encodeInterleaved, encodeRequest, encodeResponse, RtspReader } from '../../src/media/rtsp/message.js'
import { parseTransports, writeTransport } from '../../src/media/rtsp/transport.js'
import { readerOf } from '../../src/media/sdp/media.js'
import { parseSdp } from '../../src/media/sdp/sdp.js'
import { fuzzParser } from './media-fuzz.js'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const bytes = (of: string): Uint8Array => Uint8Array.from(Buffer.from(of))

/** What comes out of pieces, with the error if there was one. */
function read(pieces: readonly Uint8Array[]): unknown[] {
  const reader = new RtspReader()
  const seen: unknown[] = []
  try {
    for (const piece of pieces) for (const unit of reader.read(piece)) seen.push(unit.type === 'data' ? [unit.channel, unit.packet.length] : unit.type)
  } catch (error) {
    // as `fuzzParser` knows it
    seen.push(isShoalError(error, 'ERR_PROTOCOL') ? new ShoalError('ERR_MEDIA_INVALID', error.message) : error)
  }
  if (reader.partial > 512 * 1024) throw new Error(`${reader.partial} bytes are held`)
  return seen
}

const description = [
  'v=0',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAC9kCxOwEQAAAAwBAAAAMg8UKkg==,aMuDyyA=',
  'm=audio 0 RTP/AVP 97',
  'a=rtpmap:97 mpeg4-generic/48000/2',
  'a=fmtp:97 sizelength=13;indexlength=3;indexdeltalength=3;config=1190',
  'm=audio 0 RTP/AVP 8',
  'm=application 0 RTP/AVP 98',
  'a=rtpmap:98 smpte336m/90000',
  'm=video 0 RTP/AVP 99',
  'a=rtpmap:99 AV1/90000',
].join('\n')

describe('RTSP', () => {
  const session = Buffer.concat([
    encodeRequest('SETUP', 'rtsp://a/b/trackID=0', { CSeq: 1, Transport: 'RTP/AVP/TCP;interleaved=0-1' }),
    encodeInterleaved(0, new Uint8Array(12)),
    encodeResponse(200, { CSeq: 1 }, 'v=0'),
  ])
  fuzzParser('RtspReader', [session], (input) => {
    const cut = (input[0] ?? 0) % (input.length + 1)
    const whole = read([input])
    const split = read([input.subarray(0, cut), input.subarray(cut)])
    if (String(whole) !== String(split)) expect(split.filter((each) => !(each instanceof Error))).toEqual(whole.filter((each) => !(each instanceof Error)))
    const error = whole.at(-1)
    if (error instanceof Error) throw error
  })

  fuzzParser('session descriptions', [bytes(description)], (input) => {
    for (const media of parseSdp(text(input)).media) readerOf(media, 1)
  })

  const digest = `Digest username="a\\"b", realm="c", nonce="d", uri="rtsp://a/b", response="${'0a'.repeat(16)}", qop=auth, nc=00000001, cnonce="e"`
  const headers = [
    'RTP/AVP;unicast;client_port=8000-8001, RTP/AVP/TCP;interleaved=0-1;mode="record"',
    'Digest realm="a", nonce="b", qop="auth"',
    'Basic YTpi',
    digest,
  ]
  fuzzParser('header values', headers.map(bytes), (input) => {
    const value = text(input)
    for (const transport of parseTransports(value)) writeTransport(transport)
    const challenge = chooseChallenge([value])
    if (challenge) expect(new Authorizer(challenge, { user: 'a', password: 'b' }, 'c').value('PLAY', 'rtsp://a')).not.toMatch(/[\r\n]/)
    // the others have no way to refuse: they find nothing
    const answer = parseDigest(value)
    if (answer && (answer.count === undefined) !== (answer.cnonce === undefined)) throw new Error('half an answer')
    if (!challenge && !answer && !parseBasic(value) && parseTransports(value).length === 0) throw new ShoalError('ERR_MEDIA_INVALID', 'nothing found')
  })
})
