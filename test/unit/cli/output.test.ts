import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ago, bitrate, bytes, clean, count, Output, span, table } from '../../../src/cli/output.js'
import { ShoalError } from '../../../src/errors.js'

function printed(options: { json?: boolean; quiet?: boolean }, print: (out: Output) => void): { stdout: string; stderr: string } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  print(new Output({ json: false, quiet: false, ...options, stdout, stderr }))
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

describe('Output', () => {
  const all = (out: Output): void => {
    out.result({ a: 1 }, ({ a }) => `a is ${a}`)
    out.item({ b: 2 }, ({ b }) => `b is ${b}`)
    out.note('a remark')
    out.progress('working').done()
  }

  it('prints text for people and JSON for programs', () => {
    expect(printed({}, all)).toEqual({ stdout: 'a is 1\nb is 2\n', stderr: 'a remark\n' })
    expect(printed({ json: true }, all)).toEqual({ stdout: '{"schema":1,"a":1}\n{"b":2}\n', stderr: '' })
    expect(printed({ quiet: true }, all)).toEqual({ stdout: 'b is 2\n', stderr: '' })
  })

  it('keeps the schema an answer already has', () => {
    expect(printed({ json: true }, (out) => out.result({ schema: 2, a: 1 }, () => '')).stdout).toBe('{"schema":2,"a":1}\n')
  })

  it('prints errors with code, place and hint', () => {
    const problems = [{ file: '/h/shoal.yaml', line: 3, column: 5, path: 'http.port', message: 'must be a number' }, { message: 'alone' }]
    const error = new ShoalError('ERR_CONFIG_INVALID', 'It is wrong.', { data: { problems }, hint: 'Do this.' })
    expect(printed({ quiet: true }, (out) => out.error(error))).toEqual({
      stdout: '',
      stderr: 'shoal: It is wrong. (ERR_CONFIG_INVALID)\n  /h/shoal.yaml:3:5: http.port: must be a number\n  alone\n       Do this.\n',
    })
    const { stdout, stderr } = printed({ json: true }, (out) => out.error(error))
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ERR_CONFIG_INVALID', hint: 'Do this.', data: { problems } } })
    expect(stderr).toBe('')
  })

  it('stops what goes on printing once its reader has gone', () => {
    const stdout = new PassThrough()
    const out = new Output({ json: false, quiet: false, stdout, stderr: new PassThrough() })
    stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(out.closed).toBe(true)
    expect(() => out.item({}, () => 'more')).toThrow(expect.objectContaining({ code: 'ERR_ABORTED' }))
  })
})

describe('text for people', () => {
  it('stands in columns, without control characters from elsewhere', () => {
    const rows = [
      { name: 'kitchen', age: 3 },
      { name: 'at\u001b[31mtic\u202e', age: undefined },
    ]
    const text = table(
      rows,
      [
        ['NAME', (row) => row.name],
        ['AGE', (row) => row.age],
      ],
      'nobody',
    )
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual(['NAME         AGE', 'kitchen      3', 'at�[31mtic�'])
    expect(table([], [['NAME', () => '']], 'nobody')).toBe('nobody')
    expect(clean('a\nb\u0000c\u009b')).toBe('a�b�c�')
  })

  it('has sizes, rates, spans and plurals', () => {
    expect([0, 999, 1000, 1_500_000, 2e15].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '1.5 MB', '2000.0 TB'])
    expect([0, 64_000, 3_900_000].map(bitrate)).toEqual(['0 kbit/s', '64 kbit/s', '3.9 Mbit/s'])
    expect([-5, 4000, 180_000, 3 * 3_600_000, 5 * 86_400_000].map(span)).toEqual(['0 s', '4 s', '3 min', '3 h', '5 d'])
    expect([ago(undefined), ago(1000, 5000)]).toEqual(['never', '4 s ago'])
    expect([0, 1, 2].map((number) => count(number, 'link'))).toEqual(['0 links', '1 link', '2 links'])
  })
})
