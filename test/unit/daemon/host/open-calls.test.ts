import { describe, expect, it } from 'vitest'
import { OpenCalls } from '../../../../src/daemon/host/open-calls.js'

describe('OpenCalls', () => {
  it('names the oldest call that takes long, until it is over', () => {
    let time = 0
    const calls = new OpenCalls(3000, () => time)
    const end = calls.begin('handlePayload')
    time = 1000
    calls.begin('GET /x')
    time = 2999
    expect(calls.overdue()).toBeUndefined()
    time = 3500
    expect(calls.overdue()).toBe('handlePayload has not finished for 3 s.')
    end()
    expect(calls.overdue()).toBeUndefined()
    time = 8000
    expect(calls.overdue()).toBe('GET /x has not finished for 7 s.')
  })

  it('says nothing of one that has answered and goes on', () => {
    let [time, answered] = [0, false]
    const calls = new OpenCalls(1000, () => time)
    calls.begin('GET /live', () => answered)
    time = 5000
    expect(calls.overdue()).toContain('GET /live')
    answered = true
    expect(calls.overdue()).toBeUndefined()
  })
})
