import { describe, expect, it } from 'vitest'
import { type Browser, best, codecName, type Judgement, judge, order } from '../../../web/watch/carry.js'

const everything: Browser = { hasMse: true, hasRtc: true, mse: () => true, native: () => false, rtc: () => true }
const formats = ['whep', 'mp4', 'm3u8', 'flv']
const h264 = { kind: 'video', codec: 'avc1.64001f' } as const
const h265 = { kind: 'video', codec: 'hvc1.1.6.L93.B0' } as const
const aac = { kind: 'audio', codec: 'mp4a.40.2' } as const
const opus = { kind: 'audio', codec: 'opus' } as const

const choice = (tracks: Parameters<typeof judge>[1], browser = everything, offered = formats): Judgement | undefined =>
  best(order.map((via) => judge(via, tracks, offered, browser)))

describe('the choice of a protocol', () => {
  it('is the fastest that carries all', () => {
    expect(choice([h264, opus])).toEqual({ via: 'webrtc', plays: ['video', 'audio'], lacks: [] })
    expect(choice([h264, aac])?.via).toBe('fmp4')
    expect(choice([{ kind: 'audio', codec: 'alaw' }])?.via).toBe('webrtc')
    expect(choice([{ kind: 'data', codec: 'text' }])).toBeUndefined()
  })

  it('prefers the picture without sound to the sound without picture, and says what is missing', () => {
    const noRtc = { ...everything, hasRtc: false, mse: (type: string) => !type.startsWith('audio') }
    expect(choice([h264, aac], noRtc)).toEqual({ via: 'fmp4', plays: ['video'], lacks: ['This browser does not decode AAC (mp4a.40.2).'] })
    const noHevc = { ...everything, mse: (type: string) => !type.includes('hvc1'), rtc: (mime: string) => mime !== 'video/H265' }
    expect(choice([h265, aac], noHevc)).toEqual({ via: 'fmp4', plays: ['audio'], lacks: ['This browser does not decode H.265 (hvc1.1.6.L93.B0).'] })
    expect(judge('webrtc', [h265, aac], formats, noHevc)).toEqual({
      via: 'webrtc',
      plays: [],
      lacks: ['This browser does not decode H.265 (hvc1.1.6.L93.B0) by WebRTC.', 'WebRTC does not carry AAC.'],
    })
  })

  it('takes a version that the node makes where something would be missing, and never before what is there', () => {
    const versions = [
      { path: 'live/cam~h264', video: 'avc1.64001f' },
      { path: 'live/cam~opus', audio: 'opus' },
    ]
    const judged = (tracks: Parameters<typeof judge>[1], browser = everything) => order.map((via) => judge(via, tracks, formats, browser, versions))
    expect(judge('webrtc', [h264, aac], formats, everything, versions)).toEqual({
      via: 'webrtc',
      plays: ['video', 'audio'],
      lacks: [],
      version: 'live/cam~opus',
    })
    expect(best(judged([h264, aac]))).toEqual({ via: 'fmp4', plays: ['video', 'audio'], lacks: [] })
    const noAac = { ...everything, mse: (type: string) => !type.includes('mp4a') }
    expect(best(judged([h264, aac], noAac))).toMatchObject({ via: 'webrtc', version: 'live/cam~opus' })
    const noHevc = { ...everything, hasMse: false, rtc: (mime: string) => mime !== 'video/H265' }
    expect(best(judged([h265, aac], noHevc))).toMatchObject({ plays: ['video'], lacks: ['WebRTC does not carry AAC.'], version: 'live/cam~h264' })
    expect(judge('webrtc', [h264, aac], ['mp4'], everything, versions)).not.toHaveProperty('version')
  })

  it('asks what the node offers', () => {
    expect(judge('webrtc', [h264], ['mp4'], everything).lacks).toEqual(['This node does not offer WebRTC.'])
    expect(choice([h264, aac], everything, ['flv'])?.via).toBe('flv')
  })

  it('leaves HLS to a browser that has nothing else', () => {
    const phone = { ...everything, hasMse: false, hasRtc: false, native: () => true }
    expect(choice([h264, aac], phone)?.via).toBe('hls')
    expect(judge('fmp4', [h264], formats, phone).lacks).toEqual(['This browser has no Media Source Extensions.'])
  })
})

it('names codecs for people', () => {
  expect(['avc1.4d401f', 'hev1.1', 'mp4a.6B', 'ulaw', 'odd'].map(codecName)).toEqual(['H.264', 'H.265', 'MP3', 'G.711 µ-law', 'odd'])
})
