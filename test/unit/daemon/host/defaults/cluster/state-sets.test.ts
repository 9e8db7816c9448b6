import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subscriptionPrefix } from '../../../../../../src/daemon/host/defaults/cluster/cluster-text.js'
import type { StateMessage } from '../../../../../../src/daemon/host/defaults/cluster/state-messages.js'
import { type StateEffect, StateSets, stateLimits } from '../../../../../../src/daemon/host/defaults/cluster/state-sets.js'
import { defaultQuotas } from '../../../../../../src/daemon/swarm/quotas.js'
import { Wires } from './wires.js'

const ids = ['n0', 'n1', 'n2']
const topics = ['s', 't']

/** Three nodes, and what is true of them. */
class Simulation {
  readonly wires = new Wires<StateMessage>(ids)
  readonly #sets = new Map<string, StateSets>()
  /** Names as the events of a node tell them. */
  readonly #told = new Map<string, Set<string>>()
  /** References: `node topic name` → count. */
  readonly #truth = new Map<string, number>()
  readonly #away = new Set<string>()
  #runs = 0

  constructor() {
    for (const id of ids) this.#begin(id)
    for (const id of ids) for (const other of ids) if (id !== other) this.#run(id, (sets) => sets.joined(other))
  }

  add(id: string, topic: string, name: string): void {
    const key = `${id} ${topic} ${name}`
    this.#truth.set(key, (this.#truth.get(key) ?? 0) + 1)
    this.#run(id, (sets) => sets.add(topic, name))
  }

  remove(id: string, topic: string, name: string): void {
    const key = `${id} ${topic} ${name}`
    this.#truth.set(key, Math.max(0, (this.#truth.get(key) ?? 0) - 1))
    this.#run(id, (sets) => sets.remove(topic, name))
  }

  flush(id: string): void {
    this.#run(id, (sets) => sets.flush())
  }

  digest(id: string): void {
    this.#run(id, (sets) => sets.digest())
  }

  deliver(from: string, to: string): void {
    const message = this.wires.take(from, to)
    if (message) this.#run(to, (sets) => sets.receive(from, message))
  }

