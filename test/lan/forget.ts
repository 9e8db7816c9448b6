/** A peer is forgotten while it streams. */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { slowness, waitFor } from '../wait-for.js'
import type { Figures } from './figures.js'
import { pair, timed } from './lan-node.js'
import { Nodes } from './nodes.js'
import { Viewer } from './viewer.js'

/** ms for which it is watched that nothing brings the link back. */
const watched = 20_000

/** Adds the tests. */
export function testForget(figures: Figures): void {
  it('ends its stream within 1 s, mDNS does not bring it back, a new ticket does', { timeout: 120_000 }, async () => {
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }])
    const [a, b] = [nodes.get('a'), nodes.get('b')]
    const viewer = new Viewer(b.client, 'live/cam')
    try {
      await pair(a, b)
      await a.json('pull', 'file:///sample', 'live/cam', '-d')
      await b.json('pull', 'shoal://a/live/cam', '-d')
      await waitFor('frames at b', () => viewer.firstSince(0))
      const peer = (await a.peer('b'))?.id ?? ''
      const begun = performance.now()
      const report = await a.client.call('peers.forget', { params: { peer }, query: { dryRun: false } })
      expect(report).toMatchObject({ forgot: true, linksCut: 1, problems: [] })
      figures.time('forget, answered after', performance.now() - begun)
      await waitFor('b to notice', async () => !(await b.linked('a')), 1000)
      const forgotten = performance.now()
      await waitFor('b to be seen as a stranger', () => a.discovered('b'))
      while (performance.now() - forgotten < watched) {
        expect([await a.linked('b'), await b.linked('a')]).toEqual([false, false])
        await sleep(250)
      }
      expect(await a.peer('b')).toBeUndefined()
      // it did announce itself all the while
      expect((await a.discovered('b'))?.lastSeen).toBeGreaterThan(Date.now() - watched)
      figures.time('forget, last byte at the reader after', viewer.lastByte - begun)
      expect(viewer.lastByte - begun).toBeLessThan(1000 * slowness)
      const anew = performance.now()
      figures.time('a new ticket, linked after', await timed(() => pair(a, b)))
      const frame = await waitFor('frames at b again', () => viewer.firstSince(anew), 30_000)
      figures.time('a new ticket, first frame after', frame.at - anew)
    } finally {
      await viewer.close()
      await nodes.dispose()
    }
  })
}
