/** The process dies between any two writes, on either side: what was acknowledged arrives, once and in order. */

import { describe, expect, it } from 'vitest'
import { waitFor } from '../../../wait-for.js'
import { mailboxes, type TestMailbox } from './pair.js'

const texts = ['one', 'two', 'three', 'four']

/** What the people did and were told is done. */
interface Story {
  readonly written: string[]
  /** What was asked to be deleted … */
  asked?: string
  /** … and was. */
  deleted?: boolean
}

/** Four messages are written, all are read, and one is deleted. Ends early, with a throw, when a process dies. */
async function play(anna: TestMailbox, bert: TestMailbox, story: Story, history: number): Promise<void> {
  const alive = (): void => {
    if (anna.disk.dead || bert.disk.dead) throw new Error('a process died')
  }
  const until = (what: string, fact: () => Promise<boolean>): Promise<unknown> =>
    waitFor(what, async () => anna.disk.dead || bert.disk.dead || (await fact())).then(alive)
  for (const text of texts) {
    await anna.write('bert', text, 20)
    story.written.push(text)
    alive()
  }
  const kept = texts.slice(-history).join()
  await until('the last to arrive', async () => (await bert.texts('anna', 'peer')).join() === kept)
  const first = (await bert.history('anna')).messages[0]
  if (first) story.asked = first.text
  await bert.remove('anna', first?.id)
  story.deleted = true
  await bert.read('anna')
  await until('the news that all was read', async () => (await anna.states('bert')).every((state) => state === 'read'))
  await until('the reader to know that', async () => (await bert.told('anna')) === 'told')
}

/** One death, and what comes of it. False: the story was over before. */
async function dies(who: 0 | 1, after: number, lastOneCounts: boolean, history: number): Promise<boolean> {
  const { nodes, stop } = await mailboxes(['anna', 'bert'], { history })
  const [anna, bert] = nodes
  const victim = nodes[who]
  victim.disk.left = after
  victim.disk.lastOneCounts = lastOneCounts
  const story: Story = { written: [] }
  await play(anna, bert, story, history).catch((error: unknown) => {
    if (!victim.disk.dead) throw error
  })
  const died = victim.disk.dead
  victim.disk.left = Number.POSITIVE_INFINITY
  if (died) {
    await victim.kill()
    await victim.start()
  }
  await waitFor('everything to arrive', async () => (await anna.status()).queued === 0)
  expect((await anna.write('bert', 'last', 15_000)).message.state).toBe('delivered')
  const arrived = await bert.texts('anna', 'peer')
  // what was written without being acknowledged to the writer may have arrived too
  const order = [...texts, 'last']
  expect(arrived, 'once and in order').toEqual(order.filter((text) => arrived.includes(text)))
  const stored = order.filter((text) => text === 'last' || story.written.includes(text) || arrived.includes(text))
  const lost = stored.slice(-history).filter((text) => !arrived.includes(text))
  // whether a deletion was done is known only if that was acknowledged
  expect(lost.filter((text) => text !== story.asked)).toEqual([])
  if (story.deleted) expect(arrived).not.toContain(story.asked)
  await bert.read('anna')
  await waitFor('the news that all was read', async () => (await anna.states('bert')).every((state) => state === 'read'))
  await stop()
  return died
}

describe.each([
  ['the writer', 0],
  ['the reader', 1],
] as const)('%s dies', (_, who) => {
  it.each([
    ['before', false, 100],
    ['after', true, 100],
    ['before', false, 3],
    ['after', true, 3],
  ] as const)(
    '%s each write (last one done: %s, kept: %i)',
    async (_when, lastOneCounts, history) => {
      let deaths = 0
      for (let after = 0; await dies(who, after, lastOneCounts, history); after++) deaths++
      expect(deaths).toBeGreaterThan(5)
    },
    60_000,
  )
})
