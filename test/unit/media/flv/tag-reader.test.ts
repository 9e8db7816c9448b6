import { describe, expect, it } from 'vitest'
import { encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { type TagEvent, type TagKind, TagReader } from '../../../../src/media/flv/tag-body.js'
import { makeAvcC, parseAvcC } from '../../../../src/media/h264.js'
import { parseHvcC } from '../../../../src/media/h265.js'
import { joinNals } from '../../../../src/media/nal.js'
import { av1Configs, avcConfigs, codeOf, hevcConfigs, hex } from '../configs.js'

const avcC = avcConfigs[1]?.hex ?? ''
const hvcC = hevcConfigs[0]?.hex ?? ''
const av1C = av1Configs[0]?.hex ?? ''
const opusHead = '4f707573486561640102380180bb0000000000'
const fourCc = (name: string): string => Buffer.from(name).toString('hex')

/** Reads bodies, all with the time 0 unless one is given, and returns the events of the last. */
function readAll(...bodies: readonly (readonly [kind: TagKind, body: string, time?: number])[]): TagEvent[] {
  const reader = new TagReader()
  return bodies.map(([kind, body, time]) => reader.read(kind, time ?? 0, hex(body))).at(-1) ?? []
}

const trackOf = (events: readonly TagEvent[]) => events.flatMap((event) => (event.type === 'track' ? [event.track] : []))[0]
const frameOf = (events: readonly TagEvent[]) => events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []))[0]

describe('legacy tags', () => {
  it('AVC: sequence header and frames', () => {
    expect(trackOf(readAll(['video', `1700000000${avcC}`]))).toEqual({
      id: 1,
      kind: 'video',
      codec: 'avc1.4d401e',
      description: hex(avcC),
      width: 640,
      height: 360,
    })
    const config: [TagKind, string] = ['video', `1700000000${avcC}`]
    expect(frameOf(readAll(config, ['video', '1701000050 00000002 6588', 1000]))).toEqual({
      track: 1,
      timestamp: 1_080_000,
      decodeTime: 1_000_000,
      key: true,
      data: hex('000000026588'),
    })
    expect(frameOf(readAll(config, ['video', '2701000000 00000002 4188', 1000]))).toEqual({
      track: 1,
      timestamp: 1_000_000,
      key: false,
      data: hex('000000024188'),
    })
  })

  it('AVC: a negative composition time', () => {
    const frame = frameOf(readAll(['video', `1700000000${avcC}`], ['video', '2701ffffd8 00000002 4188', 1000]))
    expect(frame).toMatchObject({ timestamp: 960_000, decodeTime: 1_000_000 })
  })

  it('AVC: a frame made by a server is a key frame; a command is nothing', () => {
    expect(frameOf(readAll(['video', `1700000000${avcC}`], ['video', '4701000000 00000002 6588']))?.key).toBe(true)
    expect(readAll(['video', '5700'])).toEqual([])
  })

  it('HEVC as codec 12', () => {
    expect(trackOf(readAll(['video', `1c00000000${hvcC}`]))).toMatchObject({ codec: 'hvc1.1.6.L63.90', width: 640, height: 360 })
  })

  it('AAC: sequence header and frames, with their duration', () => {
    expect(trackOf(readAll(['audio', 'af00 1210']))).toEqual({
      id: 2,
      kind: 'audio',
      codec: 'mp4a.40.2',
      description: hex('1210'),
      sampleRate: 44_100,
      channels: 2,
    })
    expect(frameOf(readAll(['audio', 'af00 1210'], ['audio', 'af01 aabb', 23]))).toEqual({
      track: 2,
      timestamp: 23_000,
      duration: 23_220,
      key: true,
      data: hex('aabb'),
    })
  })

  it('MP3: the first frame says what it is', () => {
    const events = readAll(['audio', '2f fffb9064aabb', 40])
    expect(trackOf(events)).toEqual({ id: 2, kind: 'audio', codec: 'mp3', sampleRate: 44_100, channels: 2 })
    expect(frameOf(events)).toEqual({ track: 2, timestamp: 40_000, duration: 26_122, key: true, data: hex('fffb9064aabb') })
  })

  it('empty bodies, ends of sequence and empty frames are nothing', () => {
    for (const [kind, body] of [
      ['video', ''],
      ['audio', ''],
      ['video', '1702000000'],
      ['audio', 'af'],
      ['video', '2701000000'],
    ] as const) {
      expect(readAll(['video', `1700000000${avcC}`], ['audio', 'af00 1210'], [kind, body])).toEqual([])
    }
  })

  it('frames before their configuration are left out', () => {
    expect(readAll(['video', '1701000050 00000002 6588'])).toEqual([])
    expect(readAll(['audio', 'af01 aabb'])).toEqual([])
  })
})

