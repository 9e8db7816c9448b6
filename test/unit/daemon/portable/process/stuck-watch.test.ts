import { afterEach, describe, expect, it } from 'vitest'
import { watchStuck } from '../../../../../src/daemon/portable/process/stuck-watch.js'
import { waitFor } from '../../../../wait-for.js'

/** Looks at a process that uses `share` of a processor and left `unanswered` calls. */
function watched(share: number, unanswered: number) {
  const seen = { stuck: [] as number[], looks: 0 }
  let time = 0
  const unwatch = watchStuck(1, {
    ...{ every: 1, unanswered: () => unanswered, stuck: (found: number) => void seen.stuck.push(found), now: () => time },
    read: async () => {
      seen.looks++
      time += 100
      return { cpu: time * share, memory: 0 }
    },
  })
  return { seen, unwatch }
}

describe('watchStuck', () => {
  const undo: (() => void)[] = []
  afterEach(() => {
    for (const each of undo.splice(0)) each()
  })

  it('tells once of a process that answers nothing and works', async () => {
    const { seen, unwatch } = watched(0.9, 3)
    undo.push(unwatch)
    await waitFor('the word', () => seen.stuck.length > 0)
    expect(seen.stuck[0]).toBeCloseTo(0.9)
    const { looks } = seen
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen).toMatchObject({ looks, stuck: { length: 1 } })
  })

  it('leaves one alone that waits, and does not look at one that answers', async () => {
    const [waiting, answering] = [watched(0.1, 10), watched(1, 2)]
    undo.push(waiting.unwatch, answering.unwatch)
    await waitFor('some looks', () => waiting.seen.looks > 5)
    expect(waiting.seen.stuck).toEqual([])
    expect(answering.seen.looks).toBe(0)
  })
})
