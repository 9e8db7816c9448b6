/** A trusted peer that takes all it can get: what it gets is counted and bounded, and its neighbour notices nothing. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import { maxBatch } from '../../../src/daemon/streams/frame-header.js'
import { streamProtocol } from '../../../src/daemon/streams/stream-messages.js'
import type { Digest } from '../../../src/daemon/swarm/control-messages.js'
import { controlBucket, defaultQuotas } from '../../../src/daemon/swarm/quotas.js'
import { isShoalError } from '../../../src/errors.js'
import { LoopbackNet } from '../../../src/testing/loopback-swarm.js'
import { slowness, waitFor } from '../../wait-for.js'
import { type ControlNode, controlNode } from './control-nodes.js'
import { avTracks, StreamNodes, writeVideo } from './stream-nodes.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const digest: Digest = { root: '0102030405060708', authors: [], all: false, wants: [] }
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('control messages', () => {
  function node(net: LoopbackNet, name: string): ControlNode {
    const made = controlNode(net, name)
    closing.push(() => made.control.close())
    return made
  }

  it('of a flooder are taken at the rate of the quota; another peer waits for none of them', async () => {
    const net = new LoopbackNet()
    const [victim, flooder, honest] = [node(net, 'victim'), node(net, 'flooder'), node(net, 'honest')]
    net.link(victim.swarm.id, flooder.swarm.id)
    net.link(victim.swarm.id, honest.swarm.id)
    await waitFor('both channels', () => [flooder, honest].every(({ control }) => control.hello(victim.swarm.id) !== undefined))
    const taken = new Map<string, number>()
    victim.control.on('digest', (peer) => taken.set(peer, (taken.get(peer) ?? 0) + 1))
    const of = (one: ControlNode): number => taken.get(one.swarm.id) ?? 0
    const began = performance.now()
    const flood = setInterval(() => {
      try {
        for (;;) flooder.control.send(victim.swarm.id, { type: 'digest', value: digest })
      } catch (error) {
        // its own queue is full, because nobody reads
        if (!isShoalError(error, 'ERR_OVERLOADED')) throw error
      }
    }, 1)
    collect()
    const before = process.memoryUsage().heapUsed
    const waits: number[] = []
    try {
      for (let i = 1; i <= 50; i++) {
        const sent = performance.now()
        honest.control.send(victim.swarm.id, { type: 'digest', value: digest })
        await waitFor('the honest one', () => of(honest) === i)
        waits.push(performance.now() - sent)
      }
    } finally {
      clearInterval(flood)
    }
    const { rate, burst } = controlBucket(defaultQuotas.controlRate)
    expect(of(flooder)).toBeGreaterThanOrEqual(burst / 2)
    expect(of(flooder)).toBeLessThanOrEqual(burst + rate * ((performance.now() - began) / 1000) + 1)
    const held = new Map(victim.control.peers().map(({ peer, throttled }) => [peer, throttled]))
    expect(held.get(flooder.swarm.id)).toBeGreaterThan(0)
    expect(held.get(honest.swarm.id)).toBe(0)
    // polled each 50 ms; behind the queue of the other each would wait seconds, and one may for a machine that is busy
    expect(waits.toSorted((x, y) => x - y)[25]).toBeLessThan(1000 * slowness)
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(128 * 1024 * 1024)
  })
})

describe('streams', () => {
  it('a peer that holds all it may have, and opens more without end, costs another peer nothing', async () => {
    const net = new LoopbackNet()
    const nodes = new StreamNodes(net)
    closing.push(() => nodes.close())
    const [victim, flooder, honest] = [nodes.make('victim'), nodes.make('flooder'), nodes.make('honest')]
    net.linkAll()
    const publication = victim.hub.publish('live/cam', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 10)
    const options = { maxFrame: maxBatch, maxInbound: 1 }
    const opened = await Promise.all(Array.from({ length: 2000 }, () => flooder.swarm.open(victim.id, streamProtocol, options)))
    await waitFor('the surplus to be reset', () => opened.filter(({ signal }) => !signal.aborted).length <= defaultQuotas.streams + 32)
    const refused = flooder.pullOnce('shoal://victim/live/cam', 'x')
    await expect(refused.done).rejects.toBeDefined()
    const pull = honest.pullOnce('shoal://victim/live/cam', 'y')
    await waitFor('the frames', () => honest.hub.info('y')?.framesIn)
    pull.stop()
    for (const stream of opened) stream.abort(new Error('enough'))
  })
})
