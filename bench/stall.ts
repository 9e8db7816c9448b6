/** What slow viewers do to others and how late they are: ten good ones alone, then with twenty that stopped and twenty at half the bit rate. See README.md. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { clipText, makeClip } from './clip.js'
import { median, rssMegabytes } from './cpu.js'
import { type ReaderOptions, startReaders } from './native-readers.js'
import { placement, type Started, startScript } from './process.js'
import type { ReadersEnd, ReadersLine } from './readers.js'
import { path } from './scenario.js'
import { machineText, table, writeSection } from './section.js'
import { nginxKinds, nmsKind, peersText, type ServerKind, shoalKind, type ViewFormat, viewUrl } from './servers.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds ?? (values.short ? 10 : 50))
const rounds = Number(values.rounds)

/** Bytes a second of the clip, halved. */
const half = 256_000

/** ms for slow readers to become as late as they become. */
const settle = 5000

const subjects: readonly (readonly [ServerKind, ViewFormat])[] = [
  [shoalKind('shoal'), 'flv'],
  [shoalKind('shoal'), 'rtmp'],
  [nmsKind, 'flv'],
  ...nginxKinds.map((kind) => [kind, 'rtmp'] as const),
]
const chosen = subjects.filter(([{ name }]) => values.only === undefined || values.only.split(',').includes(name))

/** The native readers tell more. */
interface End extends ReadersEnd {
  /** Gaps that did not end at a key frame. */
  readonly wrongGaps: number
  /** ms. */
  readonly lagMax: number
}

/** One run. Latencies in ms, memory in MB. */
interface Run {
  readonly alone: End
  readonly beside: End
  readonly slow: End
  readonly growth: number
}

async function endOf(readers: Started): Promise<End> {
  for await (const text of readers.lines()) {
    const line = JSON.parse(text) as ReadersLine
    if (line.event === 'end') return line as End
  }
  throw new Error(`the readers ended early: ${readers.output()}`)
}

async function run(kind: ServerKind, format: ViewFormat, clip: string): Promise<Run> {
  const server = await kind.start()
  const publisher = startScript('load', 'publisher.ts', [clip, `${server.rtmp}/${path}`])
  const read = (options: Omit<ReaderOptions, 'url'>): Promise<End> => endOf(startReaders({ url: viewUrl(server, format), ...options }))
  try {
    await sleep(4000)
    const window = Math.min(10, seconds)
    const alone = await read({ count: 10, seconds: window, settle: 2000 })
    const before = rssMegabytes(server.process.pid)
    const bad = [read({ count: 20, seconds, settle, rate: half }), read({ count: 20, seconds, settle, rate: 0 })]
    const [beside, slow] = await Promise.all([read({ count: 10, seconds, settle }), ...bad])
    if (!slow) throw new Error('there were no slow readers')
    return { alone, beside, slow, growth: rssMegabytes(server.process.pid) - before }
  } finally {
    await publisher.stop()
    await server.stop()
  }
}

const clip = makeClip()
const results = new Map<string, Run[]>()
for (let round = 1; round <= rounds; round++) {
  for (const [kind, format] of chosen) {
    process.stderr.write(`stall: round ${round} of ${rounds}, ${kind.name} by ${format}\n`)
    const key = `${kind.name}, ${format}`
    results.set(key, [...(results.get(key) ?? []), await run(kind, format, clip)])
  }
}
const rows = [...results].map(([name, runs]) => {
  const of = (pick: (run: Run) => number): number => median(runs.map(pick))
  const sum = (pick: (run: Run) => number): string => String(runs.reduce((total, one) => total + pick(one), 0))
  return [
    name,
    `${of(({ alone }) => alone.p95).toFixed(2)} → ${of(({ beside }) => beside.p95).toFixed(2)}`,
    of(({ beside, alone }) => beside.p95 / alone.p95).toFixed(2),
    sum(({ beside }) => beside.gaps + beside.ended),
    of(({ growth }) => growth).toFixed(0),
    `${(of(({ slow }) => slow.p50) / 1000).toFixed(1)} / ${(of(({ slow }) => slow.lagMax) / 1000).toFixed(1)}`,
    sum(({ slow }) => slow.gaps),
    sum(({ slow }) => slow.wrongGaps),
  ]
})
const text = [
  `${machineText()} ${clipText}. ${rounds} rounds of ${seconds} s; ${peersText}; ${placement}. 10 good readers alone, then beside 20 that stopped and 20 at half the bit rate.`,
  table(
    [
      'server',
      'good p95, ms',
      'ratio (≤ 1.2)',
      'good: gaps, cut',
      'RSS grew, MB (< 10)',
      'slow: behind p50 / most, s (≤ 3)',
      'slow: gaps',
      'of them not to a key frame (0)',
    ],
    rows,
  ),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('stall', 'Stall', text)
const wrong = [...results].filter(([name, runs]) => name.startsWith('shoal') && runs.some(({ beside, slow }) => beside.gaps + slow.wrongGaps > 0))
for (const [name] of wrong) process.stderr.write(`wrong: gaps of ${name}\n`)
process.exitCode = wrong.length > 0 ? 1 : 0
