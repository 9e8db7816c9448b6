import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { LineLog } from '../../../../../src/daemon/portable/process/line-log.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { waitFor } from '../../../../wait-for.js'

function linesOf(chunks: readonly (string | Uint8Array)[], perSecond?: number) {
  const log = memoryLog()
  const lines = new LineLog({ log, from: 'stderr', ...(perSecond !== undefined && { perSecond }) })
  for (const chunk of chunks) lines.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  lines.end()
  return { log, lines, texts: log.lines.map(({ msg }) => msg) }
}

describe('LineLog', () => {
  it('cuts lines wherever chunks end, also within a character', () => {
    const euro = Buffer.from('€\n')
    expect(linesOf(['a', 'b\nc\n\n', euro.subarray(0, 1), euro.subarray(1), 'rest']).texts).toEqual(['ab', 'c', '€', 'rest'])
  })

  it('says where they are from, and keeps the last ones', () => {
    const { log, lines } = linesOf(['1\n2\n3\n4\n5\n6\n'])
    expect(log.lines[0]).toEqual({ level: 'info', msg: '1', fields: { from: 'stderr' } })
    expect(lines.last).toEqual(['2', '3', '4', '5', '6'])
  })

  it('cuts long lines, and takes out what a terminal would obey', () => {
    const [long, odd] = linesOf(['x'.repeat(10_000), 'y\n', '\u001b[31mred\u0007\r\n']).texts
    expect(long).toBe('x'.repeat(4096))
    expect(odd).toBe(' [31mred')
  })

  it('leaves out what is too much, and says so', () => {
    const { texts, log } = linesOf(['line\n'.repeat(1000)], 10)
    expect(texts.filter((text) => text === 'line').length).toBeLessThan(100)
    expect(log.lines.some(({ msg, level }) => level === 'warn' && msg.startsWith('too many lines'))).toBe(true)
  })

  it('follows a stream to its end', async () => {
    const log = memoryLog()
    const stream = new PassThrough()
    new LineLog({ log, from: 'stdout', level: 'warn' }).follow(stream)
    stream.end('no newline')
    await waitFor('the line', () => log.lines.some(({ msg, level }) => msg === 'no newline' && level === 'warn'))
  })
})
