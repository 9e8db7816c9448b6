import { expect, it } from 'vitest'
import { Handoff } from '../../../../../src/daemon/portable/sp/handoff.js'

it('makes each producer wait until its value is taken, in the order of offers', async () => {
  const handoff = new Handoff<number>()
  const taken: number[] = []
  for (const value of [1, 2, 3]) void handoff.offer(value).then(() => taken.push(value))
  await Promise.resolve()
  expect(taken).toEqual([])
  const reader = handoff[Symbol.asyncIterator]()
  expect((await reader.next()).value).toBe(1)
  await Promise.resolve()
  expect(taken).toEqual([1])
  const rest = [(await reader.next()).value, (await reader.next()).value]
  expect(rest).toEqual([2, 3])
})

it('ends its reader and lets producers go when it is closed', async () => {
  const handoff = new Handoff<number>()
  const reading = handoff[Symbol.asyncIterator]().next()
  const waiting = new Handoff<number>()
  const offered = waiting.offer(1)
  handoff.close()
  waiting.close()
  expect((await reading).done).toBe(true)
  await offered
  await waiting.offer(2)
  expect((await waiting[Symbol.asyncIterator]().next()).done).toBe(true)
})
