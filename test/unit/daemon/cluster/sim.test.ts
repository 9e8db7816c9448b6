/** The record set, the membership and the directory of the daemon at 300 nodes, and at 3,000 in virtual time, under random faults. */

import { describe, expect, it } from 'vitest'
import { listCopies } from '../../../../src/daemon/cluster/directory.js'
import { startRecords, stepRecords } from '../../../../src/daemon/cluster/record-set.js'
import type { RecordState } from '../../../../src/daemon/cluster/record-state.js'
import { Sim } from './sim.js'
import type { SimNode } from './sim-node.js'
import { memberRecord } from './view.js'

/** Streams as all but their own node list them. */
function streamsSeen(node: SimNode): Set<string> {
  return new Set(listCopies({ records: node.state, membership: node.membership() }).map(({ peer, path }) => `${peer} ${path}`))
}

const seedOf = (name: string): number => Number(process.env[name] ?? Math.floor(Math.random() * 2 ** 31))

/** One random fault. */
function disturb(sim: Sim): void {
  const dice = sim.random()
  const id = sim.pick(sim.ids)
  const [a, b] = sim.pick([...sim.wanted]).split(' ') as [string, string]
  if (dice < 0.5) sim.publish(id, `live/${Math.floor(sim.random() * 200)}`)
  else if (dice < 0.75) sim.cut(a, b)
  else if (dice < 0.9) sim.link(a, b)
  else if (sim.nodes.has(id)) sim.crash(id)
  else revive(sim, id)
}

function revive(sim: Sim, id: string): void {
  sim.start(id)
  for (const link of sim.wanted) {
    const [a, b] = link.split(' ') as [string, string]
    if (a === id || b === id) sim.link(a, b)
  }
}

function report(name: string, sim: Sim, seed: number, begun: NodeJS.CpuUsage): void {
  const cpu = process.cpuUsage(begun)
  const figures = `${(sim.messages / sim.ids.length).toFixed(0)} messages and ${(sim.bytes / sim.ids.length / 1024).toFixed(1)} KiB a node`
  console.log(`${name}: seed ${seed}: ${figures} in ${(sim.now / 1000).toFixed(1)} s; ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s of CPU`)
}

describe('a cluster in virtual time', () => {
  it('of 300 nodes comes to one view after cuts, crashes, restarts, churn and a partition', { timeout: 180_000 }, () => {
    const seed = seedOf('SHOAL_SIM_SEED')
    const begun = process.cpuUsage()
    const sim = new Sim(seed, 300)
    sim.mesh(8)
    for (const id of sim.ids) sim.start(id)
    sim.heal()
    sim.run(2000)
    expect(sim.marks(), `seed ${seed}: joined`).toBe(1)
    for (const node of sim.nodes.values()) expect(node.membership().members.size, `seed ${seed}: ${node.id} sees all`).toBe(299)
    report('300 nodes, joined', sim, seed, begun)
    for (let fault = 0; fault < 36; fault++) sim.after(sim.random() * 10_000, () => disturb(sim))
    sim.run(20_000)
    const left = new Set(sim.ids.slice(0, 60))
    sim.heal((a, b) => left.has(a) === left.has(b))
    for (let fault = 0; fault < 30; fault++) sim.after(sim.random() * 2000, () => sim.publish(sim.pick(sim.ids), `live/${Math.floor(sim.random() * 200)}`))
    sim.run(5000)
    for (const id of sim.ids) if (!sim.nodes.has(id)) revive(sim, id)
    sim.heal()
    sim.run(10_000)
    sim.compare(1000)
    sim.run()
    expect(sim.marks(), `seed ${seed}: healed`).toBe(1)
    const nodes = [...sim.nodes.values()]
    const members = new Set(nodes.map((node) => JSON.stringify([...node.membership().members.keys(), node.id].sort())))
    expect(members.size, `seed ${seed}: one membership`).toBe(1)
    expect(nodes[0]?.membership().members.size).toBe(299)
    const all = new Set(nodes.slice(0, 10).flatMap((node) => [...streamsSeen(node)]))
    for (const node of nodes.slice(0, 40)) {
      const others = [...all].filter((line) => !line.startsWith(`${node.id} `))
      expect([...streamsSeen(node)].sort(), `seed ${seed}: one directory`).toEqual(others.sort())
    }
    report('300 nodes', sim, seed, begun)
  })

  it('of 3,000 nodes spreads every change to all, and heals', { timeout: 240_000 }, () => {
    const seed = seedOf('SHOAL_SIM_SEED')
    const begun = process.cpuUsage()
    const sim = new Sim(seed, 3000)
    sim.mesh(10)
    settle(sim)
    expect(sim.marks(), `seed ${seed}: settled`).toBe(1)
    for (let fault = 0; fault < 16; fault++) sim.after(sim.random() * 20_000, () => change(sim))
    sim.run(30_000)
    sim.heal()
    sim.run(5000)
    // what a node says as it crashes may reach only some of its neighbours
    sim.compare(1000)
    sim.run()
    report('3,000 nodes', sim, seed, begun)
    expect(sim.marks(), `seed ${seed}: healed`).toBe(1)
    const some = [...sim.nodes.values()].filter((_, at) => at % 300 === 0)
    const members = new Set(some.map((node) => JSON.stringify([...node.membership().members.keys(), node.id].sort())))
    expect(members.size, `seed ${seed}: one membership`).toBe(1)
    expect(some[0]?.membership().members.size).toBe(sim.nodes.size - 1)
  })
})

/** All nodes know all others from the start: they share one state. */
function settle(sim: Sim): void {
  const links = new Map<string, string[]>(sim.ids.map((id) => [id, []]))
  for (const link of sim.wanted) {
    const [a, b] = link.split(' ') as [string, string]
    links.get(a)?.push(b)
    links.get(b)?.push(a)
    sim.assume(a, b)
  }
  const trusted = new Set(sim.ids)
  const records = [...links].map(([id, own]) => memberRecord(id, own.sort(), { instance: '0b'.repeat(8) }))
  let shared: RecordState = { ...startRecords({ self: 'nobody', epoch: 1, instance: '0b'.repeat(8), since: 1, trusted: [] }), trusted }
  shared = stepRecords(shared, { type: 'records', peer: 'nobody', records }).state
  shared = stepRecords(shared, { type: 'flush' }).state
  for (const [id, own] of links) {
    const peers = new Map(own.map((peer) => [peer, { told: false }]))
    sim.start(id, { ...shared, self: id, sequence: 1, peers })
  }
}

function change(sim: Sim): void {
  const dice = sim.random()
  const [a, b] = sim.pick([...sim.wanted]).split(' ') as [string, string]
  if (dice < 0.5) sim.publish(sim.pick(sim.ids), `live/${Math.floor(sim.random() * 200)}`)
  else if (dice < 0.8) sim.cut(a, b)
  else if (dice < 0.95) sim.link(a, b)
  else sim.crash(sim.pick(sim.ids))
}
