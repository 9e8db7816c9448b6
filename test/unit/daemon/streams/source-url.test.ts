import { describe, expect, it } from 'vitest'
import { maxUrlBytes, parseSourceUrl, pathOfUrl, redact } from '../../../../src/daemon/streams/source-url.js'
import { isShoalError } from '../../../../src/errors.js'

const good: readonly (readonly [url: string, shown: string, path: string])[] = [
  ['shoal://kitchen/live/cam', 'shoal://kitchen/live/cam', 'live/cam'],
  ['shoal:///live/cam', 'shoal:///live/cam', 'live/cam'],
  ['rtmp://user:secret@host:1935/live/cam', 'rtmp://***@host:1935/live/cam', 'live/cam'],
  ['rtsp://user@host/cam', 'rtsp://***@host/cam', 'cam'],
  ['rtsp://u:p@ss@host/cam', 'rtsp://***@host/cam', 'cam'],
  ['http://[::1]:8180/live/cam.flv?token=abc&x=1', 'http://[::1]:8180/live/cam.flv?token=***&x=1', 'live/cam.flv'],
  ['https://h/a?x=1&accessKey=k&Signature=s#t', 'https://h/a?x=1&accessKey=***&Signature=***#t', 'a'],
  ['srt://h:8890/a?streamid=x&passphrase=0123456789', 'srt://h:8890/a?streamid=x&passphrase=***', 'a'],
  ['file:///home/me/my%20clip.flv', 'file:///home/me/my%20clip.flv', 'home/me/my clip.flv'],
  ['file:///home/me/my clip.flv', 'file:///home/me/my clip.flv', 'home/me/my clip.flv'],
  ['test://host/pattern', 'test://host/pattern', 'pattern'],
  ['RTMP://host//live//cam/', 'RTMP://host//live//cam/', 'live/cam'],
  ['my+proto.2://host:9/K%C3%BCche', 'my+proto.2://host:9/K%C3%BCche', 'Küche'],
]

const long = `rtmp://host/${'x'.repeat(maxUrlBytes)}`

/** Fifty forms that are refused before any plugin sees them. */
const bad: readonly unknown[] = [
  '',
  ' ',
  'live/cam',
  '/live/cam',
  'host:1935/live/cam',
  'rtmp:',
  'rtmp:/host/live',
  'rtmp:host/live',
  '//host/live',
  '://host/live',
  '1rtmp://host/live',
  'rt mp://host/live',
  'rtmp ://host/live',
  '-x://host/live',
  'mailto:a@b',
  'javascript:alert(1)',
  'data:text/plain,x',
  'http:host/live',
  'http:///live',
  'https:////evil/live',
  'http://',
  'http://:80/x',
  'http://host:99999/x',
  'http://host:port/x',
  'http://ho st/x',
  'http://[::1/x',
  'http://[::g]/x',
  'http://256.256.256.256/x',
  'http://ho%00st/x',
  'http://ho<st/x',
  'rtmp://ho st/x',
  'rtmp://host:70000/x',
  'rtmp://host\\evil/x',
  'http:\\\\host\\x',
  'rtmp://host/x\r\nHost: evil',
  'rtmp://host/x\nx',
  'rtmp://host/x\rx',
  'rtmp://host/\tx',
  'rtmp://host/x\0',
  'rtmp://host/x\x7f',
  'rtmp://host/x\x1b[31m',
  'rtmp://host/x\u0085',
  'rtmp://host/x\u2028y',
  'rtmp://host/\ud800',
  'rtmp://host/x%0d%0aHost:%20evil',
  'rtmp://host/x%00',
  'rtmp://host/x%7F',
  ' rtmp://host/x',
  'rtmp://host/x ',
  '\ufeffrtmp://host/x',
  long,
  'ü'.repeat(1500).replace(/^/, 'rtmp://h/'),
  undefined,
  null,
  42,
  {},
]

describe('parseSourceUrl', () => {
  it.each(good)('%s is shown as %s and names %s', (text, shown, path) => {
    const source = parseSourceUrl(text)
    expect(source).toMatchObject({ text, shown })
    expect(source.url.href).toBe(new URL(text).href)
    expect(pathOfUrl(source)).toBe(path)
  })

  it('refuses at least fifty forms', () => {
    expect(bad.length).toBeGreaterThanOrEqual(50)
  })

  it.each(bad.map((text) => [text]))('refuses %j', (text) => {
    expect(() => parseSourceUrl(text as string)).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })

  it('shows neither credentials nor control characters of what it refuses', () => {
    const passwords = ['rtmp://user:hunter2@host/x\r\n', 'rtmp://u:hunter2\n@host/x', 'rtmp://u:a/hunter2@host/x', 'rtmp://u:p@hunter2@host:99999/x']
    for (const text of [...passwords, 'rtmp://host/x?token=hunter2\n', `rtmp://u:hunter2${'x'.repeat(5000)}@host/x`]) {
      try {
        parseSourceUrl(text)
        expect.unreachable()
      } catch (error) {
        expect(isShoalError(error, 'ERR_URL_INVALID')).toBe(true)
        expect(String(error)).not.toMatch(/hunter2|[\r\n]/)
      }
    }
  })
})

describe('redact is quick', () => {
  it.each([['a'.repeat(100_000)], ['?token'.repeat(20_000)], [';a'.repeat(50_000)], ['a://'.repeat(30_000)], [`?${'token'.repeat(20_000)}`]])(
    'with %#',
    (text) => {
      const started = performance.now()
      redact(text)
      // a regular expression that goes wrong takes minutes for these
      expect(performance.now() - started).toBeLessThan(5000)
    },
  )
})

describe('pathOfUrl', () => {
  it.each([
    ['rtmp://host'],
    ['rtmp://host/'],
    ['shoal:///'],
    ['rtmp://host/a%2f..%2fb'],
    ['rtmp://host/a%5cb'],
    ['rtmp://host/a%3fb'],
    [`rtmp://host/${'x'.repeat(256)}`],
  ])('%s names no path', (text) => {
    expect(() => pathOfUrl(parseSourceUrl(text))).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
  })

  it('refuses broken percent-encoding', () => {
    expect(() => pathOfUrl(parseSourceUrl('rtmp://host/%zz'))).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
    expect(() => pathOfUrl(parseSourceUrl('rtmp://host/%ff'))).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })
})

describe('redact', () => {
  it('cleans every URL in a text', () => {
    const text = 'connect rtmp://a:b@h/x failed, tried "http://u@h/?key=1&q=2" and http://h/@x'
    expect(redact(text)).toBe('connect rtmp://***@h/x failed, tried "http://***@h/?key=***&q=2" and http://h/@x')
    expect(redact('nothing to hide: a@b, key=1')).toBe('nothing to hide: a@b, key=1')
  })
})
