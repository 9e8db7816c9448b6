/** Payloads over a network that breaks at random moments. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { payloadNode } from '../payload-nodes.js'

interface Send {
  readonly kind: 'a' | 'b' | 'c'
  /** The handler throws. */
  readonly fails: boolean
  /** Turns of the loop the handler takes. */
  readonly turns: number
  /** Turns until the next send. */
  readonly pause: number
}

/** After so many frames, counted over both directions, the network does this. */
interface Fault {
  readonly after: number
  readonly what: 'cut' | 'reset'
}

const send = fc.record<Send>({ kind: fc.constantFrom('a', 'b', 'c'), fails: fc.boolean(), turns: fc.nat(3), pause: fc.nat(2) })
const fault = fc.record<Fault>({ after: fc.integer({ min: 1, max: 25 }), what: fc.constantFrom('cut', 'reset') })

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

async function play(sends: readonly Send[], faults: readonly Fault[]): Promise<void> {
  const handled: Record<string, number[]> = { a: [], b: [], c: [] }
  const net = new LoopbackNet()
  const a = payloadNode(net, 'a', { outbox: { grace: 20_000 } })
  const b = payloadNode(net, 'b', {
    kinds: ['a', 'b', 'c'],
    deliver: async (_plugin, src, kind, body) => {
      expect(src).toBe(a.id)
      const [number = 0, wait = 0, fails] = body
      handled[kind]?.push(number)
      await turns(wait)
      if (fails) throw new Error(`refused ${number}`)
      return body
    },
  })
  try {
    net.linkAll()
    await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
    disturb(net, faults, () => net.link(a.id, b.id))
    const outcomes = await sendAll(sends, (index, { kind, fails, turns: wait }) =>
      a.outbox.request(b.id, kind, Uint8Array.of(index, wait, fails ? 1 : 0), { timeout: 20_000 }),
    )
    check(sends, outcomes, handled)
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

/** Breaks the network after counted frames, and heals a cut some turns later. */
function disturb(net: LoopbackNet, faults: readonly Fault[], heal: () => void): void {
  const left = [...faults]
  let frames = 0
  net.options.onFrame = () => {
    frames++
    if (left[0] === undefined || frames < left[0].after) return 'pass'
    frames = 0
    const { what } = left.shift() as Fault
    if (what === 'cut') void turns(2).then(heal)
    return what
  }
}

async function sendAll(sends: readonly Send[], request: (index: number, send: Send) => Promise<Uint8Array>): Promise<string[]> {
  const outcomes: Promise<string>[] = []
  for (const [index, one] of sends.entries()) {
    outcomes.push(
      request(index, one).then(
        (reply) => `ok ${reply[0]}`,
        (error) => error.code,
      ),
    )
    await turns(one.pause)
  }
  return await Promise.all(outcomes)
}

function check(sends: readonly Send[], outcomes: readonly string[], handled: Readonly<Record<string, readonly number[]>>): void {
  for (const [kind, numbers] of Object.entries(handled)) {
    // at most once and in order
    expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y))
    for (const number of numbers) expect(sends[number]?.kind).toBe(kind)
  }
  for (const [index, { kind, fails }] of sends.entries()) {
    const done = handled[kind]?.includes(index)
    if (outcomes[index] === 'ERR_PEER_UNREACHABLE') expect(done).toBe(false)
    else if (done) expect(outcomes[index]).toBe(fails ? 'ERR_PAYLOAD_REJECTED' : `ok ${index}`)
    else expect.fail(`payload ${index} ended with ${outcomes[index]} and was not handled`)
  }
}

describe('payloads over a link that breaks', () => {
  it('are handled at most once, in order for each kind, and every sender learns what came of its own', async () => {
    const run = fc.asyncProperty(fc.array(send, { minLength: 1, maxLength: 40 }), fc.array(fault, { maxLength: 5 }), play)
    await fc.assert(run, { numRuns: 25 })
  })

  it('are not handled twice when only the receipt was lost', async () => {
    await play(
      Array.from({ length: 5 }, () => ({ kind: 'a', fails: false, turns: 0, pause: 0 })),
      [1, 2, 3, 4].map((after) => ({ after, what: 'reset' })),
    )
  })

  it('of a peer are answered from memory when they come again', async () => {
    const net = new LoopbackNet()
    const runs: number[] = []
    const a = payloadNode(net, 'a')
    const b = payloadNode(net, 'b', {
      kinds: ['k'],
      deliver: async (_p, _s, _k, body) => {
        runs.push(body[0] ?? -1)
        return body
      },
    })
    try {
      net.linkAll()
      await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
      // the first receipt is lost together with its stream
      let lost = false
      net.options.onFrame = ({ from }) => {
        if (lost || from !== b.id || runs.length === 0) return 'pass'
        lost = true
        return 'reset'
      }
      expect([...(await a.outbox.request(b.id, 'k', Uint8Array.of(7)))]).toEqual([7])
      expect(runs).toEqual([7])
      expect(b.router.counters.duplicates).toBeGreaterThan(0)
    } finally {
      await Promise.all([a.close(), b.close()])
    }
  })
})
