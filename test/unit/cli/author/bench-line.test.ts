import { describe, expect, it } from 'vitest'
import { readBenchLine, wordsAfter } from '../../../../src/cli/author/bench-line.js'

describe('a line of the bench', () => {
  it('is a command, its words, and options at the end', () => {
    expect(readBenchLine('  payload hello.greet Ada Lovelace  --peer bob --seconds 3 ')).toEqual({
      command: 'payload',
      rest: 'hello.greet Ada Lovelace',
      words: ['hello.greet', 'Ada', 'Lovelace'],
      options: { peer: 'bob', seconds: '3' },
    })
    expect(readBenchLine('stop')).toEqual({ command: 'stop', rest: '', words: [], options: {} })
  })

  it('takes JSON and texts as they stand', () => {
    expect(readBenchLine('config {"a": "b  c"}')?.rest).toBe('{"a": "b  c"}')
    expect(readBenchLine('payload k --peer is a word here')?.rest).toBe('k --peer is a word here')
    expect(readBenchLine('payload k "quoted"')?.rest).toBe('k "quoted"')
    expect(wordsAfter('POST /x {"a": 1}', 2)).toBe('{"a": 1}')
    expect(wordsAfter('one', 3)).toBe('')
  })

  it('may be empty or a comment', () => {
    expect([readBenchLine(''), readBenchLine('   '), readBenchLine(' # stop')]).toEqual([undefined, undefined, undefined])
  })
})
