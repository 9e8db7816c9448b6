/** A trusted peer that broke a protocol three times: no connection of its is taken for a while, others' are. */

import { afterEach, expect, it } from 'vitest'
import { Strikes } from '../../src/daemon/swarm/strikes.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { waitFor } from '../wait-for.js'
import { TestCluster, trust } from './swarm-cluster.js'

const cluster = new TestCluster()
afterEach(() => cluster.stop())

it('is cut, refused, and taken again when the time is over', async () => {
  let now = 0
  const strikes: Strikes = new Strikes({ log: memoryLog(), now: () => now, refuse: (peer, reason) => void a.node.cut(peer, reason) })
  const a = await cluster.add({ refuses: (peer) => strikes.refused(peer) })
  const bad = await cluster.add()
  const good = await cluster.add()
  trust(a, bad)
  trust(a, good)
  const dial = (from: typeof bad): Promise<unknown> => from.node.dial(a.node.id, a.addresses)
  await dial(bad)
  await waitFor('the link', () => a.node.linked(bad.node.id))
  for (let i = 0; i < 3; i++) strikes.add(bad.node.id, new Error('nonsense'))
  await waitFor('the cut', () => !a.node.linked(bad.node.id) && !bad.node.linked(a.node.id))
  await expect(dial(bad)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  expect(a.node.refused.struck).toBe(1)
  await dial(good)
  now = 60_000
  await dial(bad)
  await waitFor('the link', () => a.node.linked(bad.node.id))
})
