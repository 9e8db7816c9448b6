import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSourceMessage } from '../../../../../src/daemon/portable/ekuiper/source-message.js'
import { isShoalError } from '../../../../../src/errors.js'

const read = (text: string, envelope = false): string =>
  Buffer.from(readSourceMessage(Buffer.from(text), { envelope, what: 'source random of the plugin mirror' })).toString()

describe('a message of a source', () => {
  it('is taken out of its envelope as it was written', () => {
    expect(read('{"message": {"n": 1.0, "big": 9007199254740993}, "meta": null}')).toBe('{"n": 1.0, "big": 9007199254740993}')
    expect(read('{"message":{"n":1},"meta":{"topic":"a"}}')).toBe('{"n":1}')
    expect(read('{"meta":null,"message":{"n":1}}')).toBe('{"n":1}')
    expect(read('{"message":null,"meta":null}')).toBe('null')
    expect(read('{"message":{"n":1},"meta":{"topic":"a"}}', true)).toBe('{"message":{"n":1},"meta":{"topic":"a"}}')
  })

  it.each([
    ['{"error": "the sensor is gone"}', 'The source random of the plugin mirror failed: the sensor is gone'],
    [JSON.stringify('{"error":"the sensor is gone"}'), 'failed: the sensor is gone'],
    [JSON.stringify('the sensor is gone'), 'failed: the sensor is gone'],
    ['{"error": {"code": 3}}', 'failed: {"code":3}'],
    ['[1]', 'it sent [1]'],
    ['{}', 'it sent no message: {}'],
    ['', 'it sent what is no JSON'],
  ])('%s is an error', (text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining(message) }))
  })

  it('keeps the value, whatever it is', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (message, meta) => {
        expect(JSON.parse(read(`{"message":${message},"meta":${meta}}`))).toEqual(JSON.parse(message))
      }),
    )
  })

  it('whatever comes is a message or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          readSourceMessage(bytes, { envelope: false, what: 'source' })
        } catch (error) {
          expect(isShoalError(error, 'ERR_SOURCE_FAILED')).toBe(true)
        }
      }),
    )
  })
})