  /** A node loses sight of the others, or comes back; `anew`: as another run that has forgotten all. */
  toggle(id: string, anew: boolean): void {
    const others = ids.filter((other) => other !== id && !this.#away.has(other))
    if (!this.#away.delete(id)) {
      this.#away.add(id)
      this.wires.cut(id)
      for (const other of others) this.#meet(id, other, (sets, peer) => sets.left(peer))
      return
    }
    this.wires.mend(id)
    if (anew) this.#begin(id)
    for (const other of others) this.#meet(id, other, (sets, peer) => sets.joined(peer))
  }

  /** All are back, and digests go round until nothing more is said. */
  settle(): void {
    for (const id of [...this.#away]) this.toggle(id, false)
    for (let round = 0; round < 4; round++) {
      for (const id of ids) this.digest(id)
      for (let pairs = this.wires.busy(); pairs.length > 0; pairs = this.wires.busy()) for (const { from, to } of pairs) this.deliver(from, to)
    }
  }

  view(id: string): string[] {
    const sets = this.#setsOf(id)
    return topics.flatMap((topic) => sets.names(topic).map((name) => `${topic} ${name} ${sets.ownersOf(topic, name).join()}`))
  }

  told(id: string): string[] {
    return [...(this.#told.get(id) ?? [])].sort()
  }

  truth(): string[] {
    const names = [...this.#truth].filter(([, count]) => count > 0).map(([key]) => key.split(' '))
    const by = new Map<string, string[]>()
    for (const [id = '', topic, name] of names) by.set(`${topic} ${name}`, [...(by.get(`${topic} ${name}`) ?? []), id])
    return [...by].map(([key, owners]) => `${key} ${owners.sort().join()}`).sort()
  }

  #begin(id: string): void {
    this.#sets.set(id, new StateSets(id, `run ${++this.#runs}`))
    this.#told.set(id, new Set())
    for (const key of [...this.#truth.keys()]) if (key.startsWith(`${id} `)) this.#truth.delete(key)
  }

  #meet(a: string, b: string, act: (sets: StateSets, peer: string) => StateEffect[]): void {
    this.#run(a, (sets) => act(sets, b))
    this.#run(b, (sets) => act(sets, a))
  }

  #run(id: string, act: (sets: StateSets) => StateEffect[]): void {
    for (const effect of act(this.#setsOf(id))) {
      if (effect.type === 'added') this.#tell(id, `${effect.topic} ${effect.name}`, true)
      if (effect.type === 'removed') this.#tell(id, `${effect.topic} ${effect.name}`, false)
      if (effect.type !== 'send') continue
      for (const to of effect.to === undefined ? ids.filter((other) => other !== id) : [effect.to]) this.wires.send(id, to, effect.message)
    }
  }

  /** No name comes twice without having gone. */
  #tell(id: string, name: string, there: boolean): void {
    const told = this.#told.get(id)
    expect(told?.has(name)).toBe(!there)
    if (there) told?.add(name)
    else told?.delete(name)
  }

  #setsOf(id: string): StateSets {
    const sets = this.#sets.get(id)
    if (!sets) throw new Error(id)
    return sets
  }
}

const node = fc.constantFrom(...ids)
const topic = fc.constantFrom(...topics)
const name = fc.constantFrom('x', 'y', 'z')
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
const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(node, topic, name).map(
      ([id, of, what]): Step =>
        (simulation) =>
          simulation.add(id, of, what),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(node, topic, name).map(
      ([id, of, what]): Step =>
        (simulation) =>
          simulation.remove(id, of, what),
    ),
  },
  {
    weight: 6,
    arbitrary: node.map(
      (id): Step =>
        (simulation) =>
          simulation.flush(id),
    ),
  },
  { weight: 8, arbitrary: onWire((simulation, from, to) => simulation.deliver(from, to)) },
  { weight: 2, arbitrary: onWire((simulation, from, to) => void simulation.wires.take(from, to)) },
  {
    weight: 1,
    arbitrary: node.map(
      (id): Step =>
        (simulation) =>
          simulation.digest(id),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(node, fc.boolean()).map(
      ([id, anew]): Step =>
        (simulation) =>
          simulation.toggle(id, anew),
    ),
  },
)

describe('state sets', () => {
  it('agree with the truth after quiet, whatever was lost, cut or restarted; events tell each change once', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (all) => {
        const simulation = new Simulation()
        for (const step of all) step(simulation)
        simulation.settle()
        const truth = simulation.truth()
        for (const id of ids) {
          expect(simulation.view(id)).toEqual(truth)
          expect(simulation.told(id)).toEqual(truth.map((line) => line.split(' ').slice(0, 2).join(' ')))
        }
      }),
      { numRuns: 400, seed: Number(process.env['SEED'] ?? 3) },
    )
  })

  it('ask again for a set that fits by number and not by checksum', () => {
    const [author, reader] = [new StateSets('a', 'run'), new StateSets('b', 'run')]
    author.add('t', 'x')
    author.flush()
    // a copy that says the same number of names, and another one
    reader.receive('a', { type: 'full', instance: 'run', topic: 't', sequence: 1, part: 0, last: true, names: ['y'] })
    const [digest] = author.digest()
    if (digest?.type !== 'send') throw new Error('no digest')
    const [request] = reader.receive('a', digest.message)
    expect(request).toMatchObject({ type: 'send', to: 'a', message: { type: 'request', topics: ['t'] } })
    const [full] = request?.type === 'send' ? author.receive('b', request.message) : []
    expect(full?.type === 'send' && reader.receive('a', full.message)).toEqual([
      { type: 'removed', topic: 't', name: 'y' },
      { type: 'added', topic: 't', name: 'x' },
    ])
  })

  it('send nothing for changes that undo each other within a turn', () => {
    const sets = new StateSets('a', 'run')
    sets.add('t', 'x')
    sets.remove('t', 'x')
    sets.remove('t', 'x')
    sets.remove('t', 'never added')
    expect(sets.changed).toBe(false)
    expect(sets.flush()).toEqual([])
  })

  it('drop what a member owned in an earlier run, also when its going was not noticed', () => {
    const reader = new StateSets('b', 'run')
    const full = (instance: string, name: string): StateMessage => ({ type: 'full', instance, topic: 't', sequence: 1, part: 0, last: true, names: [name] })
    reader.receive('a', full('first', 'x'))
    expect(reader.receive('a', { ...full('second', 'y'), topic: 'u' } as StateMessage)).toEqual([
      { type: 'removed', topic: 't', name: 'x' },
      { type: 'added', topic: 'u', name: 'y' },
    ])
  })

  it('are bounded: own names, and what a member may make this node keep', () => {
    const sets = new StateSets('a', 'run')
    for (let at = 0; at < stateLimits.names; at++) sets.add('t', `${at}`)
    expect(() => sets.add('u', 'one more')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(() => sets.add('t', '0')).not.toThrow()
    const flood = (sequence: number): StateMessage => ({
      type: 'delta',
      instance: 'r',
      topic: 't',
      sequence,
      added: Array.from({ length: 1000 }, (_, at) => `${sequence} ${at}`),
      removed: [],
    })
    const reader = new StateSets('b', 'run')
    for (let sequence = 1; sequence <= 20; sequence++) reader.receive('a', flood(sequence))
    expect(reader.names('t', 'a')).toHaveLength(stateLimits.names)
    for (let at = 0; at < stateLimits.topics + 50; at++) reader.receive('c', { ...flood(1), topic: `${at}`, added: ['x'] } as StateMessage)
    expect(reader.has(`${stateLimits.topics - 1}`, 'x') && !reader.has(`${stateLimits.topics}`, 'x')).toBe(true)
  })

  it('keep of a member the subscriptions of as many topics as its quota, and say when it wants more', () => {
    const reader = new StateSets('b', 'run')
    const { subscriptions } = defaultQuotas
    const told: StateEffect[] = []
    for (let at = 0; at < subscriptions + 10; at++) {
      const topic = `${subscriptionPrefix}${at}`
      told.push(...reader.receive('a', { type: 'delta', instance: 'r', topic, sequence: 1, added: ['x'], removed: [] }))
    }
    expect(told.filter(({ type }) => type === 'added')).toHaveLength(subscriptions)
    expect(told.filter(({ type }) => type === 'refused')).toEqual(
      Array.from({ length: 10 }, (_, at) => ({ type: 'refused', peer: 'a', topic: `${subscriptionPrefix}${subscriptions + at}` })),
    )
    // another member, and what is no subscription, have room of their own
    const other = (topic: string): StateMessage => ({ type: 'delta', instance: 'r', topic, sequence: 1, added: ['x'], removed: [] })
    expect(reader.receive('c', other(`${subscriptionPrefix}one more`))).toHaveLength(1)
    expect(reader.receive('a', other('plain'))).toHaveLength(1)
  })

  it('keep no more than that of sets that never become whole, nor topics of a member that is gone', () => {
    const reader = new StateSets('b', 'run')
    const part = (topic: string, at: number): StateMessage => ({
      type: 'full',
      instance: 'r',
      topic,
      sequence: 1,
      part: at,
      last: false,
      names: Array.from({ length: 1000 }, (_, index) => `${at} ${index}`),
    })
    for (let topic = 0; topic < 20; topic++) for (let at = 0; at < 10; at++) reader.receive('a', part(`${topic}`, at))
    expect(reader.kept.waiting).toBeLessThanOrEqual(stateLimits.names)
    for (let run = 0; run < 5; run++) {
      const one = (topic: string): StateMessage => ({ type: 'delta', instance: `${run}`, topic, sequence: 1, added: ['x'], removed: [] })
      for (let at = 0; at < 100; at++) reader.receive('c', one(`${run} ${at}`))
    }
    reader.left('c')
    reader.left('a')
    expect(reader.kept).toEqual({ topics: 0, waiting: 0 })
  })
})
