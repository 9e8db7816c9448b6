/**
 * Messages between two processes: round trip and closed-loop rate at three sizes, and fan-out, beside bare echoes, nats-server and
 * deepstream in the same rounds. See README.md.
 */

import { parseArgs } from 'node:util'
import type { Figures } from './closed-loop.js'
import { cpuSeconds, median } from './cpu.js'
import { deepstream, floor, type Messenger, nats, type Plan, type Running, shoal } from './messengers.js'
import { machineText, table, verdict, writeSection } from './section.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', default: '' },
    against: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = Number(values.seconds ?? (values.short ? 0.5 : 1.5))

const sizes = [64, 1024, 65_536]
const words = (size: number): string => (size < 1024 ? `${size} B` : `${size / 1024} KiB`)

/** A row of figures: what is asked, and whether the rate or the round trip counts. */
const requests: readonly Plan[] = sizes.flatMap((size) => [
  { size, window: 1, seconds, subscribers: 0 },
  { size, window: size > 8192 ? 8 : 64, seconds, subscribers: 0 },
])
const fanouts: readonly Plan[] = [10, 100].map((subscribers) => ({ size: 64, window: 16, seconds, subscribers }))

const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
const other = values.against === undefined ? [] : [shoal(values.against, 'shoal (other build)')]
const link = floor('link', 'bare link of ours')
const all: readonly Messenger[] = [
  shoal(undefined, undefined, flags),
  ...other,
  link,
  ...(values.short ? [] : [floor('libp2p', 'libp2p stream as published')]),
  floor('tcp', 'node:net'),
  nats,
  deepstream,
]
const chosen = all.filter(({ name }) => name.includes(values.only))

const say = (text: string): boolean => process.stderr.write(`${text}\n`)
const running = new Map<Messenger, Running>()
const results = new Map<Messenger, Figures[][]>()
const noise: number[] = []

/** Own CPU of a run is not told apart: this is what the whole machine used. */
async function round(): Promise<void> {
  for (const [messenger, run] of running) {
    const plans = messenger.publishes ? [...requests, ...fanouts] : requests
    results.set(messenger, [...(results.get(messenger) ?? []), await run.measure(plans)])
  }
}

for (const messenger of chosen) {
  const run = await messenger.start()
  if (run) running.set(messenger, run)
  else say(`${messenger.name} is not to be had here: left out`)
}
try {
  for (let at = 1; at <= rounds; at++) {
    say(`payload: round ${at} of ${rounds}`)
    const before = cpuSeconds('all')
    const began = performance.now()
    await round()
    noise.push((cpuSeconds('all') - before) / ((performance.now() - began) / 1000))
  }
} finally {
  for (const run of running.values()) await run.stop()
}

const of = (messenger: Messenger, at: number, key: keyof Figures): number =>
  median((results.get(messenger) ?? []).flatMap((figures) => figures[at]?.[key] ?? []))
/** Of the best round: what other load takes away is least there. */
const best = (messenger: Messenger, at: number, key: 'p10' | 'cpu'): number =>
  Math.min(...(results.get(messenger) ?? []).flatMap((figures) => figures[at]?.[key] ?? []))
const rows = [...running.keys()]
const ms = (value: number): string => (Number.isNaN(value) ? '' : value < 1 ? `${Math.round(value * 1000)} µs` : `${value.toFixed(2)} ms`)
const rate = (value: number): string => (Number.isNaN(value) ? '' : Math.round(value).toString())

const roundTrips = table(
  ['who', ...sizes.flatMap((size) => [`${words(size)}: RTT p10 / p50`, `a second, ${size > 8192 ? 8 : 64} under way`, 'CPU µs a call'])],
  rows.map((who) => [
    who.name,
    ...sizes.flatMap((_, at) => [
      `${ms(best(who, at * 2, 'p10'))} / ${ms(of(who, at * 2, 'p50'))}`,
      rate(of(who, at * 2 + 1, 'perSecond')),
      best(who, at * 2 + 1, 'cpu').toFixed(0),
    ]),
  ]),
)
const publishing = table(
  ['who', ...fanouts.map(({ subscribers }) => `64 B to ${subscribers}: deliveries a second, p50`)],
  rows
    .filter(({ publishes }) => publishes)
    .map((who) => [
      who.name,
      ...fanouts.map((plan, at) => `${rate(of(who, requests.length + at, 'perSecond') * plan.subscribers)}, ${ms(of(who, requests.length + at, 'p50'))}`),
    ]),
)

const own = rows.find(({ name }) => name === 'shoal payloads')
const ratio = (key: keyof Figures, at: number, to: Messenger): number => {
  if (!own || !running.has(to)) return Number.NaN
  const value = (who: Messenger): number => (key === 'p10' || key === 'cpu' ? best(who, at, key) : of(who, at, key))
  return value(own) / value(to)
}
/** A row of ratios, by size; whether the target is met is told of each that has one. */
const compared = (name: string, key: keyof Figures, to: Messenger, limit?: { readonly most?: number; readonly least?: number }): string[] => {
  const told = (value: number): string => {
    if (Number.isNaN(value)) return `no ${to.name} here`
    return limit ? `${value.toFixed(2)} ${verdict(value <= (limit.most ?? value) && value >= (limit.least ?? value))}` : value.toFixed(2)
  }
  const target = limit?.most !== undefined ? `≤ ${limit.most}` : limit?.least !== undefined ? `≥ ${limit.least}` : ''
  return [name, ...sizes.map((_, at) => told(ratio(key, at * 2 + (key === 'p10' || key === 'p50' ? 0 : 1), to))), target]
}
const ratios = table(
  ['ours / theirs', ...sizes.map(words), 'target'],
  [
    compared('RTT p50 / bare link', 'p50', link, { most: 1.5 }),
    compared('RTT p10 / bare link', 'p10', link),
    compared('CPU a call / bare link', 'cpu', link),
    compared('rate / deepstream', 'perSecond', deepstream, { least: 2 }),
    compared('CPU a call / deepstream', 'cpu', deepstream),
    compared('rate / nats', 'perSecond', nats, { least: 0.33 }),
    compared('CPU a call / nats', 'cpu', nats),
  ],
)
const missing = chosen.filter((messenger) => !running.has(messenger)).map(({ name }) => name)
const text = [
  `${machineText()} Two processes, each on a core of its own; servers between them share the core of the answering one. ${rounds} rounds in turn; medians, but p10 and CPU of the best round, which other load disturbs least. CPU is of all processes that take part.${missing.length > 0 ? ` Not to be had here: ${missing.join(', ')}.` : ''}`,
  `The machine as a whole used ${median(noise).toFixed(2)} cores meanwhile.`,
  roundTrips,
  publishing,
  ratios,
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run'] && values.only === '') writeSection('payload', 'Messages', text)
