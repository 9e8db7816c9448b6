import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ActionName, actionNames, matchPattern, type Pattern, parsePattern } from '../../../../src/plugins/rules/pattern.js'
import { naiveCapture, naiveWinner } from './naive-rules.js'

function pattern(text: string, action: ActionName = 'stream.read'): Pattern {
  const parsed = parsePattern(text, action)
  if (typeof parsed === 'string') throw new Error(`${text} ${parsed}`)
  return parsed
}

const matches = (text: string, target: string, action: ActionName = 'stream.read') => {
  const captured = matchPattern(pattern(text, action), target, action)
  return captured && Object.fromEntries(captured)
}

describe('a pattern', () => {
  it('matches text, one segment, and the rest', () => {
    expect(matches('live/cam', 'live/cam')).toEqual({})
    expect(matches('live/cam', 'live/cam2')).toBeUndefined()
    expect(matches('live/cam', 'Live/cam')).toBeUndefined()
    expect(matches('live/*', 'live/a/b')).toEqual({})
    expect(matches('live/*', 'live')).toBeUndefined()
    expect(matches('live/*', 'lively/a')).toBeUndefined()
    expect(matches('*', 'x')).toEqual({})
    expect(matches('home/$who/cam', 'home/ada/cam')).toEqual({ who: 'ada' })
    expect(matches('home/$who/cam', 'home/a/b/cam')).toBeUndefined()
    expect(matches('home/$who/*', 'home/ada/x/y')).toEqual({ who: 'ada' })
    expect(matches('$a/$b', 'x/y')).toEqual({ a: 'x', b: 'y' })
    expect(matches('$a', 'x/y')).toBeUndefined()
  })

  it('takes a dot for the end of a segment in kinds and routes, not in paths', () => {
    expect(matches('home/$cam', 'home/front.door')).toEqual({ cam: 'front.door' })
    expect(matches('$plugin.*', 'chat.text', 'payload.send')).toEqual({ plugin: 'chat' })
    expect(matches('$plugin', 'chat.text', 'payload.send')).toBeUndefined()
    expect(matches('rtmp GET /$plugin/info', 'rtmp GET /rtmp/info', 'api.call')).toEqual({ plugin: 'rtmp' })
  })

  it('takes every character of text for itself', () => {
    expect(matches('a.c/(x|y)+[z]^', 'a.c/(x|y)+[z]^')).toEqual({})
    expect(matches('a.c', 'abc')).toBeUndefined()
  })

  const bad: readonly (readonly [text: string, action: ActionName, why: string])[] = [
    ['', 'stream.read', 'is empty'],
    ['*/cam', 'stream.read', 'not the last character'],
    ['live/**', 'stream.read', 'not the last character'],
    ['/live', 'stream.read', 'did you mean live?'],
    ['live/', 'stream.read', 'did you mean live?'],
    ['a//b', 'stream.read', 'did you mean a/b?'],
    ['/', 'stream.read', 'did you mean *?'],
    ['../x', 'stream.read', 'segment . or ..'],
    ['a\\b', 'stream.read', 'no stream path has'],
    ['a?b', 'stream.publish', 'no stream path has'],
    ['a\u202eb', 'stream.read', 'no stream path has'],
    ['e\u0301', 'stream.read', 'NFC'],
    ['live/$', 'stream.read', 'without a name'],
    ['live/\u0024{name}', 'stream.read', 'without a name'],
    ['live/$1', 'stream.read', 'without a name'],
    ['live/x$name', 'stream.read', 'whole segment'],
    ['live/$name-x', 'stream.read', 'whole segment'],
    ['live/$name*', 'stream.read', '* cannot follow'],
    ['$a/$a', 'stream.read', 'has $a twice'],
    ['ü', 'payload.send', 'printable ASCII'],
    ['x'.repeat(256), 'payload.send', 'longer than 255'],
  ]
  it.each(bad)('%j of %s is refused: %s', (text, action, why) => {
    expect(parsePattern(text, action)).toContain(why)
  })
})

describe('of the patterns that match', () => {
  const winner = (patterns: readonly string[], target: string): string | undefined =>
    patterns
      .map((text) => pattern(text))
      .sort((a, b) => (a.order < b.order ? -1 : 1))
      .find((one) => matchPattern(one, target, 'stream.read'))?.text

  it('the most specific one wins, in whatever order they stand', () => {
    const all = ['*', 'live/*', 'live/$cam', 'live/front', 'live/fr*', 'live/$cam/*', '$a/$b']
    for (const list of [all, [...all].reverse()]) {
      expect(winner(list, 'live/front')).toBe('live/front')
      expect(winner(list, 'live/fridge')).toBe('live/fr*')
      expect(winner(list, 'live/back')).toBe('live/$cam')
      expect(winner(list, 'live/back/x')).toBe('live/$cam/*')
      expect(winner(list, 'home/x')).toBe('$a/$b')
      expect(winner(list, 'home/x/y')).toBe('*')
    }
  })

  // a long name of a variable makes a pattern no more specific: the trap of comparing lengths
  it('a variable with a long name does not beat text', () => {
    expect(winner(['*', 'live/$averylongname', 'live/x'], 'live/x')).toBe('live/x')
  })

  const segment = fc.constantFrom('a', 'b', 'ab', 'aa', '$x', '$y', 'b.a')
  const anyPattern = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '*', '/*', 'a*'), fc.constantFrom('/', '.'))
    .map(([segments, end, mark]) => `${segments.join(mark)}${end}`)
  const anyTarget = fc.array(fc.constantFrom('a', 'b', 'ab', 'b.a', 'aab', '$x'), { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'))

  it('is the one of a naive model, with the same captures', () => {
    fc.assert(
      fc.property(fc.constantFrom(...actionNames), fc.array(anyPattern, { maxLength: 12 }), anyTarget, (action, texts, target) => {
        const parsed = texts.map((text) => parsePattern(text, action)).filter((one) => typeof one !== 'string')
        const unique = [...new Map(parsed.map((one) => [one.order, one])).values()].sort((a, b) => (a.order < b.order ? -1 : 1))
        const found = unique.find((one) => matchPattern(one, target, action))
        expect(found?.text).toBe(
          naiveWinner(
            unique.map(({ text }) => text),
            target,
            action,
          ),
        )
        for (const one of unique) {
          const captured = matchPattern(one, target, action)
          expect(captured && Object.fromEntries(captured)).toEqual(naiveCapture(one.text, target, action))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
