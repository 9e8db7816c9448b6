/** The source dies, stops, and comes back. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { slowness, waitFor } from '../wait-for.js'
import type { Figures } from './figures.js'
import { type LanNode, linked, pair, timed } from './lan-node.js'
import { Nodes } from './nodes.js'
import { Viewer } from './viewer.js'

/** Adds the tests. */
export function testRestarts(figures: Figures): void {
  let nodes: Nodes
  let a: LanNode
  let b: LanNode
  let viewer: Viewer

  const noticed = (ms: number): Promise<unknown> => waitFor('b to notice', async () => !(await b.linked('a')), ms)

  beforeAll(async () => {
    nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }])
    a = nodes.get('a')
    b = nodes.get('b')
    await pair(a, b)
    await a.json('pull', 'file:///sample', 'live/cam', '-d')
    await b.json('pull', 'shoal://a/live/cam', '-d')
    viewer = new Viewer(b.client, 'live/cam')
    await waitFor('frames at b', () => viewer.firstSince(0))
  })

  afterAll(async () => {
    await viewer?.close()
    await nodes?.dispose()
  })

  it('a killed node is missed within 10 s; started again, it is linked within 5 s and its stream flows', { timeout: 120_000 }, async () => {
    const killed = a.kill('SIGKILL')
    figures.time('kill -9, noticed after', await timed(() => noticed(10_000)))
    await killed
    await comeBack('kill -9')
  })

  it('a node that stops is missed within 1 s, and is linked within 5 s of its next start', { timeout: 120_000 }, async () => {
    const stopped = a.kill('SIGTERM')
    const missed = await timed(() => noticed(1000))
    figures.time('graceful stop, noticed after', missed)
    expect(missed).toBeLessThan(1000 * slowness)
    expect((await stopped)?.code).toBe(0)
    await comeBack('graceful stop')
  })

  /** Starts a again; linked within 5 s, and then its stream comes back without anybody's help. */
  async function comeBack(after: string): Promise<void> {
    await a.start()
    figures.time(`${after}, started again: ready, linked after`, await timed(() => linked(a, b, 5000)))
    const up = performance.now()
    const frame = await waitFor('frames at b again', () => viewer.firstSince(up), 15_000)
    figures.time(`${after}, started again: linked, first frame after`, frame.at - up)
    expect(viewer.gapsSince(0).filter(({ key }) => !key)).toEqual([])
  }
}
