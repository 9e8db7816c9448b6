import { describe, expect, it } from 'vitest'
import { ClusterDefaults } from '../../../../../../src/daemon/host/defaults/cluster/cluster-defaults.js'
import { defaultQuotas } from '../../../../../../src/daemon/swarm/quotas.js'
import { memoryLog } from '../../../../../../src/testing/memory-log.js'
import { memoryKeyValue } from '../../../keystore/memory-key-value.js'

describe('the subscription registry', () => {
  it('has as many topics as the quota of a peer: one more would not be kept by other members', () => {
    const { slots } = new ClusterDefaults({ self: 'a', store: memoryKeyValue, log: memoryLog() })
    const registries = slots.subscriptionRegistry
    for (let at = 0; at < defaultQuotas.subscriptions; at++) registries.getRegistry(`${at}`)
    expect(() => registries.getRegistry('one more')).toThrow(expect.objectContaining({ code: 'ERR_QUOTA_SUBSCRIPTIONS' }))
    expect(registries.getRegistry('0')).toBe(registries.getRegistry('0'))
  })
})
