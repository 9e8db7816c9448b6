/** Real daemons on hosts of their own: network namespaces, bridges and cables. The long outages run beside everything else. */

import { afterAll, describe } from 'vitest'
import { describeWith } from '../needs.js'
import { testDiscovery } from './discovery.js'
import { Figures } from './figures.js'
import { testFlood } from './flood.js'
import { testForget } from './forget.js'
import { testOutages } from './outages.js'
import { testRestarts } from './restarts.js'

describeWith(['namespaces'], 'on a LAN', () => {
  const figures = new Figures()
  afterAll(() => figures.print())

  describe.concurrent('a cable', () => {
    describe.sequential('that is pulled', () => testOutages(figures))
  })

  describe.concurrent('meanwhile', () => {
    describe.sequential('discovery', () => testDiscovery(figures))
    describe.sequential('restarts', () => testRestarts(figures))
    describe.sequential('forget', () => testForget(figures))
    describe.sequential('forged announcements', () => testFlood(figures))
  })
})
