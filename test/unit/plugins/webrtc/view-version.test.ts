import { expect, it } from 'vitest'
import type { Description } from '../../../../src/media/webrtc/description.js'
import { readable } from '../../../../src/media/webrtc/offered-formats.js'
import { betterVersion } from '../../../../src/plugins/webrtc/view-version.js'

const transport: Description['transport'] = { ufrag: 'a', password: 'b', fingerprint: 'sha-256 00', setup: 'actpass', candidates: [] }
const section = { refused: false, direction: 'recvonly', ssrcs: [], extensions: new Map(), layers: [] } as const
const offerOf = (formats = readable.video): Description => ({
  transport,
  sections: [
    { ...section, kind: 'video', mid: '0', formats },
    { ...section, kind: 'audio', mid: '1', formats: readable.audio },
  ],
})
const h264 = { id: 1, kind: 'video', codec: 'avc1.64001f' } as const
const h265 = { id: 1, kind: 'video', codec: 'hvc1.1.6.L93.B0' } as const
const aac = { id: 2, kind: 'audio', codec: 'mp4a.40.2', sampleRate: 48_000, channels: 6 } as const
const opus = { path: 'cam~opus', audio: 'opus' }
const avc = { path: 'cam~h264', video: 'avc1.64001f', inOrder: true }
const both = { path: 'cam~webrtc', video: 'avc1.64001f', audio: 'opus', inOrder: true }
const withoutH265 = offerOf(readable.video.filter(({ encoding }) => encoding !== 'h265'))

it('is the first with the missing sound', () => {
  expect(betterVersion(offerOf(), { tracks: [h264, aac], carried: 1, reordered: false }, [avc, opus, both])).toBe(opus)
  expect(betterVersion(offerOf(), { tracks: [h264, aac], carried: 1, reordered: false }, [avc])).toBeUndefined()
})

it('is one with a picture that the viewer takes, better with the sound', () => {
  expect(betterVersion(withoutH265, { tracks: [h265, aac], carried: 0, reordered: false }, [opus, avc])).toBe(avc)
  expect(betterVersion(withoutH265, { tracks: [h265, aac], carried: 0, reordered: false }, [opus, avc, both])).toBe(both)
  expect(betterVersion(withoutH265, { tracks: [h265, aac], carried: 0, reordered: false }, [opus])).toBeUndefined()
})

it('has no B-pictures where they are what is wrong', () => {
  expect(betterVersion(offerOf(), { tracks: [h264, aac], carried: 0, reordered: true }, [opus, both])).toBe(both)
  expect(betterVersion(offerOf(), { tracks: [h264, aac], carried: 0, reordered: true }, [opus])).toBeUndefined()
})
