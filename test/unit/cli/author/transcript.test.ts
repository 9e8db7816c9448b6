import { describe, expect, it } from 'vitest'
import { Transcript } from '../../../../src/cli/author/transcript.js'

const { signal } = new AbortController()

describe('a transcript', () => {
  it('finds what was printed, and what is printed later, in order', async () => {
    const transcript = new Transcript()
    transcript.add('one\ntwo')
    await transcript.wait('on', 10_000, signal)
    await transcript.wait('two', 10_000, signal)
    const later = transcript.wait('three', 10_000, signal)
    transcript.add('two and three')
    await later
    await expect(transcript.wait('two', 1, signal)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  })

  it('ends with its signal', async () => {
    const over = new AbortController()
    const waiting = new Transcript().wait('never', 60_000, over.signal)
    over.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  it('keeps the newest 1,000 lines', async () => {
    const transcript = new Transcript()
    for (let i = 0; i < 1500; i++) transcript.add(`line ${i}.`)
    await expect(transcript.wait('line 499.', 1, signal)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    await transcript.wait('line 500.', 1, signal)
  })
})
