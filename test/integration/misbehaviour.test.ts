/** A daemon full of plugins that misbehave, in its process and in their own: it says what each did, and others notice nothing. */

import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BadDaemon } from '../misbehaviour/bad-daemon.js'
import { allBadPlugins as badPlugins } from '../misbehaviour/bad-plugins.js'
import { quantile } from '../misbehaviour/latency.js'
import { slowness, waitFor } from '../wait-for.js'
import { Nodes, useTicket } from './nodes.js'

describe(`${badPlugins.length} plugins that misbehave`, () => {
  const nodes = new Nodes()
  let daemon: BadDaemon
  let quiet: number[]

  beforeAll(async () => {
    daemon = await BadDaemon.start(badPlugins)
    quiet = await daemon.probe.window(2000)
    await daemon.enableAll()
  }, 180_000)
  afterAll(async () => {
    await daemon?.dispose()
    await nodes.dispose()
  })

  it('are at least 20, and at least 10 of either sort', () => {
    const portable = badPlugins.filter((plugin) => plugin.portable).length
    expect(portable).toBeGreaterThanOrEqual(10)
    expect(badPlugins.length - portable).toBeGreaterThanOrEqual(10)
  })

  it('meet a daemon whose event loop goes before the threads that collect garbage', () => {
    const threads = readdirSync(`/proc/${daemon.pid}/task`).map(Number)
    const behind = threads.filter((thread) => getPriority(thread) === Math.min(19, getPriority(daemon.pid) + 10))
    expect(behind).not.toContain(daemon.pid)
    // four of V8
    expect(behind.length).toBeGreaterThanOrEqual(4)
  })

  it('are told of a peer that was forgotten', async () => {
    const other = await nodes.start('other')
    const { ticket } = await daemon.client.call('invites.create', { body: {} })
    await useTicket(other, ticket)
    const { plugins } = await daemon.client.call('peers.forget', { params: { peer: other.id } })
    expect(plugins.find(({ plugin }) => plugin === 'forgotten-throws')).toMatchObject({ outcome: 'failed' })
  })

  it('are each named with what they did', async () => {
    expect(await daemon.unnamed(({ atEnd }) => !atEnd)).toEqual([])
  }, 120_000)

  it('leave the latency of a stream beside them alone, once those have been ended that cannot go on', async () => {
    const bad = await daemon.probe.window(4000)
    const [before, during] = [quiet, bad].map((samples) => quantile(samples, 0.99)) as [number, number]
    process.stdout.write(`p99 of a stream: ${before.toFixed(2)} ms in a quiet daemon, ${during.toFixed(2)} ms beside bad plugins\n`)
    // how close it is when nothing else runs on the machine is measured by bench/misbehaviour.ts
    expect(during).toBeLessThan(3 * before + 100 * slowness)
    expect(bad.length).toBeGreaterThan(quiet.length)
  })

  it('are named, too, where they misbehave at their end', async () => {
    await daemon.disableAll(({ atEnd }) => atEnd)
    expect(await daemon.unnamed(({ atEnd }) => atEnd)).toEqual([])
  }, 120_000)

  it('end with the daemon, and nothing is left', async () => {
    const { code, ms } = await daemon.stop()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(30_000)
    await waitFor('no program', () => daemon.programs().length === 0)
  })
})
