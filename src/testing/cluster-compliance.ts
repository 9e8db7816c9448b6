/** What services of the slots `clusterNode` and `clusterRegistry` have to do right. */

import type { ClusterMessage, ClusterNode, ClusterRegistry } from '../services.js'
import { type ClusterSuite, collect, eventually, onThree, partitionTest } from './cluster-subject.js'
import { codeOf, type TestApi } from './test-api.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const shown = (message: ClusterMessage): string => (message.type === 'message' ? `${message.peer} ${new TextDecoder().decode(message.body)}` : 'lagged')
const listen = (node: ClusterNode, topic = 't') => collect((signal) => node.subscribe(topic, { signal }))

/** Runs the suite for a `clusterNode`. */
export function clusterNodeCompliance(api: TestApi, name: string, suite: ClusterSuite<ClusterNode>): void {
  api.describe(`${name} as a cluster node`, () => {
    deliveryTests(api, suite)
    refusalTests(api, suite)
    absenceTests(api, suite)
  })
}

function deliveryTests({ it, expect }: TestApi, suite: ClusterSuite<ClusterNode>): void {
  it('send reaches every other member once and never the sender', () =>
    onThree(suite, async (_, [a, b, c]) => {
      const readers = [a, b, c].map(({ service }) => listen(service))
      const second = listen(b.service)
      await a.service.send('t', bytes('one'))
      await b.service.send('t', bytes('two'))
      await eventually(suite, 'the messages', () => readers[2]?.values.length === 2 && readers[0]?.values.length === 1 && readers[1]?.values.length === 1)
      await Promise.all([...readers, second].map((reader) => reader.stop()))
      expect(readers.map(({ values }) => values.map(shown).sort())).toEqual([[`${b.peer} two`], [`${a.peer} one`], [`${a.peer} one`, `${b.peer} two`].sort()])
      expect(second.values.map(shown)).toEqual([`${a.peer} one`])
    }))

  it('sendDirect reaches its addressee alone', () =>
    onThree(suite, async (_, [a, b, c]) => {
      const [toB, toC] = [listen(b.service), listen(c.service)]
      await a.service.sendDirect(b.peer, 't', bytes('for b'))
      await a.service.send('t', bytes('for all'))
      await eventually(suite, 'the messages', () => toB.values.length === 2 && toC.values.length === 1)
      await Promise.all([toB.stop(), toC.stop()])
      expect([toB.values.map(shown), toC.values.map(shown)]).toEqual([[`${a.peer} for b`, `${a.peer} for all`], [`${a.peer} for all`]])
    }))

  it('keeps the order of each sender, also between send and sendDirect', () =>
    onThree(suite, async (_, [a, b, c]) => {
      const reader = listen(c.service)
      const sent = [a, b].flatMap(({ service }) =>
        Array.from({ length: 200 }, (__, at) => (at % 3 === 0 ? service.sendDirect(c.peer, 't', bytes(`${at}`)) : service.send('t', bytes(`${at}`)))),
      )
      await Promise.all(sent)
      await eventually(suite, 'all messages', () => reader.values.length === 400)
      await reader.stop()
      for (const { peer } of [a, b]) {
        const own = reader.values.map(shown).filter((text) => text.startsWith(peer))
        expect(own).toEqual(Array.from({ length: 200 }, (__, at) => `${peer} ${at}`))
      }
    }))

  it('keeps topics apart, and carries any bytes, none and 256 KiB', () =>
    onThree(suite, async (_, [a, b]) => {
      const longest = 'ä'.repeat(127)
      const [one, other] = [listen(b.service), listen(b.service, longest)]
      const large = new Uint8Array(256 * 1024).map((__, at) => at % 251)
      await a.service.sendDirect(b.peer, longest, new Uint8Array())
      await a.service.sendDirect(b.peer, 't', large)
      await eventually(suite, 'the messages', () => one.values.length === 1 && other.values.length === 1)
      await Promise.all([one.stop(), other.stop()])
      const bodies = [...one.values, ...other.values].map((message) => (message.type === 'message' ? message.body : bytes('lagged')))
      expect([Buffer.compare(bodies[0] ?? bytes(''), large), bodies[1]?.length]).toEqual([0, 0])
    }))

  it('takes its own copy of a body', () =>
    onThree(suite, async (_, [a, b]) => {
      const reader = listen(b.service)
      const body = bytes('before')
      const sent = a.service.send('t', body)
      body.fill(0)
      await sent
      await eventually(suite, 'the message', () => reader.values.length === 1)
      await reader.stop()
      expect(reader.values.map(shown)).toEqual([`${a.peer} before`])
    }))
}

function refusalTests({ it, expect }: TestApi, suite: ClusterSuite<ClusterNode>): void {
  it('refuses wrong topics, too large bodies, and members that are none', () =>
    onThree(suite, async (_, [{ peer, service }, b]) => {
      for (const topic of ['', 'x'.repeat(256), '\ud800']) expect(await codeOf(() => service.send(topic, bytes('')))).toBe('ERR_USAGE')
      expect(await codeOf(() => service.send('t', new Uint8Array(256 * 1024 + 1)))).toBe('ERR_PAYLOAD_TOO_LARGE')
      expect(await codeOf(() => service.sendDirect(b.peer, 't', new Uint8Array(256 * 1024 + 1)))).toBe('ERR_PAYLOAD_TOO_LARGE')
      for (const nobody of [peer, 'nobody', '']) expect(await codeOf(() => service.sendDirect(nobody, 't', bytes('')))).toBe('ERR_PEER_UNREACHABLE')
    }))

  it('a subscription ends with its signal, at once when that is aborted already', () =>
    onThree(suite, async (_, [a, b]) => {
      const reader = listen(b.service)
      await reader.stop()
      await a.service.send('t', bytes('late'))
      for await (const message of b.service.subscribe('t', { signal: AbortSignal.abort(new Error('over')) })) throw new Error(shown(message))
      expect(reader.values).toEqual([])
    }))
}

