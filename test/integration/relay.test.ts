/** Streams that pass several daemons. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Subscription } from '../../src/stream.js'
import { slowness, waitFor } from '../wait-for.js'
import { isLinked, Nodes, type TestNode, Ticker } from './nodes.js'

let nodes: Nodes

beforeEach(() => {
  nodes = new Nodes()
})

afterEach(async () => {
  await nodes.dispose()
})

/** Nodes that are all linked with each other; the first one serves a stream to so many peers. */
async function linked(names: readonly string[], fanOut: number): Promise<TestNode[]> {
  const all: TestNode[] = []
  for (const name of names) all.push(await nodes.start(name, { flags: { 'streams.fanOut': fanOut } }))
  const [first, ...rest] = all as [TestNode, ...TestNode[]]
  for (const node of rest) await nodes.join(first, node)
  await waitFor('all links', () => all.every((a) => all.every((b) => a === b || isLinked(a, b))), 30_000)
  return all
}

/** Pulls `s` from `a` and reads it. */
async function reading(node: TestNode): Promise<{ numbers: number[]; longest: () => number; failed: () => unknown }> {
  const { streams } = node.probe.ctx
  streams.pull('shoal://a/s')
  const subscription: Subscription = await streams.subscribe('s', { wait: 30_000 })
  const numbers: number[] = []
  let longest = 0
  let last = performance.now()
  let failure: unknown
  const read = async (): Promise<void> => {
    for await (const frames of subscription) {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
      for (const { data } of frames) numbers.push(Number(new TextDecoder().decode(data)))
    }
  }
  read().catch((error: unknown) => {
    failure = error
  })
  await waitFor(`frames at ${node.name}`, () => numbers.length > 3)
  return { numbers, longest: () => longest, failed: () => failure }
}

const hopsOf = (node: TestNode): number | undefined => node.probe.ctx.streams.list().find(({ path }) => path === 's')?.hops

const expectWhole = (numbers: readonly number[]): void => {
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] as number) + at))
}

describe('a stream over several daemons', () => {
  it('makes a tree, and goes on without a lost frame when the relay stops', async () => {
    const [a, b, c, d] = (await linked(['a', 'b', 'c', 'd'], 2)) as [TestNode, TestNode, TestNode, TestNode]
    const ticker = new Ticker(a, 's')
    const readers = [await reading(b), await reading(c), await reading(d)]
    expect([b, c, d].map(hopsOf)).toEqual([1, 1, 2])
    const relay = (await readersAt(b)) > 0 ? b : c
    await nodes.stop(relay)
    const last = readers[2] as (typeof readers)[number]
    const length = last.numbers.length
    await waitFor('the stream to go on', () => last.numbers.length > length + 50)
    expectWhole(last.numbers)
    expect(last.failed()).toBeUndefined()
    expect(last.longest()).toBeLessThan(5000 * slowness)
    ticker.stop()
  })

  it('ends everywhere when its origin stops', async () => {
    const [a, b, c] = (await linked(['a', 'b', 'c'], 1)) as [TestNode, TestNode, TestNode]
    new Ticker(a, 's')
    for (const node of [b, c]) await reading(node)
    expect([b, c].map(hopsOf)).toEqual([1, 2])
    await nodes.stop(a)
    await waitFor('the end', () => [b, c].every((node) => hopsOf(node) === undefined), 15_000)
  })
})

/** Peers that read from a node. */
async function readersAt(node: TestNode): Promise<number> {
  const { readers } = await node.client.call('streams.info', { params: { path: 's' } })
  return readers.filter(({ reader }) => reader.startsWith('shoal ')).length
}
