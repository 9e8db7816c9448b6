import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSecretKey, Redactor, redactText } from '../../../../src/daemon/util/redact.js'
import { cpuTime } from '../../../cpu-time.js'

describe('names of secrets', () => {
  it('are known in every spelling, and others are not', () => {
    for (const key of [
      'token',
      'apiToken',
      'API_TOKEN',
      'access-token',
      'tokens',
      'password',
      'passphrase',
      'clientSecret',
      'Authorization',
      'ticket',
      'streamKey',
      'key',
      'privateKey',
      'cookie',
    ]) {
      expect(isSecretKey(key), key).toBe(true)
    }
    for (const key of ['port', 'keyframe', 'keyFrames', 'monkeys', 'path', 'author', 'name', 'tokenizer', 'url']) expect(isSecretKey(key), key).toBe(false)
  })
})

describe('texts', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['rtsp://admin:geheim@10.0.0.5:554/ch1', 'rtsp://***@10.0.0.5:554/ch1'],
    ['see rtmp://user:p@ss@host/app and more', 'see rtmp://***@host/app and more'],
    ['http://token@host/x', 'http://***@host/x'],
    ['rtsp://u:pa/ss@cam/x', 'rtsp://***@cam/x'],
    ['rtsp://u:pa?ss#1@cam/x', 'rtsp://***@cam/x'],
    ['http://host:8080/a@b', 'http://host:8080/a@b'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x'],
    ['/live/cam.flv?token=abc&x=1', '/live/cam.flv?token=***&x=1'],
    ['http://h/x?x=1&password=abc', 'http://h/x?x=1&password=***'],
    ['srt://h:1?passphrase=abc;sig=def', 'srt://h:1?passphrase=***;sig=***'],
    ['Authorization: Bearer abcdef.ghi', 'Authorization: Bearer ***'],
    ['basic YWRtaW46cGFzcw==', 'basic ***'],
    ['shoal join shoal1qpzry9x8gf2tvdw0s3jn54', 'shoal join shoal1***'],
    ['nothing to hide = here', 'nothing to hide = here'],
    ['shoal1 and shoal://kitchen/live/cam', 'shoal1 and shoal://kitchen/live/cam'],
    ['me@example.com', 'me@example.com'],
  ]
  it.each(cases)('%s', (text, safe) => expect(redactText(text)).toBe(safe))

  it('take little time, whatever they hold', () => {
    for (const part of ['://', '://a:', '://a:@', '&key=', 'bearer ', 'shoal1', 'a:', '@', '://x:1', '?token=&']) {
      const text = part.repeat(20_000 / part.length)
      expect(
        cpuTime(() => void redactText(text)),
        part,
      ).toBeLessThan(500)
    }
  })
})

describe('values', () => {
  it('are copied without secrets at any depth', () => {
    const value = { a: { b: [{ password: 'x', token: ['x'], key: true, tickets: 3, passwords: { c: 'x' }, n: 5 }] } }
    expect(new Redactor().value(value)).toEqual({ a: { b: [{ password: '<hidden>', token: '<hidden>', key: true, tickets: 3, passwords: '<hidden>', n: 5 }] } })
    expect(new Redactor().value({ password: 12345 })).toEqual({ password: '<hidden>' })
    expect(
      new Redactor().value(
        new Map<unknown, unknown>([
          ['secret', 'x'],
          [1, new Set(['rtsp://u:p@h/'])],
        ]),
      ),
    ).toEqual({ secret: '<hidden>', 1: ['rtsp://***@h/'] })
  })

  it('of every sort become plain JSON', () => {
    const value = {
      big: 10n,
      nan: Number.NaN,
      fn: () => 1,
      sym: Symbol('x'),
      bytes: new Uint8Array(3),
      date: new Date(0),
      bad: new Date(Number.NaN),
      url: new URL('http://u:p@h/'),
      none: undefined,
      nil: null,
    }
    expect(new Redactor().value(value)).toEqual({
      big: '10',
      nan: 'NaN',
      fn: '<function>',
      sym: '<symbol>',
      bytes: '<3 bytes>',
      date: '1970-01-01T00:00:00.000Z',
      bad: '<no date>',
      url: 'http://***@h/',
      none: undefined,
      nil: null,
    })
  })

  it('are bounded in depth, items and text; a secret that the cut goes through does not show', () => {
    const deep = (n: number): unknown => (n === 0 ? 1 : { a: deep(n - 1) })
    expect(JSON.stringify(new Redactor().value(deep(100)))).toContain('<deeper>')
    const list = new Redactor().value(Array.from({ length: 1000 }, (_, i) => i)) as unknown[]
    expect(list).toHaveLength(51)
    expect(list.at(-1)).toBe('<950 more>')
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'x'.repeat(10_000)]))
    expect(JSON.stringify(new Redactor().value(wide)).length).toBeLessThan(20_000)
    const cut = new Redactor({ limits: { text: 20 } }).text(`${'x'.repeat(8)} rtsp://user:geheim@host/`)
    expect(cut).not.toContain('user')
  })

  it('never throw and always become JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          const text = JSON.stringify({ value: new Redactor().value(value) })
          return typeof JSON.parse(text) === 'object'
        },
      ),
      { numRuns: 2000 },
    )
  })
})
