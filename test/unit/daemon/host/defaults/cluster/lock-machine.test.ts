import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LockEffect } from '../../../../../../src/daemon/host/defaults/cluster/lock-effect.js'
import { LockMachine, type LockTiming } from '../../../../../../src/daemon/host/defaults/cluster/lock-machine.js'
import { type LockMessage, laterTerm, makeToken, type Term } from '../../../../../../src/daemon/host/defaults/cluster/lock-messages.js'
import { Wires } from './wires.js'

const ids = ['n0', 'n1', 'n2']
const names = ['x', 'y']

interface Holding {
  readonly name: string
  readonly token: string
}

interface SimNode {
  machine: LockMachine
  /** What it sees. */
  members: readonly string[]
  /** What its disk has, and what is on its way there. */
  disk: Term
  writing: Term[]
  waiting: Set<string>
  held: Map<string, Holding>
}

/** Three nodes with a clock, disks and wires. What is true and what a node sees may differ. */
class Simulation {
  readonly wires = new Wires<LockMessage>(ids)
  readonly nodes = new Map<string, SimNode>()
  /** Tokens in the order in which their locks were granted, for each name. */
  readonly granted = new Map<string, string[]>()
  /** Called at each grant. */
  onGrant: (name: string) => void = () => {}
  now = 0
  #reach: readonly (readonly string[])[] = [ids]
  #requests = 0
  readonly #timing: LockTiming

