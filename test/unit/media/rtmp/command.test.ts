import { describe, expect, it } from 'vitest'
import { isShoalError } from '../../../../src/errors.js'
import { encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import {
  dataFrame,
  decodeCommand,
  encodeCommand,
  enhancedCapabilities,
  isCommand,
  objectOf,
  printable,
  scriptBody,
  statusOf,
  textOf,
} from '../../../../src/media/rtmp/command.js'

const message = (body: Uint8Array, type = 20) => ({ type, stream: 0, timestamp: 0, body })
const mark = (body: Uint8Array): Uint8Array => Uint8Array.of(0, ...body)

describe('commands', () => {
  it('come back as they were', () => {
    const command = decodeCommand(message(encodeCommand('connect', 1, { app: 'live' }, 'more', 2)))
    expect(command).toEqual({ name: 'connect', transaction: 1, object: { app: 'live' }, args: ['more', 2] })
  })

  it('are read in the AMF3 form, with and without its mark', () => {
    const body = encodeCommand('play', 4, null, 'x')
    for (const form of [mark(body), body]) expect(decodeCommand(message(form, 17)).args).toEqual(['x'])
    expect([17, 20, 18].map((type) => isCommand(message(body, type)))).toEqual([true, true, false])
  })

  it('may lack transaction and object', () => {
    expect(decodeCommand(message(encodeAmf0('FCUnpublish')))).toEqual({ name: 'FCUnpublish', transaction: 0, object: undefined, args: [] })
  })

  it.each([
    ['no name', new Uint8Array(), 'ERR_PROTOCOL'],
    ['a number for a name', encodeAmf0(1, 1, null), 'ERR_PROTOCOL'],
    ['text for a transaction', encodeAmf0('connect', 'one', null), 'ERR_PROTOCOL'],
    ['an object for a transaction', encodeAmf0('connect', {}, null), 'ERR_PROTOCOL'],
    ['a string cut short', Uint8Array.of(2, 0, 9, 1), 'ERR_MEDIA_INVALID'],
    ['an unknown marker', Uint8Array.of(0x44), 'ERR_MEDIA_INVALID'],
    ['the switch to AMF3', Uint8Array.of(...encodeAmf0('connect', 1), 0x11, 0x0a), 'ERR_MEDIA_INVALID'],
    ['deep nesting', encodeAmf0('connect', 1, { a: { a: { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } } } }), 'ERR_MEDIA_INVALID'],
    ['very many values', encodeAmf0('connect', 1, new Array<number>(1001).fill(0)), 'ERR_MEDIA_INVALID'],
    ['a very long string', encodeAmf0('connect', 1, { app: 'x'.repeat(16_385) }), 'ERR_MEDIA_INVALID'],
    ['an array that claims 4 billion values', Uint8Array.of(...encodeAmf0('a', 1), 0x0a, 255, 255, 255, 255), 'ERR_MEDIA_INVALID'],
  ] as const)('are refused with %s', (_, body, code) => {
    let error: unknown
    try {
      decodeCommand(message(body))
    } catch (caught) {
      error = caught
    }
    expect(isShoalError(error, code)).toBe(true)
  })
})

describe('parts of commands', () => {
  it('objects and texts are what they are, or empty', () => {
    expect(objectOf({ a: 1 })).toEqual({ a: 1 })
    for (const value of [null, undefined, 1, 'x', true, [1], new Date(0)]) expect(objectOf(value)).toEqual({})
    expect([textOf('x'), textOf(1), textOf(undefined)]).toEqual(['x', '', ''])
  })

  it('reads a status from the last argument', () => {
    const info = { level: 'error', code: 'NetStream.Publish.BadName', description: 'taken' }
    expect(statusOf({ name: 'onStatus', transaction: 0, object: null, args: [info] })).toEqual(info)
    const ours = { ...info, error: 'ERR_STREAM_TAKEN' }
    expect(statusOf({ name: 'onStatus', transaction: 0, object: null, args: [ours] })).toEqual(ours)
    expect(statusOf({ name: 'onStatus', transaction: 0, object: null, args: [{ level: 'error' }] })).toBeUndefined()
    expect(statusOf({ name: 'onStatus', transaction: 0, object: null, args: [] })).toBeUndefined()
  })

  it('takes @setDataFrame and the AMF3 mark off a data message, and puts the former on', () => {
    const script = encodeAmf0('onMetaData', { width: 1 })
    const sent = Uint8Array.from(dataFrame([script]).flatMap((part) => [...part]))
    expect(scriptBody(message(sent, 18))).toEqual(script)
    expect(scriptBody(message(script, 18))).toEqual(script)
    expect(scriptBody(message(mark(sent), 15))).toEqual(script)
    expect(scriptBody(message(new Uint8Array(), 15))).toEqual(new Uint8Array())
  })

  it('makes foreign texts fit for logs', () => {
    expect(printable('a\nb\u0000\u007f')).toBe('a?b??')
    expect(printable('x'.repeat(500))).toHaveLength(200)
  })

  it('offers the codecs of Enhanced RTMP', () => {
    const { fourCcList, videoFourCcInfoMap, audioFourCcInfoMap } = enhancedCapabilities()
    expect(fourCcList).toEqual([...Object.keys(objectOf(videoFourCcInfoMap)), ...Object.keys(objectOf(audioFourCcInfoMap))])
  })
})
