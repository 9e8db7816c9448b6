/** Real daemons on a network that breaks in every way a LAN breaks: cuts, partitions, kills, wrong clocks, copied homes. */

import { afterAll, describe } from 'vitest'
import { Figures } from '../lan/figures.js'
import { describeWith } from '../needs.js'
import { testClocks } from './clocks.js'
import { testKills } from './kills.js'

describeWith(['namespaces', 'nft'], 'faults', () => {
  const figures = new Figures()
  afterAll(() => figures.print())

  describe.concurrent('few nodes', () => {
    describe.sequential('kill -9', () => testKills(figures))
    describe.sequential('clocks', () => testClocks(figures))
  })
})
