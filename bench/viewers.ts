/** One live stream to 10–1,000 viewers by HTTP-FLV and by RTMP: CPU, latency, first frame, memory, gaps, beside peers in the same rounds. See README.md. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { clipText, makeClip } from './clip.js'
import { cpuSeconds, median, rssMegabytes } from './cpu.js'
import { startReaders } from './native-readers.js'
import { placement, startScript } from './process.js'
import type { ReadersEnd, ReadersLine } from './readers.js'
import { path } from './scenario.js'
import { machineText, table, writeSection } from './section.js'
import { nginxKinds, nmsKind, peersText, type ServerKind, shoalKind, type ViewFormat, viewUrl } from './servers.js'

const { values } = parseArgs({
  options: {
    readers: { type: 'string' },
    format: { type: 'string', default: 'flv,rtmp' },
    seconds: { type: 'string' },
    settle: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    against: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const counts = (values.readers ?? (values.short ? '50,200' : '10,50,200,1000')).split(',').map(Number)
const formats = values.format.split(',') as ViewFormat[]
const seconds = Number(values.seconds ?? (values.short ? 5 : 8))
/** s between the last join and the window: V8 compiles what has become hot, which is a sixth of the CPU in the first seconds and nothing later. */
const settle = Number(values.settle ?? (values.short ? 4 : 8))
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]

const other = values.against === undefined ? [] : [shoalKind('shoal (other)', values.against)]
const all: readonly ServerKind[] = [
  shoalKind('shoal', undefined, { flags }),
  ...other,
  shoalKind('shoal batch 33', undefined, { batch: 33 }),
  nmsKind,
  ...nginxKinds,
]
const kinds = all.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))

/** One run. CPU in s for each Gbit delivered, memory in MB, times in ms. */
interface Run extends ReadersEnd {
  readonly cpu: number
  readonly rss: number
}

async function run(kind: ServerKind, format: ViewFormat, count: number, clip: string): Promise<Run> {
  const server = await kind.start()
  const publisher = startScript('load', 'publisher.ts', [clip, `${server.rtmp}/${path}`])
  try {
    await sleep(4000)
    const readers = startReaders({ count, url: viewUrl(server, format), seconds, settle: settle * 1000 })
    let before = 0
    for await (const text of readers.lines()) {
      const line = JSON.parse(text) as ReadersLine
      if (line.event === 'ready' && line.ready < count) throw new Error(`${kind.name}: only ${line.ready} of ${count} readers got a frame`)
      if (line.event === 'start') before = cpuSeconds(server.process.pid)
      if (line.event === 'end') return { ...line, cpu: (cpuSeconds(server.process.pid) - before) / line.gigabits, rss: rssMegabytes(server.process.pid) }
    }
    throw new Error(`${kind.name}: the readers ended early: ${readers.output()}`)
  } finally {
    await publisher.stop()
    await server.stop()
  }
}

/** What can fail fails once: a peer that cannot serve so many is shown as that. */
async function tried(...args: Parameters<typeof run>): Promise<Run | undefined> {
  try {
    return await run(...args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message.slice(0, 300) : String(error)}\n`)
    return undefined
  }
}

const clip = makeClip()
const results = new Map<string, Run[]>()
const keyOf = (format: ViewFormat, count: number, name: string): string => `${format} ${count} ${name}`
for (let round = 1; round <= rounds; round++) {
  for (const format of formats) {
    for (const count of counts) {
      process.stderr.write(`viewers: round ${round} of ${rounds}, ${count} by ${format}\n`)
      for (const kind of kinds.filter((one) => one.formats.includes(format))) {
        const one = await tried(kind, format, count, clip)
        const key = keyOf(format, count, kind.name)
        results.set(key, [...(results.get(key) ?? []), ...(one ? [one] : [])])
      }
    }
  }
}

/** The median of one figure; NaN where there was no run. */
function of(format: ViewFormat, count: number, name: string, key: 'cpu' | 'rss' | 'p50' | 'p95' | 'joinP50' | 'joinP95'): number {
  return median((results.get(keyOf(format, count, name)) ?? []).map((one) => one[key]))
}

const places = formats.flatMap((format) => counts.map((count) => ({ format, count })))
const rows = places.flatMap(({ format, count }) =>
  kinds
    .filter((kind) => kind.formats.includes(format))
    .map(({ name }) => {
      const figure = (key: Parameters<typeof of>[3], digits: number): string => of(format, count, name, key).toFixed(digits)
      const gaps = (results.get(keyOf(format, count, name)) ?? []).reduce((sum, one) => sum + one.gaps, 0)
      const latency = `${figure('p50', 2)} / ${figure('p95', 2)}`
      return [format, String(count), name, figure('cpu', 3), latency, `${figure('joinP50', 1)} / ${figure('joinP95', 1)}`, figure('rss', 0), String(gaps)]
    }),
)
const ratio = ({ format, count }: (typeof places)[number], ours: string, theirs: string, key: 'cpu' | 'p95'): string => {
  const value = of(format, count, ours, key) / of(format, count, theirs, key)
  return Number.isNaN(value) ? '' : value.toFixed(2)
}
const ratios = places.map((place) => [
  place.format,
  String(place.count),
  ratio(place, 'shoal', 'nms', 'cpu'),
  ratio(place, 'shoal', 'nginx-rtmp', 'cpu'),
  ratio(place, 'shoal', 'nginx-rtmp', 'p95'),
  ratio(place, 'shoal batch 33', 'nginx-rtmp', 'cpu'),
  ...(values.against === undefined ? [] : [ratio(place, 'shoal', 'shoal (other)', 'cpu')]),
])
const text = [
  `${machineText()} ${clipText}. ${rounds} rounds in turn of ${seconds} s, ${settle} s after the last viewer came, medians; ${peersText}; ${placement}. CPU and RSS are the server's by the kernel's accounts.`,
  table(['format', 'readers', 'server', 'CPU s/Gbit', 'latency p50 / p95 ms', 'first frame p50 / p95 ms', 'RSS, MB', 'gaps'], rows),
  table(
    [
      'ours / theirs',
      'readers',
      'CPU / nms',
      'CPU / nginx (≤ 1.0 at 200)',
      'p95 / nginx (≤ 1)',
      'batch 33, CPU / nginx (≤ 0.5)',
      ...(values.against === undefined ? [] : ['CPU / other build']),
    ],
    ratios,
  ),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('viewers', 'Viewers', text)
const ownGaps = [...results].filter(([key]) => key.includes(' shoal')).flatMap(([key, runs]) => runs.filter(({ gaps }) => gaps > 0).map(() => key))
for (const key of ownGaps) process.stderr.write(`wrong: gaps for ${key} readers\n`)
process.exitCode = ownGaps.length > 0 ? 1 : 0
