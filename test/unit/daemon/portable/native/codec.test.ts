import { describe, expect, it } from 'vitest'
import {
  answerOf,
  decodePortable,
  encodePortable,
  errorAnswer,
  errorOf,
  fromJson,
  isTrackKind,
  toJson,
  trackFromWire,
  trackToWire,
} from '../../../../../src/daemon/portable/native/codec.js'
import { ShoalError } from '../../../../../src/errors.js'
import type { Track } from '../../../../../src/stream.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

describe('decodePortable', () => {
  it('reads what encodePortable writes', () => {
    const message = { id: 2 ** 40, payload: { peer: '12D3', kind: 'a.b', body: Uint8Array.of(1, 2) } }
    expect(decodePortable(encodePortable(message))).toEqual({ message, part: 'payload' })
    const answer = { id: 7, answer: answerOf({ entries: [{ key: 'ä', value: Uint8Array.of(0) }], flag: true }) }
    expect(decodePortable(encodePortable(answer))).toEqual({ message: answer, part: 'answer' })
  })

  it('ignores what a later version knows', () => {
    expect(decodePortable(Uint8Array.of(0xfa, 0x06, 1, 0))).toBeUndefined()
  })

  it('refuses nothing, nonsense and two parts', async () => {
    const both = encodePortable({ id: 1, cancel: {}, shutdown: {} })
    for (const bad of [new Uint8Array(), Uint8Array.of(0x17), Uint8Array.of(0x12, 200), both])
      expect(await codeOf(() => decodePortable(bad))).toBe('ERR_PROTOCOL')
  })

  it('counts before it builds', async () => {
    const hello = { version: 1, minVersion: 1, agent: '' }
    const plugin = {
      name: 'a',
      version: '',
      description: '',
      author: '',
      configSchema: new Uint8Array(),
      pullers: [],
      pushers: [],
      routes: [],
      provides: [],
      events: [],
      uses: [],
    }
    const kinds = Array.from({ length: 1001 }, () => 'k')
    expect(await codeOf(() => decodePortable(encodePortable({ id: 0, hello: { ...hello, plugin: { ...plugin, kinds } } })))).toBe('ERR_PROTOCOL')
    const track = trackToWire({ id: 1, kind: 'data', codec: 'text' })
    const tracks = Array.from({ length: 17 }, () => track)
    expect(await codeOf(() => decodePortable(encodePortable({ id: 1, tracks: { tracks } })))).toBe('ERR_PROTOCOL')
  })
})

describe('errors', () => {
  it('keep their codes both ways, where they are known', () => {
    expect(errorAnswer(new ShoalError('ERR_LIMIT', 'full'))).toMatchObject({ code: 'ERR_LIMIT', message: 'full' })
    expect(errorAnswer(new TypeError('odd'))).toMatchObject({ code: 'ERR_INTERNAL', message: 'odd' })
    expect(errorOf({ code: 'ERR_LIMIT', message: 'a\u001bb' }, 'ERR_PLUGIN_FAILED')).toMatchObject({ code: 'ERR_LIMIT', message: 'a b' })
    expect(errorOf({ code: 'ERR_NO_SUCH', message: '' }, 'ERR_SOURCE_FAILED').code).toBe('ERR_SOURCE_FAILED')
  })
})

describe('JSON', () => {
  it('goes through bytes', async () => {
    expect(fromJson(toJson({ a: [1] }), 'it')).toEqual({ a: [1] })
    expect(fromJson(toJson(undefined), 'it')).toBeNull()
    expect(fromJson(new Uint8Array(), 'it')).toBeUndefined()
    expect(await codeOf(() => fromJson(Uint8Array.of(255), 'it'))).toBe('ERR_PROTOCOL')
  })
})

describe('tracks', () => {
  it('go over the wire', async () => {
    const tracks: Track[] = [
      { id: 1, kind: 'video', codec: 'avc1.64001f', description: Uint8Array.of(1), width: 640, height: 360 },
      { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 },
    ]
    expect(tracks.map(trackToWire).map(trackFromWire)).toEqual(tracks)
    const odd = { ...trackToWire({ id: 1, kind: 'data', codec: 'text' }), kind: 'smell' }
    expect(await codeOf(() => trackFromWire(odd))).toBe('ERR_TRACKS_INVALID')
    expect(['video', 'audio', 'data', 'smell'].map(isTrackKind)).toEqual([true, true, true, false])
  })
})
