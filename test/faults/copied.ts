/** A home that was copied to a second host: two nodes with one identity. */

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Figures } from '../lan/figures.js'
import { type LanNode, linked, pair } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { waitFor } from '../wait-for.js'

/** Adds the test. */
export function testCopiedHome(figures: Figures): void {
  it('is noticed on both hosts; the newer one serves nobody, and the link of the other stays', { timeout: 180_000 }, async () => {
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }, { name: 'twin' }], [])
    const [a, b, twin] = [nodes.get('a'), nodes.get('b'), nodes.get('twin')]
    try {
      await pair(b, a)
      await Promise.all([a.kill('SIGTERM'), twin.kill('SIGTERM')])
      rmSync(twin.home, { recursive: true })
      cpSync(a.home, twin.home, { recursive: true, filter: (source) => source !== join(a.home, 'run') })
      await a.start()
      await linked(a, b)
      const begun = performance.now()
      twin.launch()
      await waitFor('the first to warn', () => warned(a), 40_000)
      await waitFor('the second to warn and to be out of service', async () => (await warned(twin)) && !(await isReady(twin)), 40_000)
      figures.time('a copied home, noticed by both after', performance.now() - begun)
      let changes = 0
      let last = true
      for (const end = performance.now() + 8000; performance.now() < end; await sleep(200)) {
        const now = await b.linked('a')
        if (now !== last) changes++
        last = now
      }
      figures.note('a copied home, times the link of the first changed in 8 s', changes)
      expect(changes).toBeLessThanOrEqual(2)
      expect(await isReady(a)).toBe(true)
    } finally {
      await nodes.dispose()
    }
  })
}

async function warned(node: LanNode): Promise<boolean> {
  const { problems } = await node.client.call('status')
  return problems.some(({ what, message }) => /identity/.test(`${what} ${message}`))
}

async function isReady(node: LanNode): Promise<boolean> {
  return await node.client.call('ready').then(
    ({ ready }) => ready,
    () => false,
  )
}
