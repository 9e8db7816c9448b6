/** kill -9 at random moments of work that changes what is kept: nothing acknowledged is lost, and trust is never left half made. */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Figures } from '../lan/figures.js'
import { type LanNode, linked, pair } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { waitFor } from '../wait-for.js'
import { Random } from './random.js'

const kills = 50

/** A latest moment of the kill, ms after the work began: about twice what the work takes. */
const latest = 40

/** One kind of work with the node that is killed meanwhile; resolves when the work was acknowledged. */
interface Work {
  readonly victim: LanNode
  run(): Promise<unknown>
  /** What has to hold after the restart; `acknowledged` says whether the work's answer came before the kill. */
  check(acknowledged: boolean): Promise<void>
}

/** Adds the test. */
export function testKills(figures: Figures): void {
  it(`${kills} kills during pairing, forgetting, pulling and renaming lose nothing that was acknowledged`, { timeout: 400_000 }, async () => {
    const random = new Random()
    figures.note('kills, seed', random.seed)
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    try {
      await pair(nodes.get('a'), nodes.get('b'))
      const works = kindsOfWork(nodes)
      let answered = 0
      for (let round = 0; round < kills; round++) {
        const work = works[round % works.length]?.(round)
        if (work && (await killDuring(work, random))) answered++
        await linked(nodes.get('a'), nodes.get('b'), 5000)
      }
      figures.note('kills, work that was acknowledged before the kill', `${answered} of ${kills}`)
    } finally {
      await nodes.dispose()
    }
  })
}

/** Kills the victim while the work runs, starts it again and checks. Was the work acknowledged? */
async function killDuring({ victim, run, check }: Work, random: Random): Promise<boolean> {
  let acknowledged = false
  const working = run().then(
    () => {
      acknowledged = true
    },
    () => {},
  )
  await sleep(random.below(latest))
  await victim.kill('SIGKILL')
  const before = acknowledged
  await victim.start()
  await working
  await check(before)
  return before
}

function kindsOfWork(nodes: Nodes): readonly ((round: number) => Work)[] {
  const [a, b, c] = [nodes.get('a'), nodes.get('b'), nodes.get('c')]
  let ticket = ''
  const trusts = async (self: LanNode, other: LanNode): Promise<boolean> => (await self.peer(other.name)) !== undefined
  const join = async (): Promise<void> => {
    for await (const _ of c.client.events('join', { body: { ticket } })) {
      // progress is for people
    }
  }
  const pairing = (): Work => ({
    victim: c,
    run: async () => {
      ticket = (await a.client.call('invites.create', { body: {} })).ticket
      await join()
    },
    check: async (acknowledged) => {
      if (acknowledged) expect([await trusts(a, c), await trusts(c, a)]).toEqual([true, true])
      // the same ticket again closes the window in which only the inviter knows of it
      else if (!(await trusts(c, a)) && ticket) await join()
      await waitFor('both or neither to trust', async () => (await trusts(a, c)) === (await trusts(c, a)))
    },
  })
  const forgetting = (): Work => ({
    victim: a,
    run: async () => {
      const peer = (await a.peer('c'))?.id
      if (!peer) throw new Error('nobody to forget')
      await a.client.call('peers.forget', { params: { peer }, query: { dryRun: false } })
    },
    check: async (acknowledged) => {
      if (acknowledged) expect(await trusts(a, c)).toBe(false)
      for (const [self, other] of [[a, c] as const, [c, a] as const]) {
        const peer = (await self.peer(other.name))?.id
        if (peer) await self.client.call('peers.forget', { params: { peer }, query: { dryRun: false } })
      }
    },
  })
  const pulling = (round: number): Work => ({
    victim: b,
    run: () => b.client.call('pulls.create', { body: { url: 'shoal://a/live/none', path: `kept/${round}` } }),
    check: async (acknowledged) => {
      const { pulls } = await b.client.call('pulls.list')
      const kept = pulls.some(({ path }) => path === `kept/${round}`)
      if (acknowledged) expect(kept).toBe(true)
      if (kept) await b.client.call('pulls.remove', { params: { path: `kept/${round}` } })
    },
  })
  const renaming = (round: number): Work => ({
    victim: b,
    run: async () => {
      const peer = (await b.peer('a'))?.id ?? ''
      await b.client.call('peers.rename', { params: { peer }, body: { name: `a${round}` } })
    },
    check: async (acknowledged) => {
      const { peers } = await b.client.call('peers.list')
      const name = peers.find(({ name }) => /^a\d*$/.test(name))?.name
      if (acknowledged) expect(name).toBe(`a${round}`)
      if (name !== 'a') await b.client.call('peers.rename', { params: { peer: name ?? '' }, body: { name: 'a' } })
    },
  })
  return [pairing, pulling, forgetting, renaming]
}
