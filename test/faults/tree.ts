/** One source that serves two nodes at most: four readers form a tree by themselves, and a relay that dies costs little. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Figures } from '../lan/figures.js'
import type { LanNode } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { Viewer } from '../lan/viewer.js'
import { waitFor } from '../wait-for.js'
import { allReach } from './view.js'

/** Frames of a group of the bundled clip. */
const group = 25

/** Adds the tests. */
export function testTree(figures: Figures): void {
  const readers = ['r1', 'r2', 'r3', 'r4']
  let nodes: Nodes
  let viewers: Map<string, Viewer>
  const node = (name: string): LanNode => nodes.get(name)
  const copies = async (name: string, path: string): Promise<number> => (await node(name).client.call('streams.info', { params: { path } })).readers.length

  beforeAll(async () => {
    const names = ['origin', ...readers]
    const env = { SHOAL_CLUSTER__SECRET: 'four readers and one source', SHOAL_STREAMS__FAN_OUT: '2' }
    nodes = await Nodes.start(
      names.map((name) => ({ name })),
      [],
      env,
    )
    await allReach(nodes.all, nodes.all, 30_000)
    await node('origin').json('pull', 'file:///sample', 'live/cam', '-d')
    viewers = new Map()
    for (const name of readers) {
      await node(name).json('pull', 'shoal:///live/cam', 'copy', '-d')
      viewers.set(name, new Viewer(node(name).client, 'copy'))
    }
  })

  afterAll(async () => {
    await Promise.all([...(viewers?.values() ?? [])].map((viewer) => viewer.close()))
    await nodes?.dispose()
  })

  it('the source sends two copies and all four read', { timeout: 60_000 }, async () => {
    await waitFor('frames at all', () => [...viewers.values()].every((viewer) => viewer.frames > group), 30_000)
    expect(await copies('origin', 'live/cam')).toBe(2)
  })

  it('a relay that is killed costs no other reader more than a group', { timeout: 120_000 }, async () => {
    const busy = await waitFor('a relay', async () => {
      // its own viewer is one reader of its copy
      for (const name of readers) if ((await copies(name, 'copy')) > 1) return name
      return undefined
    })
    const others = readers.filter((name) => name !== busy).map((name) => viewers.get(name) as Viewer)
    const killed = performance.now()
    await node(busy).kill('SIGKILL')
    await waitFor('two seconds of frames at the others', () => others.every((viewer) => viewer.firstSince(killed + 4000)), 30_000)
    const lost = others.map((viewer) => viewer.lostSince(killed))
    figures.note('a killed relay, frames lost by the other readers', lost.join(', '))
    figures.note('a killed relay, longest pause of the other readers', `${Math.round(Math.max(...others.map((viewer) => viewer.longestPause(killed))))} ms`)
    for (const count of lost) expect(count).toBeLessThanOrEqual(group)
    expect(await copies('origin', 'live/cam')).toBeLessThanOrEqual(2)
  })
}
