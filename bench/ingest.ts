/** What a published RTMP stream costs a server that nobody watches, beside node-media-server in the same rounds. See README.md. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeClip } from './clip.js'
import { cpuSeconds, median, rssMegabytes } from './cpu.js'
import { installNms, NmsServer, nmsVersion } from './nms.js'
import { type Started, startScript } from './process.js'
import { machineText, table, writeSection } from './section.js'
import { ownBuild, ShoalNode } from './shoal-node.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    publishers: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = Number(values.seconds ?? (values.short ? 3 : 10))
const counts = (values.publishers ?? (values.short ? '1,20' : '1,50,200')).split(',').map(Number)
const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]

/** ms for all publishers to be in their stride. */
const settle = 2000

/** One run. CPU s for each Gbit and share of a core for each stream, both beside what the server uses idle; memory in MB. */
interface Figures {
  readonly perGigabit: number
  readonly perStream: number
  readonly rss: number
  /** Share of the bit rate that came through: below 1, the machine was too busy. */
  readonly kept: number
}

interface Server {
  readonly process: Started
  readonly rtmp: string
  stop(): Promise<void>
}

/** What is measured. */
interface Subject {
  readonly name: string
  start(): Promise<Server>
}

const shoal: Subject = {
  name: 'shoal',
  async start() {
    const node = await ShoalNode.start('ingest', ownBuild, flags)
    return { process: node.daemon, rtmp: node.rtmp, stop: () => node.stop() }
  },
}
const nms: Subject = { name: `node-media-server ${nmsVersion}`, start: () => NmsServer.start() }

/** Bytes handed over so far, by what the publishers printed last. */
function sent(publishers: Started): { readonly bytes: number; readonly at: number } {
  const line = publishers
    .output()
    .split('\n')
    .findLast((text) => text.endsWith('}'))
  return JSON.parse(line ?? '{"bytes":0,"at":0}') as { bytes: number; at: number }
}

async function measure(subject: Subject, clip: string, count: number): Promise<Figures> {
  const server = await subject.start()
  const publishers = startScript('load', 'publishers.ts', [clip, server.rtmp, String(count)])
  try {
    await sleep(settle + count * 20)
    const [before, cpu] = [sent(publishers), cpuSeconds(server.process.pid)]
    await sleep(seconds * 1000)
    const [after, used] = [sent(publishers), cpuSeconds(server.process.pid) - cpu]
    const gigabits = ((after.bytes - before.bytes) * 8) / 1e9
    const span = (after.at - before.at) / 1000
    return {
      perGigabit: used / gigabits,
      perStream: used / seconds / count,
      rss: rssMegabytes(server.process.pid),
      kept: gigabits / ((4.1e6 * count * span) / 1e9),
    }
  } finally {
    await publishers.stop()
    await server.stop()
  }
}

installNms()
const clip = makeClip()
const results = new Map<string, Figures[]>()
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`ingest: round ${round} of ${rounds}\n`)
  for (const count of counts) {
    for (const subject of [shoal, nms]) {
      const key = `${subject.name} ${count}`
      results.set(key, [...(results.get(key) ?? []), await measure(subject, clip, count)])
    }
  }
}

const of = (subject: Subject, count: number, key: keyof Figures): number => median((results.get(`${subject.name} ${count}`) ?? []).map((one) => one[key]))
const rows = counts.flatMap((count) =>
  [shoal, nms].map((subject) => [
    String(count),
    subject.name,
    of(subject, count, 'perGigabit').toFixed(3),
    `${(of(subject, count, 'perStream') * 100).toFixed(2)} %`,
    of(subject, count, 'rss').toFixed(0),
    of(subject, count, 'kept').toFixed(2),
  ]),
)
const ratios = counts.map((count) => (of(shoal, count, 'perGigabit') / of(nms, count, 'perGigabit')).toFixed(2))
const text = [
  `${machineText()} ${rounds} rounds in turn of ${seconds} s, medians; nobody watches. CPU is the server's by the kernel's accounts.`,
  table(['publishers', 'server', 'CPU s/Gbit', 'of a core, each stream', 'RSS, MB', 'of 4.1 Mbit/s each kept'], rows),
  table(['ours / theirs, CPU', ...counts.map(String), 'target'], [['', ...ratios, '≤ 0.5']]),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('ingest', 'Ingest', text)
