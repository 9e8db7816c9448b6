/** The cable of the source is pulled while its stream is watched on the other node. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Figures } from '../lan/figures.js'
import { type LanNode, linked, pair, timed } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { Viewer } from '../lan/viewer.js'
import { waitFor } from '../wait-for.js'

/** ms within which a dead link is noticed; a shorter outage may pass unseen. */
const noticeable = 10_000

/** Adds the tests. */
export function testOutages(figures: Figures): void {
  let nodes: Nodes
  let a: LanNode
  let b: LanNode
  let viewer: Viewer

  beforeAll(async () => {
    nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }])
    a = nodes.get('a')
    b = nodes.get('b')
    await pair(a, b)
    await a.json('pull', 'file:///sample', 'live/cam', '-d')
    await b.json('pull', 'shoal://a/live/cam', '-d')
    viewer = new Viewer(b.client, 'live/cam')
    const first = await waitFor('frames at b', () => viewer.firstSince(0))
    expect(first.key).toBe(true)
  })

  afterAll(async () => {
    await viewer?.close()
    await nodes?.dispose()
  })

  it.each([5, 30, 120])('for %i s heals within 15 s; readers lose whole groups', { timeout: 200_000 }, async (seconds) => {
    const flowing = performance.now()
    await waitFor('the stream to flow', () => viewer.firstSince(flowing))
    const pulled = performance.now()
    await nodes.lab.link('a', 'down')
    if (seconds * 1000 > noticeable) {
      for (const [self, other] of [[b, a] as const, [a, b] as const]) {
        await waitFor(`${self.name} to notice`, async () => !(await self.linked(other.name)), noticeable)
        figures.time(`cable out for ${seconds} s, noticed by ${self.name} after`, performance.now() - pulled)
      }
    }
    await sleep(Math.max(0, seconds * 1000 - (performance.now() - pulled)))
    const plugged = performance.now()
    await nodes.lab.link('a', 'up')
    const healed = await waitFor('frames at b again', () => viewer.firstSince(plugged), 15_000)
    figures.time(`cable out for ${seconds} s, first frame after`, healed.at - plugged)
    await linked(a, b, 15_000)
    await waitFor('the stream to go on', () => viewer.firstSince(healed.at + 3000))
    const gaps = viewer.gapsSince(pulled)
    // there may be none to see: the clip repeats, and as much as one round of it may be missing
    expect(gaps.filter(({ key }) => !key)).toEqual([])
    figures.note(`cable out for ${seconds} s, gaps`, gaps.length)
  })

  it('leaves the one pull that there was', async () => {
    const { pulls } = await b.client.call('pulls.list')
    expect(pulls).toMatchObject([{ path: 'live/cam', state: 'running' }])
    const before = performance.now()
    figures.time('frames flow, longest wait', await timed(() => waitFor('frames', () => viewer.firstSince(before))))
  })
}
