import { expect, it } from 'vitest'
import { watchMemory } from '../../../../../src/daemon/portable/process/memory-watch.js'
import { waitFor } from '../../../../wait-for.js'

it('tells once when a process uses too much, and looks no more', async () => {
  const uses = [10, 20, 31, 40, 50]
  const told: number[] = []
  let looks = 0
  const read = async () => ({ cpu: 0, memory: uses[looks++] ?? 60 })
  const stop = watchMemory(1, { limit: 30, every: 1, read, over: ({ memory }) => told.push(memory) })
  await waitFor('the word', () => told.length > 0)
  expect([told, looks]).toEqual([[31], 3])
  stop()
})

it('says nothing of a process that is gone, or is watched no more', async () => {
  const told: number[] = []
  let looks = 0
  const over = ({ memory }: { readonly memory: number }): void => void told.push(memory)
  const gone = watchMemory(1, { limit: 1, every: 1, over, read: async () => void looks++ as undefined })
  await waitFor('some looks', () => looks > 3)
  gone()
  watchMemory(process.pid, { limit: 1, every: 1, over })()
  expect(told).toEqual([])
})
