/** A cluster of a dozen nodes that know nothing but a common secret, on a network that splits and heals. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Figures } from '../lan/figures.js'
import { type LanNode, timed } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { Viewer } from '../lan/viewer.js'
import { slowness, waitFor } from '../wait-for.js'
import { chaos } from './chaos.js'
import { allReach, reachable, sameStreams } from './view.js'

/** ms for which a link through others is watched. */
const watched = 10_000

const secret = 'eleven herrings swim in a shoal'

/** Adds the tests. They build on each other: twelve nodes start, two of them go, ten go through everything else. */
export function testCluster(figures: Figures): void {
  const names = Array.from({ length: 12 }, (_, index) => `n${index + 1}`)
  let nodes: Nodes
  const some = (from: number, to: number): readonly LanNode[] => nodes.all.slice(from - 1, to)
  const node = (name: string): LanNode => nodes.get(name)

  beforeAll(async () => {
    nodes = await Nodes.open(names, undefined, { SHOAL_CLUSTER__SECRET: secret })
  })

  afterAll(() => nodes?.dispose())

  it('8 that start together are all linked within 15 s, 12 within 30 s', { timeout: 200_000 }, async () => {
    const begun = performance.now()
    for (const each of some(1, 8)) each.launch()
    await Promise.all(some(1, 8).map((each) => each.ready()))
    await allReach(some(1, 8), some(1, 8), 15_000)
    figures.time('8 cold starts, all linked after', performance.now() - begun)
    for (const each of some(9, 12)) each.launch()
    await Promise.all(some(9, 12).map((each) => each.ready()))
    await allReach(some(1, 12), some(1, 12), 30_000)
    figures.time('12 nodes, all linked after', performance.now() - begun)
  })

  it('one that leaves is missed within 1 s, one that crashes within 10 s, by all', { timeout: 60_000 }, async () => {
    const left = node('n12').kill('SIGTERM')
    await waitFor('n12 to say good-bye', async () => !(await reachable(node('n1'))).includes('n12'), 10_000)
    figures.time('a leave, known to all after the first', await timed(() => allReach(some(1, 11), some(1, 11), 1000)))
    const killed = node('n11').kill('SIGKILL')
    figures.time('a crash, known to all after', await timed(() => allReach(some(1, 10), some(1, 10), 10_000)))
    await Promise.all([left, killed])
  })

  it('a partition in which both sides publish and forget heals to one view, and forgets win', { timeout: 200_000 }, async () => {
    await node('n1').json('pull', 'file:///sample', 'live/before', '-d')
    await sameStreams(some(1, 10), 1, 5000)
    await nodes.lab.partition(names.slice(0, 4), names.slice(4))
    await Promise.all([allReach(some(1, 4), some(1, 4), 15_000), allReach(some(5, 10), some(5, 10), 15_000)])
    await node('n2').json('pull', 'file:///sample', 'live/left', '-d')
    await node('n5').json('pull', 'file:///sample', 'live/right', '-d')
    await node('n3').json('peers', 'forget', 'n11', '--cluster')
    await node('n6').json('peers', 'forget', 'n12', '--cluster')
    await sameStreams(some(1, 4), 2, 5000)
    await sameStreams(some(5, 10), 1, 5000)
    await nodes.lab.heal()
    const healed = performance.now()
    await allReach(some(1, 10), some(1, 10), 30_000)
    await sameStreams(some(1, 10), 3, 5000)
    for (const each of some(1, 10)) {
      await waitFor(`${each.name} to have forgotten both`, async () => !(await each.peer('n11')) && !(await each.peer('n12')), 10_000)
    }
    figures.time('a partition of 4 and 6, one view after', performance.now() - healed)
  })

  it('who was forgotten while away stays out when it returns', { timeout: 60_000 }, async () => {
    await node('n11').start()
    await waitFor('n1 to hear of n11', () => node('n1').discovered('n11'), 15_000)
    // long enough for several rounds of redialling and of announcements
    await sleep(6000)
    for (const each of some(1, 10)) expect((await each.peer('n11'))?.connected ?? false).toBe(false)
    await node('n11').kill('SIGTERM')
  })

  it('a one-way cut is noticed by both within 15 s, a third relays, and nothing flaps', { timeout: 120_000 }, async () => {
    const [one, two] = [node('n1'), node('n2')]
    const direct = async (self: LanNode, other: LanNode): Promise<boolean> => {
      const peer = await self.peer(other.name)
      return peer?.connected === true && !('via' in peer && peer.via)
    }
    const cut = performance.now()
    await nodes.lab.cut('n1', 'n2')
    await waitFor('n1 to notice', async () => !(await direct(one, two)), 15_000)
    await waitFor('n2 to notice', async () => !(await direct(two, one)), 15_000)
    figures.time('a one-way cut, noticed by both after', performance.now() - cut)
    await waitFor('a way round', async () => (await one.linked('n2')) && (await two.linked('n1')), 30_000)
    figures.time('a one-way cut, linked through a third after', performance.now() - cut)
    let falls = 0
    let up = true
    for (const end = performance.now() + watched; performance.now() < end; await sleep(250)) {
      const now = (await one.linked('n2')) && (await two.linked('n1'))
      if (up && !now) falls++
      up = now
    }
    figures.note('a one-way cut, times the link fell in the next 10 s', falls)
    expect(falls).toBeLessThanOrEqual(1)
    await nodes.lab.heal()
    const healed = performance.now()
    await waitFor('the direct way again', async () => (await direct(one, two)) && (await direct(two, one)), 30_000)
    figures.time('a one-way cut, direct again after', performance.now() - healed)
  })

  it('a stopped reader on another node slows nobody, is cut, and comes back', { timeout: 120_000 }, async () => {
    for (const name of ['n2', 'n3']) await node(name).json('pull', 'shoal://n1/live/before', 'copy', '-d')
    const viewers = [new Viewer(node('n2').client, 'copy'), new Viewer(node('n3').client, 'copy')] as const
    try {
      await waitFor('frames at both', () => viewers.every((viewer) => viewer.frames > 0), 20_000)
      const before = node('n1').memory
      node('n2').signal('SIGSTOP')
      const stopped = performance.now()
      const readers = async (): Promise<number> => (await node('n1').client.call('streams.info', { params: { path: 'live/before' } })).readers.length
      await waitFor('the stopped reader to be cut', async () => (await readers()) === 1, 20_000)
      figures.time('a stopped reader, cut after', performance.now() - stopped)
      const grown = (node('n1').memory - before) / 1e6
      figures.note('a stopped reader, RSS of its source grew by MB', Math.round(grown))
      expect(viewers[1].longestPause(stopped)).toBeLessThan(1500 * slowness)
      expect(grown).toBeLessThan(64)
      node('n2').signal('SIGCONT')
      const resumed = performance.now()
      const first = await waitFor('frames at n2 again', () => viewers[0].firstSince(resumed + 1000), 20_000)
      figures.time('a stopped reader, frames again after', first.at - resumed)
      expect(viewers[0].gapsSince(stopped).filter(({ key }) => !key)).toEqual([])
    } finally {
      node('n2').signal('SIGCONT')
      await Promise.all(viewers.map((viewer) => viewer.close()))
    }
  })

  it('45 s of random faults leave one view and every wanted stream', { timeout: 300_000 }, async () => {
    for (const name of ['n4', 'n5', 'n8', 'n9']) await node(name).json('pull', 'shoal:///live/before', 'wanted', '-d')
    const seed = await chaos(nodes.lab, some(1, 10), 45_000)
    figures.note('45 s of random faults, seed', seed)
    const quiet = performance.now()
    await allReach(some(1, 10), some(1, 10), 30_000)
    await waitFor(
      'every wanted stream to run',
      async () => {
        for (const name of ['n4', 'n5', 'n8', 'n9']) {
          const { pulls } = await node(name).client.call('pulls.list')
          if (pulls.find(({ path }) => path === 'wanted')?.state !== 'running') throw new Error(`${name} does not have it`)
        }
        return true
      },
      30_000,
    )
    await sameStreams(some(1, 10), (await streamCount(some(1, 10))) ?? 0, 10_000)
    figures.time('45 s of random faults, all whole again after', performance.now() - quiet)
  })
}

/** How many streams the first of some nodes shows. */
async function streamCount(nodes: readonly LanNode[]): Promise<number | undefined> {
  const { streams } = (await nodes[0]?.client.call('streams.list', { query: { scope: 'all' } })) ?? { streams: [] }
  return new Set(streams.map(({ path, origin }) => `${path} ${origin}`)).size
}
