import { describe, expect, it } from 'vitest'
import type { Description, Section } from '../../../../src/media/webrtc/description.js'
import { planPush, takenOf } from '../../../../src/plugins/webrtc/push.js'
import type { Track } from '../../../../src/stream.js'

const video: Track = { id: 1, kind: 'video', codec: 'avc1.640028' }
const opus: Track = { id: 2, kind: 'audio', codec: 'opus' }
const aac: Track = { id: 3, kind: 'audio', codec: 'mp4a.40.2' }
const data: Track = { id: 4, kind: 'data', codec: 'text' }

/** The answer of a server that takes `kinds`. */
function answer(plan: ReturnType<typeof planPush>, kinds: readonly string[]): Pick<Description, 'sections'> & Description {
  const sections = plan.sections.map((section): Section => {
    const formats = 'formats' in section ? section.formats.slice(-1) : []
    return {
      kind: section.kind,
      mid: section.mid,
      refused: !kinds.includes(section.kind),
      direction: 'recvonly',
      formats,
      ssrcs: [],
      extensions: new Map(),
      layers: [],
    }
  })
  return { sections, transport: { ufrag: '', password: '', fingerprint: '', setup: 'active', candidates: [] } }
}

describe('a push', () => {
  it('offers the first picture and sound that are carried, and channels for data', () => {
    const plan = planPush('x', [aac, video, opus, { ...opus, id: 5 }, data])
    expect(plan.sections.map(({ kind }) => kind)).toEqual(['video', 'audio', 'application'])
    expect(plan.leftOut).toEqual(['mp4a.40.2', 'opus'])
    expect(plan.channels).toEqual([{ label: '4', protocol: 'text' }])
    expect(takenOf(plan, answer(plan, ['video', 'audio'])).map(({ track }) => track)).toEqual([video, opus])
  })

  it('goes on without the sound that a server refuses, and never without the picture', () => {
    const plan = planPush('x', [video, opus])
    expect(takenOf(plan, answer(plan, ['video'])).map(({ track }) => track)).toEqual([video])
    expect(() => takenOf(plan, answer(plan, ['audio']))).toThrow(expect.objectContaining({ code: 'ERR_CODEC_UNSUPPORTED' }))
  })

  it.each([[[aac]], [[data]], [[]], [[{ ...video, codec: 'mp4v.20.9' }, opus]]])('refuses what WebRTC does not carry: %j', (tracks) => {
    expect(() => planPush('x', tracks)).toThrow(expect.objectContaining({ code: 'ERR_CODEC_UNSUPPORTED' }))
  })
})
