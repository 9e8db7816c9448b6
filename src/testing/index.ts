/**
 * `shoal/testing`: what an author needs to test a plugin without a daemon. A context over parts in memory, one try of a
 * pull, and suites that every plugin, puller and service has to pass.
 *
 *     import { describe, expect, it } from 'vitest'
 *     import { fakeContext, pluginCompliance } from 'shoal/testing'
 *     import hello from '../hello.js'
 *
 *     pluginCompliance({ describe, expect, it }, 'hello', { factory: hello })
 *
 *     it('greets', async () => {
 *       const fake = await fakeContext(hello(), { config: { greeting: 'moin' } }).start()
 *       …
 *       expect((await fake.stop()).tasks).toEqual([])
 *     })
 */

import '../polyfill.js'

export { clusterNodeCompliance, clusterRegistryCompliance } from './cluster-compliance.js'
export type { ClusterSubject, ClusterSuite, MemberSubject } from './cluster-subject.js'
export { type EndpointClient, type EndpointComplianceOptions, endpointCompliance, FakeDoor, FakeSession } from './endpoint-compliance.js'
export { FakeContext, type FakeContextOptions, type FakeLeftovers, fakeContext, fakeNodeId } from './fake-context.js'
export { type FakePullJob, fakePullJob } from './fake-job.js'
export { FakePayloads, type SentPayload } from './fake-payloads.js'
export { FakePeers, fakePeer } from './fake-peers.js'
export { FakePublication, FakeStreams } from './fake-streams.js'
export { locksCompliance } from './lock-compliance.js'
export { MemoryCluster, type MemoryClusterOptions, type MemoryNode } from './memory-cluster.js'
export { type MemoryLine, type MemoryLog, memoryLog } from './memory-log.js'
export { memoryStorage } from './memory-storage.js'
export { type PluginComplianceOptions, pluginCompliance } from './plugin-compliance.js'
export { type PullerComplianceOptions, type PullSource, pullerCompliance } from './puller-compliance.js'
export {
  type AuthenticationComplianceOptions,
  authenticationCompliance,
  cacheCompliance,
  loggerCompliance,
  monitoringCompliance,
  permissionCompliance,
} from './service-compliance.js'
export { type SubscriptionSuite, stateRegistryCompliance, subscriptionRegistryCompliance } from './state-compliance.js'
export { type StorageSubject, storageCompliance } from './storage-compliance.js'
export type { Expectation, TestApi } from './test-api.js'
