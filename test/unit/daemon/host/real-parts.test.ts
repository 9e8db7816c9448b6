/** The seams: the host over the real hub, pulls and store instead of fakes. */

import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../../../src/daemon/keystore/store.js'
import { Hub } from '../../../../src/daemon/streams/hub.js'
import { Pulls } from '../../../../src/daemon/streams/pulls.js'
import type { PullJob } from '../../../../src/plugin.js'
import { memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'
import { makeHost, probe } from './fixture.js'

const track = { id: 1, kind: 'data', codec: 'text' } as const
const frame = (timestamp: number) => ({ track: 1, timestamp, key: true, data: new Uint8Array([1]) })

describe('the host over real parts', () => {
  it('ends publications, subscriptions and pulls of a plugin that stops', async () => {
    const log = memoryLog()
    const hub = new Hub({ node: '12D3KooWSelf', log })
    const pulls = new Pulls({ hub, log })
    onTestFinished(async () => {
      await pulls.close()
      hub.close()
    })
    const owner = probe('owner', {
      start(ctx) {
        ctx.puller({
          protocol: 'x',
          async pull(job: PullJob) {
            job.publish([track]).write(frame(0))
            await new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve(), { once: true }))
          },
        })
        ctx.streams.publish('own', [track])
        ctx.streams.publish('other', [track], { signal: new AbortController().signal }).write(frame(1))
        ctx.streams.pull('x://host/pulled')
      },
    })
    const { host, parts } = makeHost([owner.plugin], { connect: false })
    host.connect({
      ...parts,
      pulls,
      streams: {
        publish: (path, tracks, options) => hub.publish(path, tracks, options),
        subscribe: (path, options) => hub.subscribe(path, options),
        pull: (url, path, options) => pulls.pull(url, path, options),
        versions: () => [],
        list: () => hub.list(),
        events: (options) => hub.events(options),
      },
    })
    await host.start()
    await waitFor('the pulled stream', () => hub.list().length === 3)
    expect(hub.list().map(({ path, publisher }) => [path, publisher])).toEqual(
      expect.arrayContaining([
        ['own', 'owner'],
        ['other', 'owner'],
      ]),
    )
    const reading = owner.ctx().streams.subscribe('other', { signal: new AbortController().signal })
    for await (const [first] of await reading) {
      expect(first?.timestamp).toBe(1)
      break
    }
    expect(hub.subscribers('other')).toEqual([])
    await host.stop()
    await waitFor('no streams', () => hub.list().length === 0)
    expect([pulls.schemes(), pulls.list().map(({ state }) => state)]).toEqual([[], []])
  })

  it('keeps data of plugins in the store, apart from each other', async () => {
    const [a, b] = [probe('a'), probe('b')]
    const storage = { open: (name: string) => store.open(name) }
    const { host, home } = makeHost([a.plugin, b.plugin], { services: { storage } })
    const store = await openStore(join(home, 'keystore'), { create: true, log: memoryLog() })
    onTestFinished(() => store.close())
    await host.start()
    await a.ctx().store.set('k', new Uint8Array([1]))
    await a
      .ctx()
      .use('storage')
      .open('more')
      .set('k', new Uint8Array([2]))
    await b.ctx().store.clear()
    expect([(await a.ctx().store.get('k'))?.[0], (await store.open('plugin/a:more').get('k'))?.[0], await b.ctx().store.get('k')]).toEqual([1, 2, undefined])
  })
})
