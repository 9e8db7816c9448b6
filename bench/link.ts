/**
 * A link from node to node beside what it is made of: bare sockets, TLS, libp2p with and without encryption, in turns. Two processes
 * and one connection for each load. See README.md.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { median } from './cpu.js'
import type { Answer, Command, Load } from './link-end.js'
import { type TransportName, transports } from './link-transports.js'
import { machineText, table, verdict, writeSection } from './section.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: '' },
    load: { type: 'string', default: '' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = Number(values.seconds ?? (values.short ? 1 : 3))
/** s; at thirty pictures a second V8 compiles for seconds. */
const warmUp = values.short ? 0.7 : 3
const gibibyte = 2 ** 30

const loads = (['bulk', 'fifty', 'one', 'trips'] as const).filter((load) => load.includes(values.load))
const names = (Object.keys(transports) as TransportName[]).filter((name) => name.includes(values.only))

/** CPU s for a GiB of each side, bytes a second, and µs: of a frame from end to end, or of a round trip. */
type Figures = Record<'sending' | 'receiving' | 'rate' | 'p50' | 'p95', number>

class End {
  readonly #child: ChildProcess

  constructor() {
    const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
    this.#child = fork(new URL('link-end.ts', import.meta.url), { execArgv: ['--import', 'tsx', ...profile] })
  }

  async ask(command: Command): Promise<Answer> {
    this.#child.send(command)
    const [answer]: Answer[] = await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')])
    if (typeof answer !== 'object') throw new Error('an end of the link died')
    return answer
  }

  stop(): void {
    this.#child.disconnect()
  }
}

async function measure(transport: TransportName, load: Load): Promise<Figures> {
  const [sender, receiver] = [new End(), new End()]
  const both = (): Promise<readonly [Answer, Answer]> => Promise.all([sender.ask({ do: 'usage' }), receiver.ask({ do: 'usage' })])
  try {
    const { address = '' } = await receiver.ask({ do: 'serve', transport })
    await sender.ask({ do: 'dial', transport, address })
    // code that is not compiled yet is not what a link costs
    await sender.ask({ do: 'load', load, seconds: warmUp })
    const before = await both()
    const began = performance.now()
    await sender.ask({ do: 'load', load, seconds })
    const elapsed = (performance.now() - began) / 1000
    const after = await both()
    const used = (at: 0 | 1): number => (after[at].cpu ?? 0) - (before[at].cpu ?? 0)
    const bytes = (after[1].received ?? 0) - (before[1].received ?? 0)
    const { p50 = Number.NaN, p95 = Number.NaN } = after[load === 'trips' ? 0 : 1]
    return { sending: (used(0) / bytes) * gibibyte, receiving: (used(1) / bytes) * gibibyte, rate: bytes / elapsed, p50, p95 }
  } finally {
    for (const end of [sender, receiver]) end.stop()
  }
}

const results = new Map<string, Figures[]>()
for (let round = 0; round < rounds; round++) {
  for (const load of loads) {
    for (const name of round % 2 ? [...names].reverse() : names) {
      process.stderr.write(`link: round ${round + 1} of ${rounds}, ${load}, ${name}\n`)
      results.set(`${name} ${load}`, [...(results.get(`${name} ${load}`) ?? []), await measure(name, load)])
    }
  }
}

function of(name: TransportName, load: Load, key: keyof Figures): number {
  return median((results.get(`${name} ${load}`) ?? []).map((figures) => figures[key]))
}

const pair = (one: number, two: number, digits: number): string => `${one.toFixed(digits)} / ${two.toFixed(digits)}`
const overview = table(
  [
    'who',
    'bulk: MiB/s',
    'CPU s/GiB, sending / receiving',
    '50 × 4 Mbit/s: CPU s/GiB',
    'a frame takes, p50 / p95 µs',
    'one stream, p50 / p95 µs',
    'RTT 100 B, p50 / p95 µs',
  ],
  names.map((name) => [
    name,
    (of(name, 'bulk', 'rate') / 2 ** 20).toFixed(0),
    pair(of(name, 'bulk', 'sending'), of(name, 'bulk', 'receiving'), 2),
    pair(of(name, 'fifty', 'sending'), of(name, 'fifty', 'receiving'), 2),
    pair(of(name, 'fifty', 'p50'), of(name, 'fifty', 'p95'), 0),
    pair(of(name, 'one', 'p50'), of(name, 'one', 'p95'), 0),
    pair(of(name, 'trips', 'p50'), of(name, 'trips', 'p95'), 0),
  ]),
)
const share = of('link', 'bulk', 'rate') / of('libp2p, no encryption', 'bulk', 'rate')
const dearerOf = (name: TransportName): number => Math.max(of(name, 'fifty', 'sending'), of(name, 'fifty', 'receiving'))
const dearer = dearerOf('link')
const trip = of('link', 'trips', 'p50')
const targets = table(
  ['what', 'measured', 'target', ''],
  [
    ['bulk of the link / libp2p without encryption', share.toFixed(2), '≥ 0.6', verdict(share >= 0.6)],
    ['CPU s/GiB of the dearer side, 50 × 4 Mbit/s', dearer.toFixed(2), '≤ 2', verdict(dearer <= 2)],
    ['the same / node:net', (dearer / dearerOf('node:net')).toFixed(2), '', ''],
    ['the same / libp2p without encryption', (dearer / dearerOf('libp2p, no encryption')).toFixed(2), '', ''],
    ['RTT p50, µs', trip.toFixed(0), '≤ 130', verdict(trip <= 130)],
    ['the same / node:tls', (trip / of('node:tls', 'trips', 'p50')).toFixed(2), '', ''],
  ],
)
const method = `${rounds} rounds of ${seconds} s in turn, each after ${warmUp} s to warm up; medians. Two processes; a frame of the paced streams is 16.7 kB.`
const text = `${machineText()} ${method}\n\n${overview}\n\n${targets}`
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('link', 'A link', text)
