/** Real daemons on hosts of their own: network namespaces, bridges and cables. */

import { afterAll, describe } from 'vitest'
import { describeWith } from '../needs.js'
import { testDiscovery } from './discovery.js'
import { Figures } from './figures.js'
import { testFlood } from './flood.js'
import { testForget } from './forget.js'
import { testRestarts } from './restarts.js'

describeWith(['namespaces'], 'on a LAN', () => {
  const figures = new Figures()
  afterAll(() => figures.print())

  describe('discovery', () => testDiscovery(figures))
  describe('restarts', () => testRestarts(figures))
  describe('forget', () => testForget(figures))
  describe('forged announcements', () => testFlood(figures))
})
