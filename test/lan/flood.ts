/** A third host forges announcements, of invented nodes and of real ones. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Running, run } from '../e2e/cli.js'
import { slowness, waitFor } from '../wait-for.js'
import type { Figures } from './figures.js'
import type { Forgery } from './forger.js'
import type { Lab } from './lab.js'
import { type LanNode, linked, pair, timed } from './lan-node.js'
import { Nodes } from './nodes.js'

/** Most candidates a node keeps. */
const maxCandidates = 256

const megabyte = 1024 * 1024

/** Starts to forge on host x. */
function forge(lab: Lab, forgery: Forgery): Running {
  const [program = '', ...prefix] = lab.prefix('x')
  const script = join(import.meta.dirname, 'forger.ts')
  return run(program, [...prefix, process.execPath, '--import', import.meta.resolve('tsx'), script, JSON.stringify(forgery)])
}

const candidates = async (node: LanNode): Promise<number> => (await node.client.call('peers.discovered')).discovered.length

/** Adds the tests. */
export function testFlood(figures: Figures): void {
  it('5,000 of them harm nobody: few are kept, links stay, a paired peer comes back at once', { timeout: 120_000 }, async () => {
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'x' }], ['x'])
    try {
      const [a, b, c] = [nodes.get('a'), nodes.get('b'), nodes.get('c')]
      await pair(a, b)
      await pair(a, c)
      const victims = await Promise.all([b, c].map(async (node) => (await a.peer(node.name))?.id ?? ''))
      victims.push((await b.peer('a'))?.id ?? '')
      const sources = await nodes.lab.addAddresses('x', 150, 50)
      const holes = Array.from({ length: 8 }, (_, index) => `10.77.0.${220 + index}`)
      const before = { memory: a.memory, processorTime: a.processorTime }
      const forger = forge(nodes.lab, { sources, count: 5000, rate: 400, victims, holes })
      const failed = forger.ended.then(({ stderr }) => Promise.reject(new Error(`the forger ended: ${stderr}`)))
      failed.catch(() => {})
      await Promise.race([failed, waitFor('the flood at a', async () => (await candidates(a)) > maxCandidates / 2)])
      await c.kill('SIGKILL')
      await c.start()
      // a lie that leads nowhere costs 4 s, and it is the only one before an address that is known
      figures.time('in a flood, started again: ready, linked after', await timed(() => linked(a, c, 8000)))
      const ended = forger.kill('SIGTERM')
      let most = 0
      while (forger.child.exitCode === null && forger.child.signalCode === null) {
        most = Math.max(most, await candidates(a))
        expect(await a.linked('b')).toBe(true)
        await sleep(100)
      }
      const { sent } = JSON.parse((await ended).stdout) as { sent: number }
      expect(sent).toBeGreaterThanOrEqual(5000)
      const cost = (a.processorTime - before.processorTime) / sent
      figures.note('in a flood, processor time of one announcement, ms', cost.toFixed(2))
      // a whole core would be 2.5
      expect(cost).toBeLessThan(slowness / 2)
      figures.note('in a flood, candidates at most', most)
      expect(most).toBe(maxCandidates)
      figures.note('in a flood, RSS grew by MB', ((a.memory - before.memory) / megabyte).toFixed(1))
      expect(a.memory - before.memory).toBeLessThan(30 * megabyte)
      expect([await a.linked('b'), await b.linked('a'), await a.linked('c')]).toEqual([true, true, true])
    } finally {
      await nodes.dispose()
    }
  })
}
