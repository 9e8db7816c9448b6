import { describe, expect, it } from 'vitest'
import { StartGate } from '../../../../../src/daemon/portable/process/start-gate.js'

describe('StartGate', () => {
  it('lets as many in as it is wide, the others in order as room is made', async () => {
    const gate = new StartGate(2)
    const order: number[] = []
    const inside = [1, 2, 3, 4].map((number) =>
      gate.enter().then((leave) => {
        order.push(number)
        return leave
      }),
    )
    await Promise.all(inside.slice(0, 2))
    await new Promise((resolve) => setImmediate(resolve))
    expect(order).toEqual([1, 2])
    const leave = await inside[0]
    leave?.()
    leave?.()
    await inside[2]
    await new Promise((resolve) => setImmediate(resolve))
    expect(order).toEqual([1, 2, 3])
    ;(await inside[1])?.()
    await inside[3]
    expect(order).toEqual([1, 2, 3, 4])
  })
})