  constructor(timing: LockTiming) {
    this.#timing = timing
    for (const id of ids) this.nodes.set(id, this.#fresh(id, { number: 0, leader: '' }))
    for (const id of ids) this.look(id)
  }

  of(id: string): SimNode {
    const node = this.nodes.get(id)
    if (!node) throw new Error(id)
    return node
  }

  get alive(): string[] {
    return [...this.nodes.keys()]
  }

  acquire(id: string, name: string): void {
    const request = `r${++this.#requests}`
    this.nodes.get(id)?.waiting.add(request)
    this.#run(id, ({ machine }) => machine.acquire(request, name, this.now))
  }

  /** Gives back a held lock, or gives up a request. */
  drop(id: string, pick: number): void {
    const node = this.nodes.get(id)
    const requests = [...(node?.held.keys() ?? []), ...(node?.waiting ?? [])]
    const request = requests[pick % Math.max(1, requests.length)]
    if (request === undefined) return
    node?.held.delete(request)
    node?.waiting.delete(request)
    this.#run(id, ({ machine }) => machine.drop(request, this.now))
  }

  deliver(from: string, to: string): void {
    const message = this.wires.take(from, to)
    // as followTopic: only members are heard
    if (message && this.nodes.get(to)?.members.includes(from)) this.#run(to, ({ machine }) => machine.receive(from, message, this.now))
  }

  /** The disk is done with the oldest write. */
  write(id: string): void {
    const node = this.nodes.get(id)
    const term = node?.writing.shift()
    if (!node || !term) return
    if (laterTerm(term, node.disk)) node.disk = term
    this.#run(id, ({ machine }) => machine.saved(term, this.now))
  }

  tick(ms: number): void {
    this.now += ms
    for (const id of this.alive) this.#run(id, ({ machine }) => machine.tick(this.now))
  }

  /** A node notices who can be reached. */
  look(id: string): void {
    const part = this.#reach.find((one) => one.includes(id)) ?? [id]
    const node = this.nodes.get(id)
    if (!node) return
    node.members = part.filter((other) => this.nodes.has(other)).sort()
    this.#run(id, ({ machine, members }) => machine.view(members, members[0] ?? id, this.now))
  }

  split(alone: string): void {
    this.#reach = [[alone], ids.filter((id) => id !== alone)]
    this.wires.cut(alone)
    // two whole parts of three nodes: one alone, two together
    this.wires.mend(alone)
  }

  heal(): void {
    this.#reach = [ids]
  }

  reaches(from: string, to: string): boolean {
    return this.#reach.some((part) => part.includes(from) && part.includes(to))
  }

  crash(id: string): void {
    this.nodes.delete(id)
    this.wires.cut(id)
  }

  restart(id: string, disk: Term): void {
    if (this.nodes.has(id)) return
    this.wires.mend(id)
    this.nodes.set(id, this.#fresh(id, disk))
    this.look(id)
  }

  /** Everything arrives, everybody looks, time passes, until nothing changes. */
  settle(): void {
    for (let round = 0; round < 12; round++) {
      for (const id of this.alive) this.look(id)
      for (let more = true; more; ) {
        const pairs = this.wires.busy()
        for (const { from, to } of pairs) this.deliver(from, to)
        const writers = this.alive.filter((id) => this.of(id).writing.length > 0)
        for (const id of writers) this.write(id)
        more = pairs.length + writers.length > 0
      }
      this.tick(500)
    }
  }

  holders(name: string): string[] {
    return this.alive.flatMap((id) => [...this.of(id).held.values()].filter((one) => one.name === name).map(() => id))
  }

  #fresh(id: string, disk: Term): SimNode {
    return { machine: new LockMachine(id, disk, this.#timing), members: [id], disk, writing: [], waiting: new Set(), held: new Map() }
  }

  #run(id: string, act: (node: SimNode) => LockEffect[]): void {
    const node = this.nodes.get(id)
    if (!node) return
    for (const effect of act(node)) {
      if (effect.type === 'send') {
        if (this.nodes.has(effect.to) && this.reaches(id, effect.to)) this.wires.send(id, effect.to, effect.message)
      } else if (effect.type === 'save') node.writing.push(effect.term)
      else if (effect.type === 'lost') node.held.delete(effect.request)
      else {
        node.waiting.delete(effect.request)
        if (effect.type === 'granted') this.#grant(node, effect)
      }
    }
  }

  #grant(node: SimNode, { request, name, token }: Extract<LockEffect, { type: 'granted' }>): void {
    node.held.set(request, { name, token })
    const tokens = this.granted.get(name) ?? []
    expect(tokens).not.toContain(token)
    this.granted.set(name, [...tokens, token])
    this.onGrant(name)
  }
}

const node = fc.constantFrom(...ids)
const lockName = fc.constantFrom(...names)
type Step = (simulation: Simulation) => void
const onWire = (act: (simulation: Simulation, from: string, to: string) => void) =>
  fc.nat().map(
    (pick): Step =>
      (simulation) => {
        const busy = simulation.wires.busy()
        const pair = busy[pick % Math.max(1, busy.length)]
        if (pair) act(simulation, pair.from, pair.to)
      },
  )
const work = [
  {
    weight: 5,
    arbitrary: fc.tuple(node, lockName).map(
      ([id, name]): Step =>
        (simulation) =>
          simulation.acquire(id, name),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(node, fc.nat()).map(
      ([id, pick]): Step =>
        (simulation) =>
          simulation.drop(id, pick),
    ),
  },
  { weight: 12, arbitrary: onWire((simulation, from, to) => simulation.deliver(from, to)) },
  {
    weight: 4,
    arbitrary: node.map(
      (id): Step =>
        (simulation) =>
          simulation.write(id),
    ),
  },
  {
    weight: 4,
    arbitrary: node.map(
      (id): Step =>
        (simulation) =>
          simulation.look(id),
    ),
  },
]

/** After quiet: one holder a name at most, and the leader knows it. */
function checkSettled(simulation: Simulation): void {
  const leader = [...simulation.alive].sort()[0] ?? ''
  const grants = simulation
    .of(leader)
    .machine.grants()
    .map(({ name, peer, token }) => `${name} ${peer} ${token}`)
  const held = simulation.alive.flatMap((id) => [...simulation.of(id).held.values()].map(({ name, token }) => `${name} ${id} ${token}`))
  expect(grants.sort()).toEqual(held.sort())
  for (const name of names) expect(simulation.holders(name).length).toBeLessThanOrEqual(1)
  for (const id of simulation.alive) expect(simulation.of(id).waiting.size).toBe(0)
}

describe('locks while nodes die, and nothing is lost', () => {
  // no time runs out: what is waited for comes, or its sender is dead
  const patient = { retry: 400, report: 2000, grace: 1e12, absence: 1000 }

  it('have one holder at any time, and tokens that rise', () => {
    const steps = fc.oneof(
      ...work,
      {
        weight: 1,
        arbitrary: node.map(
          (id): Step =>
            (simulation) =>
              void (simulation.alive.length > 1 && simulation.crash(id)),
        ),
      },
      {
        weight: 2,
        arbitrary: fc.nat({ max: 600 }).map(
          (ms): Step =>
            (simulation) =>
              simulation.tick(ms),
        ),
      },
    )
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 150, size: 'max' }), (all) => {
        const simulation = new Simulation(patient)
        simulation.settle()
        simulation.onGrant = (name) => {
          expect(simulation.holders(name)).toHaveLength(1)
          const tokens = simulation.granted.get(name) ?? []
          expect(tokens).toEqual([...tokens].sort())
        }
        for (const step of all) step(simulation)
        simulation.settle()
        checkSettled(simulation)
      }),
      { numRuns: 400, seed: Number(process.env['SEED'] ?? 3) },
    )
  })
})

