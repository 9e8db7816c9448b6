import { expect, it } from 'vitest'
import { wordsOf } from '../../../../../src/daemon/portable/ekuiper/plugin-words.js'

it('shows what a plugin says, of a traceback the last line, and a limited part', () => {
  expect(wordsOf('symbol not found\n')).toBe('symbol not found')
  expect(wordsOf('Traceback (most recent call last):\n  File "x.py", line 3, in f\nValueError: interval must be positive\n')).toBe(
    'ValueError: interval must be positive',
  )
  expect([wordsOf({ code: 3 }), wordsOf(null), wordsOf(undefined), wordsOf('')]).toEqual(['{"code":3}', 'null', '(nothing)', '(nothing)'])
  expect(wordsOf('x'.repeat(5000))).toHaveLength(1000)
})
