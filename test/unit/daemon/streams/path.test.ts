import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxPathBytes, normalizePath } from '../../../../src/daemon/streams/path.js'
import { isShoalError } from '../../../../src/errors.js'

const good: readonly (readonly [given: string, path: string])[] = [
  ['live/cam', 'live/cam'],
  ['/live/cam/', 'live/cam'],
  ['//live///cam//', 'live/cam'],
  ['cam', 'cam'],
  ['live/Küche', 'live/Küche'],
  ['live/Ku\u0308che', 'live/Küche'],
  ['live/カメラ', 'live/カメラ'],
  ['a b/c', 'a b/c'],
  ['live/cam.v2', 'live/cam.v2'],
  ['.../x', '.../x'],
  ['live/%2e%2e', 'live/%2e%2e'],
  ['x'.repeat(maxPathBytes), 'x'.repeat(maxPathBytes)],
  [`/${'x'.repeat(maxPathBytes)}/`, 'x'.repeat(maxPathBytes)],
]

const bad: readonly string[] = [
  '',
  '/',
  '///',
  '.',
  '..',
  'live/..',
  '../live',
  'live/../cam',
  'live/./cam',
  'live/cam?x=1',
  'live#cam',
  'live\\cam',
  'live\ncam',
  'live\rcam',
  'live\tcam',
  'live\0cam',
  'live\x7fcam',
  'live\u0085cam',
  'live\u2028cam',
  'live\u202ecam',
  'live\u2066cam',
  'live\ud800cam',
  'x'.repeat(maxPathBytes + 1),
  'ü'.repeat(128),
  '/'.repeat(5000),
]

describe('normalizePath', () => {
  it.each(good)('%j becomes %j', (given, path) => {
    expect(normalizePath(given)).toBe(path)
  })

  it.each(bad.map((text) => [text]))('refuses %j', (text) => {
    expect(() => normalizePath(text)).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
  })

  it('refuses what is not a text', () => {
    expect(() => normalizePath(undefined as unknown as string)).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
  })

  it('is idempotent and keeps to its rules, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 8 }), (segments) => {
        let path: string
        try {
          path = normalizePath(segments.join('/'))
        } catch (error) {
          return isShoalError(error, 'ERR_PATH_INVALID')
        }
        expect(normalizePath(path)).toBe(path)
        expect(normalizePath(`/${path}//`)).toBe(path)
        expect(path).toBe(path.normalize('NFC'))
        expect(path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')).toBe(true)
        return Buffer.byteLength(path) <= maxPathBytes
      }),
      { numRuns: 2000 },
    )
  })
})