describe('locks while messages are lost, the cluster splits and nodes restart', () => {
  const timing = { retry: 400, report: 2000, grace: 1000, absence: 1000 }

  it('never give one token twice, and after quiet one holder has each lock, the leader knows it, and tokens go on rising', () => {
    const disks = new Map<string, Term>()
    const steps = fc.oneof(
      ...work,
      { weight: 2, arbitrary: onWire((simulation, from, to) => void simulation.wires.take(from, to)) },
      {
        weight: 1,
        arbitrary: node.map(
          (id): Step =>
            (simulation) =>
              simulation.split(id),
        ),
      },
      { weight: 2, arbitrary: fc.constant<Step>((simulation) => simulation.heal()) },
      {
        weight: 3,
        arbitrary: fc.nat({ max: 900 }).map(
          (ms): Step =>
            (simulation) =>
              simulation.tick(ms),
        ),
      },
      {
        weight: 2,
        arbitrary: node.map(
          (id): Step =>
            (simulation) => {
              const present = simulation.nodes.get(id)
              if (!present) return simulation.restart(id, disks.get(id) ?? { number: 0, leader: '' })
              disks.set(id, present.disk)
              return simulation.crash(id)
            },
        ),
      },
    )
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 200, size: 'max' }), (all) => {
        disks.clear()
        const simulation = new Simulation(timing)
        for (const step of all) step(simulation)
        simulation.heal()
        for (const id of ids) simulation.restart(id, disks.get(id) ?? { number: 0, leader: '' })
        simulation.settle()
        checkSettled(simulation)
        for (const name of names) {
          for (const id of ids) while (simulation.of(id).held.size > 0) simulation.drop(id, 0)
          simulation.settle()
          const before = [...(simulation.granted.get(name) ?? [])]
          simulation.acquire('n2', name)
          simulation.settle()
          const last = simulation.granted.get(name)?.at(-1) ?? ''
          expect(before.every((token) => token < last)).toBe(true)
          expect(simulation.holders(name)).toEqual(['n2'])
        }
      }),
      { numRuns: 400, seed: Number(process.env['SEED'] ?? 3) },
    )
  })
})

describe('tokens', () => {
  it('are ordered by term, then by number, then by leader, as strings', () => {
    const term = fc.record({ number: fc.nat({ max: 10 ** 12 - 1 }), leader: fc.constantFrom('a', 'b') })
    fc.assert(
      fc.property(term, fc.nat(), term, fc.nat(), (one, first, other, second) => {
        if (one.number !== other.number) expect(makeToken(one, first) < makeToken(other, second)).toBe(one.number < other.number)
        else if (first !== second) expect(makeToken(one, first) < makeToken(other, second)).toBe(first < second)
        else expect(makeToken(one, first) < makeToken(other, second)).toBe(one.leader < other.leader)
      }),
    )
  })
})
