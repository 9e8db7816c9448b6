/** Real daemons on a network that breaks in every way a LAN breaks: cuts, partitions, kills, wrong clocks, copied homes. */

import { afterAll, describe } from 'vitest'
import { Figures } from '../lan/figures.js'
import { describeWith } from '../needs.js'
import { testChain } from './chain.js'
import { testClocks } from './clocks.js'
import { testCluster } from './cluster.js'
import { testCopiedHome } from './copied.js'
import { testKills } from './kills.js'
import { testOutages } from './outages.js'
import { testTree } from './tree.js'

describeWith(['namespaces', 'nft'], 'faults', () => {
  const figures = new Figures()
  afterAll(() => figures.print())

  describe.concurrent('many nodes', () => {
    describe.sequential('with one secret', () => testCluster(figures))
  })

  describe.concurrent('a cable', () => {
    describe.sequential('that is pulled', () => testOutages(figures))
  })

  describe.concurrent('few nodes', () => {
    describe.sequential('a chain', () => testChain(figures))
    describe.sequential('a tree', () => testTree(figures))
    describe.sequential('kill -9', () => testKills(figures))
    describe.sequential('a copied home', () => testCopiedHome(figures))
    describe.sequential('clocks', () => testClocks(figures))
  })
})