function absenceTests(api: TestApi, suite: ClusterSuite<ClusterNode>): void {
  const { it, expect } = api
  it('a member that died cannot be sent to, and does not hold up the others', () =>
    onThree(suite, async (subject, [a, b, c]) => {
      const reader = listen(c.service)
      await subject.kill(1)
      await eventually(suite, 'b to be gone', async () => (await codeOf(() => a.service.sendDirect(b.peer, 't', bytes('x')))) === 'ERR_PEER_UNREACHABLE')
      await a.service.send('t', bytes('still here'))
      await eventually(suite, 'the message', () => reader.values.length > 0)
      await reader.stop()
      expect(reader.values.map(shown)).toEqual([`${a.peer} still here`])
    }))

  partitionTest(api, suite, 'a message comes at most once, also around a split', async (subject, [a, b]) => {
    const reader = listen(b.service)
    for (let round = 0; round < 3; round++) {
      const send = (text: string) => a.service.sendDirect(b.peer, 't', bytes(text)).catch(() => {})
      const before = send(`${round} before`)
      await subject.split([0], [1, 2])
      await Promise.all([before, send(`${round} meanwhile`)])
      await subject.heal()
      await eventually(
        suite,
        'a way to b',
        async () => (await codeOf(() => a.service.sendDirect(b.peer, 't', bytes(`${round} after ${performance.now()}`)))) === undefined,
      )
    }
    await reader.stop()
    const texts = reader.values.map(shown)
    expect(new Set(texts).size).toBe(texts.length)
    const rounds = texts.map((text) => Number(text.split(' ')[1]))
    expect(rounds).toEqual([...rounds].sort())
  })
}

/** Runs the suite for a `clusterRegistry`. */
export function clusterRegistryCompliance(api: TestApi, name: string, suite: ClusterSuite<ClusterRegistry>): void {
  const { describe, it, expect } = api
  const peers = (nodes: readonly { readonly peer: string }[]): string[] => nodes.map(({ peer }) => peer).sort()

  describe(`${name} as a cluster registry`, () => {
    it('shows the same members, in order, and one leader everywhere', () =>
      onThree(suite, async (_, nodes) => {
        for (const { peer, service } of nodes) {
          expect(service.self).toBe(peer)
          expect([...service.members()]).toEqual(peers(nodes))
          expect(service.leader()).toBe(nodes[0].service.leader())
          expect(service.isLeader()).toBe(service.leader() === peer)
        }
        expect(nodes.filter(({ service }) => service.isLeader()).length).toBe(1)
      }))

    for (const end of ['stop', 'kill'] as const) {
      it(`${end}: all others see it once, and agree on a leader among them`, () =>
        onThree(suite, async (subject, nodes) => {
          const gone = nodes.findIndex(({ service }) => service.isLeader())
          const rest = nodes.filter((__, at) => at !== gone)
          const events = rest.map(({ service }) => collect((signal) => service.events({ signal })))
          await subject[end](gone)
          await eventually(suite, 'the others to see it', () => rest.every(({ service }) => service.members().length === 2))
          await Promise.all(events.map((one) => one.stop()))
          for (const { service } of rest) {
            expect([...service.members()]).toEqual(peers(rest))
            expect(service.leader()).toBe(rest[0]?.service.leader())
            expect(peers(rest)).toContain(service.leader())
          }
          for (const { values } of events) {
            const leader = rest[0]?.service.leader()
            expect(values.map((event) => ('peer' in event ? `${event.type} ${event.peer}` : 'lagged'))).toEqual([
              `left ${nodes[gone]?.peer}`,
              `leader ${leader}`,
            ])
          }
        }))
    }

    it('a node alone is its own leader', async () => {
      const subject = await suite.make(1)
      const { peer, service } = subject.nodes[0] ?? {}
      expect([service?.self, service?.leader(), service?.isLeader(), service?.members().length]).toEqual([peer, peer, true, 1])
      await subject.close()
    })

    partitionTest(api, suite, 'each part of a split has one leader, and the whole has one again', async (subject, [a, b, c]) => {
      await subject.split([0, 1], [2])
      await eventually(suite, 'the split', () => a.service.members().length === 2 && b.service.members().length === 2 && c.service.members().length === 1)
      expect(a.service.leader()).toBe(b.service.leader())
      expect([a.peer, b.peer]).toContain(a.service.leader())
      expect(c.service.isLeader()).toBe(true)
      await subject.heal()
      await eventually(suite, 'the whole', () => [a, b, c].every(({ service }) => service.members().length === 3))
      expect(new Set([a, b, c].map(({ service }) => service.leader())).size).toBe(1)
    })
  })
}
