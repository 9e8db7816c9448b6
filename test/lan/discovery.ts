/** Nodes find each other by mDNS alone. */

import { expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import type { Figures } from './figures.js'
import { type LanNode, linked, pair, timed } from './lan-node.js'
import { Nodes } from './nodes.js'

/** Waits until a node heard of another; what it heard. */
function heard(self: LanNode, other: LanNode): Promise<{ readonly addresses: readonly string[] }> {
  return waitFor(`${self.name} to hear of ${other.name}`, () => self.discovered(other.name))
}

/** The IPv4 addresses in a list of multiaddrs. */
const hosts = (addresses: readonly string[]): string[] => addresses.flatMap((text) => /^\/ip4\/([^/]+)/.exec(text)?.[1] ?? [])

/** Adds the tests. */
export function testDiscovery(figures: Figures): void {
  it('shows nodes with their addresses, with and without a default route, and finds them again at other addresses', { timeout: 120_000 }, async () => {
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b', route: false }])
    try {
      const [a, b] = [nodes.get('a'), nodes.get('b')]
      figures.time('ready, both hear of each other after', await timed(() => Promise.all([heard(a, b), heard(b, a)])))
      const { discovered } = await b.json<{ discovered: { name: string; addresses: string[] }[] }>('peers', 'discovered')
      expect(discovered).toMatchObject([{ name: 'a', addresses: expect.arrayContaining([`/ip4/${nodes.lab.address('a')}/tcp/4710`]) }])
      await pair(a, b)
      for (const node of [a, b]) expect((await node.kill('SIGTERM'))?.code).toBe(0)
      await nodes.lab.renumber('a', 101)
      await nodes.lab.renumber('b', 102)
      await Promise.all([a.start(), b.start()])
      figures.time('both with other addresses: ready, linked after', await timed(() => linked(a, b, 15_000)))
      expect(hosts((await b.peer('a'))?.addresses ?? [])).toContain('10.77.0.101')
    } finally {
      await nodes.dispose()
    }
  })

  it('follows a peer that gets another address while it runs', { timeout: 120_000 }, async () => {
    const nodes = await Nodes.start([{ name: 'a' }, { name: 'b' }])
    try {
      const [a, b] = [nodes.get('a'), nodes.get('b')]
      await pair(a, b)
      await nodes.lab.renumber('a', 103)
      const moved = async (): Promise<boolean> => (await a.linked('b')) && hosts((await b.peer('a'))?.addresses ?? []).includes('10.77.0.103')
      figures.time('another address while it runs, linked again after', await timed(() => waitFor('a link to the new address', moved, 30_000)))
    } finally {
      await nodes.dispose()
    }
  })

  it('works on each of two networks, and tells each only of its own addresses', { timeout: 120_000 }, async () => {
    const nodes = await Nodes.start([
      { name: 'a', networks: [1] },
      { name: 'm', networks: [1, 2] },
      { name: 'c', networks: [2] },
    ])
    try {
      const [a, m, c] = [nodes.get('a'), nodes.get('m'), nodes.get('c')]
      const [atM, atM2] = await Promise.all([heard(m, a), heard(m, c)])
      expect(hosts(atM.addresses)).toEqual([nodes.lab.address('a', 1)])
      expect(hosts(atM2.addresses)).toEqual([nodes.lab.address('c', 2)])
      expect(hosts((await heard(a, m)).addresses)).toEqual([nodes.lab.address('m', 1)])
      expect(hosts((await heard(c, m)).addresses)).toEqual([nodes.lab.address('m', 2)])
      expect(await a.discovered('c')).toBeUndefined()
      await pair(m, a)
      await pair(m, c)
    } finally {
      await nodes.dispose()
    }
  })
}
