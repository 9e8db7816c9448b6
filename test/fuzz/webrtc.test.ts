import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAv1Sequence } from '../../src/media/av1-sequence.js'
import { joinObus, splitObus } from '../../src/media/obu.js'
import { Av1Depacketizer, packetizeAv1 } from '../../src/media/rtp/av1.js'
import type { Depacketizer } from '../../src/media/rtp/depacketizer.js'
import { parseFeedback, writeKeyRequest, writeNack, writeRate } from '../../src/media/rtp/feedback.js'
import { packetizeVp8, Vp8Depacketizer } from '../../src/media/rtp/vp8.js'
import { packetizeVp9, Vp9Depacketizer } from '../../src/media/rtp/vp9.js'
import { Av1Reader, Vp8Reader, Vp9Reader } from '../../src/media/rtp/vpx-reader.js'
import { parseDescription } from '../../src/media/webrtc/description.js'
import { writeDescription } from '../../src/media/webrtc/write-description.js'
import { parseAddress, redirected } from '../../src/plugins/webrtc/address.js'
import { fuzzParser } from './media-fuzz.js'
import { fuzz, runs } from './typed-errors.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const joined = (pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(pieces))

const vp8 = Uint8Array.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, ...new Uint8Array(60)])
const vp9 = Uint8Array.from([0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x16, 0x70, ...new Uint8Array(60)])
const sequence = hex('0a 0b 00 00 00 0c c4 ff 67 36 be 40 10')
const av1 = joined([sequence, joinObus([Uint8Array.from([6 << 3, ...new Uint8Array(60)])])])

/** Feeds the bytes as the payloads of a few packets. */
function feed(depacketizer: Depacketizer, input: Uint8Array): Uint8Array[] {
  return [input, input, input].flatMap((payload, i) =>
    depacketizer.push({ payloadType: 96, marker: i === 2, sequence: i, timestamp: i >> 1, ssrc: 1, payload }, i === 1).flatMap(({ parts }) => [...parts]),
  )
}

describe('WebRTC', () => {
  fuzzParser('VP8 packets', packetizeVp8(vp8, 40).map(joined), (input) => {
    for (const part of feed(new Vp8Depacketizer(), input)) new Vp8Reader(1).read({ timestamp: 0, later: 0, parts: [part] })
  })
  fuzzParser('VP9 packets', [...packetizeVp9(vp9, true, 40).map(joined), Uint8Array.of(...hex('8e 85 01 18 0280 0168 01 54 01'), ...vp9)], (input) => {
    for (const part of feed(new Vp9Depacketizer(), input)) new Vp9Reader(1).read({ timestamp: 0, later: 0, parts: [part] })
  })
  fuzzParser('AV1 packets', packetizeAv1(av1, true, sequence, 40).map(joined), (input) => {
    for (const part of feed(new Av1Depacketizer(), input)) new Av1Reader(1).read({ timestamp: 0, later: 0, parts: [part] })
  })
  fuzzParser('OBUs', [av1], (input) => {
    for (const obu of splitObus(input)) joinObus([obu])
    packetizeAv1(input, true, sequence, 100)
  })
  fuzzParser('AV1 sequence headers', [sequence], (input) => void parseAv1Sequence(input))
  fuzzParser('RTCP feedback', [writeNack(1, 2, [1, 5, 90]), writeKeyRequest(1, 2), writeRate(1, [2], 1e6)], (input) => void parseFeedback(input))

  const description = writeDescription(
    {
      ufrag: 'abcd',
      password: 'abcdefghijklmnopqrstuv',
      fingerprint: `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
      setup: 'active',
      candidates: ['candidate:1 1 UDP 5 192.0.2.1 9 typ host'],
    },
    [
      {
        kind: 'video',
        mid: '0',
        direction: 'sendonly',
        formats: [{ payloadType: 96, encoding: 'vp8', rate: 90_000, channels: 1, parameters: new Map([['a', 'b']]) }],
      },
    ],
  )
  it('addresses of sessions are used or refused', () => {
    const seeds = ['/live/cam/whep/abc', 'https://host:8/x?y=z', '//other/x', 'user:pass@host:1/x?token=y']
    const edited = fc
      .tuple(fc.constantFrom(...seeds), fc.nat(30), fc.string({ maxLength: 8 }))
      .map(([seed, at, text]) => seed.slice(0, at) + text + seed.slice(at))
    const start = parseAddress(new URL('wheps://token@host/x'))
    fuzz(
      fc.oneof(edited, fc.string({ unit: 'binary', maxLength: 60 })),
      runs,
      (text) => {
        if (URL.canParse(`whep://${text}`)) expect(parseAddress(new URL(`whep://${text}`)).url.username).toBe('')
        const { url, authorization } = redirected(start, text)
        expect([url.protocol, authorization !== undefined]).toEqual(['https:', url.host === 'host'])
      },
      ['ERR_URL_INVALID', 'ERR_SOURCE_FAILED'],
    )
  })

  fuzzParser('descriptions', [Uint8Array.from(Buffer.from(description))], (input) => void parseDescription(Buffer.from(input).toString('utf8')))
})
