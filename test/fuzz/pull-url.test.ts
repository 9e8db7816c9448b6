import fc from 'fast-check'
import { describe, it } from 'vitest'
import { maxUrlBytes, parseSourceUrl, pathOfUrl } from '../../src/daemon/streams/source-url.js'
import { isShoalError } from '../../src/errors.js'
import { runs, survey } from './typed-errors.js'

/** URLs from which mutated ones are made. The password must not be shown, whatever becomes of the rest. */
const seeds = [
  'rtmp://user:hunter2@host:1935/live/cam',
  'shoal:///live/cam',
  'shoal://12D3KooWabc/live/cam',
  'https://user:hunter2@[::1]:8180/live/cam.flv?token=hunter2&x=1#f',
  'http://0x7f.1/..%2f..%2fetc/passwd',
  'file:///home/me/my%20clip.flv',
  'srt://host:8890?streamid=read:x&passphrase=hunter2',
]

/** Either a URL within the rules, or a typed error. */
function check(text: string): void {
  try {
    const source = parseSourceUrl(text)
    if (Buffer.byteLength(text) > maxUrlBytes || /[\0-\x1f\x7f\\]/.test(source.url.href + source.text))
      throw new Error(`a wrong URL passed: ${JSON.stringify(text)}`)
    pathOfUrl(source)
  } catch (error) {
    if (!isShoalError(error, 'ERR_URL_INVALID', 'ERR_PATH_INVALID')) throw error
    if (/[\0-\x1f\x7f]/.test(error.message)) throw new Error(`control characters in ${JSON.stringify(error.message)}`)
  }
}

/** Runs the check; nothing is left behind. */
function survive(inputs: fc.Arbitrary<string>): void {
  survey(inputs, runs, check, [])
}

describe('parseSourceUrl and pathOfUrl', () => {
  it('survive random texts', () => {
    const text = fc.tuple(fc.constantFrom('', 'rtmp://', 'http://', 'shoal:///'), fc.string({ unit: 'binary', maxLength: 300 })).map((parts) => parts.join(''))
    survive(text)
  })

  it('survive mutated URLs', () => {
    const insert = fc.string({ unit: fc.constantFrom(...'/.:@?#%&=[]\\ \0\r\n\x7f\u2028\ud800é0') })
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.nat({ max: 80 }), fc.nat({ max: 4 }), insert)
      .map(([seed, at, cut, more]) => seed.slice(0, at) + more + seed.slice(at + cut))
    survive(mutated)
  })

  it('never show a password that stands where passwords stand', () => {
    const part = fc.string({ unit: fc.constantFrom(...'abc.-_~!$*+,;:%@') })
    const urls = fc.tuple(part, part, part).map(([user, host, path]) => `rtmp://${user}:hunter2${user}@h${host}/${path}?a=1&token=hunter2`)
    const hides = (text: string): void => {
      let shown: string
      try {
        shown = parseSourceUrl(text).shown
      } catch (error) {
        if (!isShoalError(error, 'ERR_URL_INVALID')) throw error
        shown = error.message
      }
      if (shown.includes('hunter2')) throw new Error(`a password in ${shown}`)
    }
    survey(urls, Math.min(runs, 20_000), hides, [])
  })
})
