import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { collect, limited, maxTimer, seconds, wholeNumber } from '../../../src/cli/command.js'
import { buildProgram } from '../../../src/cli/program.js'

const usage = expect.objectContaining({ code: 'ERR_USAGE' })

describe('option values', () => {
  it('are whole numbers, or refused', () => {
    expect(['0', '7', '2000'].map((text) => wholeNumber('--n', text))).toEqual([0, 7, 2000])
    for (const text of ['', ' ', '-1', '1.5', '1e3', '0x10', 'many', '99999999999999999999']) expect(() => wholeNumber('--n', text), text).toThrow(usage)
  })

  it('are seconds, given as whole ms that a timer can bear', () => {
    expect(['0', '0.5', '10', '0.0004'].map((text) => seconds('--t', text))).toEqual([0, 500, 10_000, 0])
    expect(seconds('--t', '1e12')).toBe(maxTimer)
    for (const text of ['', ' ', '-1', 'NaN', 'Infinity', 'soon', '1s']) expect(() => seconds('--t', text), text).toThrow(usage)
  })

  it('are collected when an option may be given again', () => {
    expect(collect('b=2', collect('a=1', undefined))).toEqual(['a=1', 'b=2'])
    const program = buildProgram({ code: 0 })
    const pull = program.commands.find((command) => command.name() === 'pull')
    pull?.parseOptions(['--option', 'a=1', 'rtmp://a/b', '--option', 'b=2'])
    expect(pull?.opts()['option'], 'an argument behind it is no value of it').toEqual(['a=1', 'b=2'])
  })
})

describe('limited', () => {
  it('ends with its parent, whatever the reason, and lets go', () => {
    const parent = new AbortController()
    const limit = limited(parent.signal, maxTimer)
    parent.abort(new Error('enough'))
    expect(limit.signal.reason).toEqual(new Error('enough'))
    limit.done()
    expect(getEventListeners(parent.signal, 'abort')).toEqual([])
    const late = limited(parent.signal, maxTimer)
    expect(late.signal.aborted).toBe(true)
    late.done()
  })

  it('ends by itself with ERR_TIMEOUT', async () => {
    const { signal } = limited(new AbortController().signal, 1)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    expect(signal.reason).toMatchObject({ code: 'ERR_TIMEOUT' })
  })
})

describe('the program', () => {
  it('describes every command and option', () => {
    const all = (command: ReturnType<typeof buildProgram>): ReturnType<typeof buildProgram>[] => [command, ...command.commands.flatMap(all)]
    for (const command of all(buildProgram({ code: 0 }))) {
      expect(command.description(), command.name()).not.toBe('')
      for (const option of command.options) expect(option.description, `${command.name()} ${option.flags}`).not.toBe('')
    }
  })
})