describe('parameter sets', () => {
  const { sps, pps } = parseAvcC(hex(avcC))
  const frame = (nals: readonly Uint8Array[]): string => `1701000000${Buffer.from(joinNals(nals)).toString('hex')}`
  const picture = hex('6588')

  it('inside frames are taken out', () => {
    const events = readAll(['video', `1700000000${avcC}`], ['video', frame([...sps, ...pps, picture])])
    expect(events).toEqual([{ type: 'frame', frame: { track: 1, timestamp: 0, key: true, data: joinNals([picture]) } }])
  })

  it('that are new make a changed track, before the frame', () => {
    const other = parseAvcC(hex(avcConfigs[0]?.hex ?? ''))
    const events = readAll(['video', `1700000000${avcC}`], ['video', frame([...other.sps, ...other.pps, picture])])
    expect(events.map((event) => event.type)).toEqual(['track', 'frame'])
    expect(trackOf(events)).toMatchObject({ id: 1, codec: 'avc1.42c00b', width: 176, height: 144, description: makeAvcC(other.sps, other.pps) })
  })

  it('of HEVC that are new make a changed track', () => {
    const other = parseHvcC(hex(hevcConfigs[1]?.hex ?? ''))
    const nals = [...other.vps, ...other.sps, ...other.pps, hex('2601af')]
    const body = `1c01000000${Buffer.from(joinNals(nals)).toString('hex')}`
    expect(trackOf(readAll(['video', `1c00000000${hvcC}`], ['video', body]))).toMatchObject({ codec: 'hvc1.2.4.L120.90', width: 1920, height: 1080 })
  })

  it('alone make no frame', () => {
    expect(readAll(['video', `1700000000${avcC}`], ['video', frame([...sps, ...pps])])).toEqual([])
  })

  it('a repeated sequence header is no event, a changed one is', () => {
    expect(readAll(['video', `1700000000${avcC}`], ['video', `1700000000${avcC}`])).toEqual([])
    expect(readAll(['video', `1700000000${avcC}`], ['video', `1700000000${avcConfigs[2]?.hex}`])).toHaveLength(1)
  })

  it('lengths of 2 bytes become 4, in frames and in the description', () => {
    const short = `${avcC.slice(0, 8)}fd${avcC.slice(10)}`
    expect(trackOf(readAll(['video', `1700000000${short}`]))?.description).toEqual(hex(avcC))
    expect(frameOf(readAll(['video', `1700000000${short}`], ['video', '1701000000 0002 6588 0001 41']))?.data).toEqual(hex('00000002 6588 00000001 41'))
    const inside = `1701000000${[...sps, ...pps, picture].map((nal) => nal.length.toString(16).padStart(4, '0') + Buffer.from(nal).toString('hex')).join('')}`
    const other = `1700000000${(avcConfigs[0]?.hex ?? '').slice(0, 8)}fd${(avcConfigs[0]?.hex ?? '').slice(10)}`
    expect(frameOf(readAll(['video', other], ['video', inside], ['video', '2701000000 0001 41']))?.data).toEqual(hex('00000001 41'))
  })
})

describe('Enhanced RTMP', () => {
  it.each([
    ['avc1', avcC, 'avc1.4d401e'],
    ['hvc1', hvcC, 'hvc1.1.6.L63.90'],
    ['av01', av1C, 'av01.0.01M.08'],
    ['vp09', '010000000015820202020000', 'vp09.00.21.08'],
  ])('video %s: configuration, frames with and without composition time', (name, config, codec) => {
    const start: [TagKind, string] = ['video', `90${fourCc(name)}${config}`]
    expect(trackOf(readAll(start))?.codec).toBe(codec)
    const nal = '00000002 2601'
    const timed = name === 'avc1' || name === 'hvc1'
    expect(frameOf(readAll(start, ['video', `91${fourCc(name)}${timed ? '000028' : ''}${nal}`, 100]))).toMatchObject({
      timestamp: timed ? 140_000 : 100_000,
      key: true,
      data: hex(nal),
    })
    expect(frameOf(readAll(start, ['video', `a3${fourCc(name)}${nal}`, 100]))).toEqual({ track: 1, timestamp: 100_000, key: false, data: hex(nal) })
    expect(readAll(start, ['video', `92${fourCc(name)}`])).toEqual([])
  })

  it('audio Opus, mp4a and .mp3', () => {
    const opus: [TagKind, string] = ['audio', `90${fourCc('Opus')}${opusHead}`]
    expect(trackOf(readAll(opus))).toEqual({ id: 2, kind: 'audio', codec: 'opus', description: hex(opusHead), sampleRate: 48_000, channels: 2 })
    expect(frameOf(readAll(opus, ['audio', `91${fourCc('Opus')}fc0102`, 20]))).toEqual({
      track: 2,
      timestamp: 20_000,
      duration: 20_000,
      key: true,
      data: hex('fc0102'),
    })
    expect(trackOf(readAll(['audio', `90${fourCc('mp4a')}1210`]))?.codec).toBe('mp4a.40.2')
    expect(trackOf(readAll(['audio', `91${fourCc('.mp3')}fffb9064`]))?.codec).toBe('mp3')
  })

  it('ModEx: nanoseconds are added, other kinds are passed over', () => {
    const start: [TagKind, string] = ['audio', `90${fourCc('Opus')}${opusHead}`]
    // one block of 3 bytes: 500,000 ns; then type 1
    expect(frameOf(readAll(start, ['audio', `97 02 07a120 01 ${fourCc('Opus')}fc01`, 20]))?.timestamp).toBe(20_500)
    // a block of 300 bytes of an unknown kind
    expect(frameOf(readAll(start, ['audio', `97 ff 012b ${'00'.repeat(300)} f1 ${fourCc('Opus')}fc01`, 20]))?.timestamp).toBe(20_000)
  })

  it('colour metadata and commands are nothing', () => {
    expect(readAll(['video', `94${fourCc('hvc1')}02000a`])).toEqual([])
    expect(readAll(['video', 'd100'])).toEqual([])
  })

  it.each([
    ['multitrack video', 'video', '96 00'],
    ['multitrack audio', 'audio', '95 00'],
    ['video FourCC', 'video', `90${fourCc('vvc1')}00`],
    ['audio FourCC', 'audio', `90${fourCc('ac-3')}00`],
    ['sound as a picture', 'video', `90${fourCc('Opus')}00`],
    ['H.263', 'video', '1200'],
    ['Speex', 'audio', 'b600'],
    ['PCM', 'audio', '3e00'],
  ] as const)('is refused as not carried: %s', (_, kind, body) => {
    expect(codeOf(() => readAll([kind, body]))).toBe('ERR_CODEC_UNSUPPORTED')
  })
})

