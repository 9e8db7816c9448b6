import { describe, expect, it } from 'vitest'
import { SendBudget } from '../../../../src/daemon/streams/send-budget.js'

describe('SendBudget', () => {
  it('has room until too many bytes are on their way', async () => {
    const budget = new SendBudget({ bytes: 100, age: 1000 }, () => 0)
    budget.add(60)
    expect(budget.hasRoom()).toBe(true)
    expect(budget.hasRoom(40)).toBe(false)
    budget.add(60)
    expect(budget.hasRoom()).toBe(false)
    const room = budget.room(new AbortController().signal)
    expect(budget.confirm(60)).toBe(true)
    await room
    expect(budget.inFlight).toBe(60)
  })

  it('has no room while the oldest bytes are too old, however few', async () => {
    let now = 0
    const budget = new SendBudget({ bytes: 100, age: 50 }, () => now)
    budget.add(1)
    now = 30
    budget.add(1)
    now = 51
    expect(budget.hasRoom()).toBe(false)
    expect(budget.confirm(1)).toBe(true)
    expect([budget.hasRoom(), budget.age]).toEqual([true, 21])
  })

  it('refuses confirmations that cannot be', () => {
    const budget = new SendBudget({ bytes: 100, age: 50 }, () => 0)
    budget.add(10)
    expect(budget.confirm(11)).toBe(false)
    expect(budget.confirm(10)).toBe(true)
    expect(budget.confirm(9)).toBe(false)
  })

  it('stops waiting when it is told to', async () => {
    const budget = new SendBudget({ bytes: 1, age: 50 }, () => 0)
    budget.add(2)
    const controller = new AbortController()
    const room = budget.room(controller.signal)
    controller.abort(new Error('enough'))
    await expect(room).rejects.toThrow('enough')
  })
})