describe('malformed bodies', () => {
  it.each([
    ['AVC without a composition time', 'video', '1701'],
    ['a broken avcC', 'video', '170000000002'],
    ['an empty avcC', 'video', '1700000000'],
    ['a NAL unit longer than the tag', 'video', '1701000000 000000ff 65'],
    ['a broken AudioSpecificConfig', 'audio', 'af00 00'],
    ['a FourCC cut short', 'video', '90 6876'],
    ['a broken OpusHead', 'audio', `90${fourCc('Opus')}4f70`],
    ['a ModEx block longer than the tag', 'audio', '97 10 00'],
    ['ModEx without end', 'video', '97 00 00 07 00 00 07'],
    ['an MP3 frame that is none', 'audio', '2f 00112233'],
    ['a broken av1C', 'video', `90${fourCc('av01')}00`],
  ] as const)('are refused: %s', (_, kind, body) => {
    expect(codeOf(() => readAll(['video', `1700000000${avcC}`], [kind, body]))).toBe('ERR_MEDIA_INVALID')
  })

  it('do not end the reader', () => {
    const reader = new TagReader()
    reader.read('video', 0, hex(`1700000000${avcC}`))
    expect(codeOf(() => reader.read('video', 0, hex('1701000000 000000ff 65')))).toBe('ERR_MEDIA_INVALID')
    expect(reader.read('video', 40, hex('1701000000 00000001 65'))).toHaveLength(1)
  })
})

describe('metadata', () => {
  const metadata = (...values: Parameters<typeof encodeAmf0>): TagEvent[] => new TagReader().read('script', 0, encodeAmf0(...values))

  it('is given with and without @setDataFrame', () => {
    const expected = [{ type: 'metadata', data: { width: 640 } }]
    expect(metadata('onMetaData', { width: 640 })).toEqual(expected)
    expect(metadata('@setDataFrame', 'onMetaData', { width: 640 })).toEqual(expected)
  })

  it('of another name, without an object, or broken is nothing', () => {
    expect([metadata('onCuePoint', {}), metadata('onMetaData'), metadata('onMetaData', []), metadata('onMetaData', 'x'), metadata()]).toEqual([
      [],
      [],
      [],
      [],
      [],
    ])
    expect(new TagReader().read('script', 0, hex('02 00ff'))).toEqual([])
  })

  it('gives its size to a picture that says none itself, and only then', () => {
    const reader = new TagReader()
    reader.read('script', 0, encodeAmf0('onMetaData', { width: 1280, height: 720 }))
    expect(trackOf(reader.read('video', 0, hex(`90${fourCc('vp09')}0015820202020000`)))).toMatchObject({ width: 1280, height: 720 })
    expect(trackOf(reader.read('video', 0, hex(`1700000000${avcC}`)))).toMatchObject({ width: 640, height: 360 })
  })

  it('tracks are listed picture first', () => {
    const reader = new TagReader()
    reader.read('audio', 0, hex('af00 1210'))
    reader.read('video', 0, hex(`1700000000${avcC}`))
    expect(reader.tracks.map((track) => track.codec)).toEqual(['avc1.4d401e', 'mp4a.40.2'])
  })
})
