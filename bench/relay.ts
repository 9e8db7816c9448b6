/**
 * What a hop costs: one stream published at a, pulled by b, and from there by c, with a viewer at b and one at c at the same time.
 * Then CPU for each Gbit on ten such chains, with seals and without. Exit code 1 when the hop adds more than 20 ms at p99, or a
 * viewer had a gap. See README.md.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeClip } from './clip.js'
import { cpuSeconds } from './cpu.js'
import { type Started, startScript } from './process.js'
import type { ReadersEnd, ReadersLine } from './readers.js'
import { path } from './scenario.js'
import { machineText, table, verdict, writeSection } from './section.js'
import { ownBuild, ShoalNode } from './shoal-node.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
    chains: { type: 'string', default: '10' },
    build: { type: 'string', default: ownBuild },
    'dry-run': { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const chains = Number(values.chains)

/** ms that a hop may add at p99. */
const target = 20

/** ms for new pulls to settle. */
const settle = 3000

/** Three nodes in a row, with a stream at the first. */
interface Row {
  readonly a: ShoalNode
  readonly b: ShoalNode
  readonly c: ShoalNode
  stop(): Promise<void>
}

async function startRow(clip: string, seal: boolean): Promise<Row> {
  process.env['SHOAL_STREAMS__SEAL'] = String(seal)
  const [a, b, c] = await Promise.all([ShoalNode.start('a', values.build), ShoalNode.start('b', values.build), ShoalNode.start('c', values.build)])
  await b.join(a)
  await c.join(b)
  const publisher = startScript('load', 'publisher.ts', [clip, `${a.rtmp}/${path}`])
  await a.flows(path)
  const stop = async (): Promise<void> => {
    await publisher.stop()
    await Promise.all([a.stop(), b.stop(), c.stop()])
  }
  return { a, b, c, stop }
}

/** The stream under another name at b, and from there at c. */
async function chain({ b, c }: Row, name: string): Promise<void> {
  await b.command('pull', '--detach', `shoal://a/${path}`, name)
  await b.flows(name)
  await c.command('pull', '--detach', `shoal://b/${name}`, name)
  await c.flows(name)
}

async function endOf(readers: Started): Promise<ReadersEnd> {
  for await (const text of readers.lines()) {
    const line = JSON.parse(text) as ReadersLine
    if (line.event === 'end') return line
  }
  throw new Error(`the readers ended early: ${readers.output()}`)
}

/** Latency at a node that pulls the stream from its origin, and at one that pulls it from that one. */
async function latencies(clip: string, seal: boolean): Promise<{ direct: ReadersEnd; relayed: ReadersEnd }> {
  const row = await startRow(clip, seal)
  try {
    await chain(row, path)
    const urls = [`${row.b.http}/${path}.flv`, `${row.c.http}/${path}.flv`]
    const [direct, relayed] = await Promise.all(urls.map((url) => endOf(startScript('load', 'readers.ts', ['1', url, String(seconds)]))))
    return { direct: direct as ReadersEnd, relayed: relayed as ReadersEnd }
  } finally {
    await row.stop()
  }
}

/** CPU s for each Gbit that reached c. */
async function costs(clip: string, seal: boolean): Promise<{ a: number; b: number; c: number }> {
  const row = await startRow(clip, seal)
  const names = Array.from({ length: chains }, (_, i) => `chain/${i}`)
  const received = async (): Promise<number> => {
    const { streams } = await row.c.json<{ streams: { path: string; hops: number; bytesIn: number }[] }>('streams')
    return streams.filter((stream) => stream.hops === 2 && names.includes(stream.path)).reduce((sum, { bytesIn }) => sum + bytesIn, 0)
  }
  try {
    for (const name of names) await chain(row, name)
    await sleep(settle)
    const [before, cpu] = [await received(), [row.a, row.b, row.c].map(({ daemon }) => cpuSeconds(daemon.pid))]
    await sleep(seconds * 1000)
    const used = [row.a, row.b, row.c].map(({ daemon }, at) => cpuSeconds(daemon.pid) - (cpu[at] ?? 0))
    const gigabits = ((await received()) - before) / 1.25e8
    const [a = 0, b = 0, c = 0] = used.map((one) => one / gigabits)
    return { a, b, c }
  } finally {
    await row.stop()
  }
}

/** The row of one round, and whether it is as it should be. */
async function round(clip: string, seal: boolean): Promise<{ cells: string[]; good: boolean }> {
  const { direct, relayed } = await latencies(clip, seal)
  const added = [relayed.p50 - direct.p50, relayed.p99 - direct.p99]
  const ratio = [relayed.p50 / direct.p50, relayed.p99 / direct.p99].map((times) => times.toFixed(2))
  const gaps = direct.gaps + relayed.gaps
  const times = [direct.p50, direct.p99, relayed.p50, relayed.p99, ...added].map((ms) => ms.toFixed(1))
  const good = relayed.p99 - direct.p99 <= target && gaps === 0
  return { cells: [seal ? 'sealed' : 'not sealed', ...times, ...ratio, String(gaps)], good }
}

const clip = makeClip()
const rows: { cells: string[]; good: boolean }[] = []
for (let count = 0; count < Number(values.rounds); count++) for (const seal of [true, false]) rows.push(await round(clip, seal))
const spent: string[][] = []
for (const seal of [true, false]) {
  const { a, b, c } = await costs(clip, seal)
  spent.push([seal ? 'sealed' : 'not sealed', ...[a, b, c].map((cost) => cost.toFixed(2))])
}

const text = `${machineText()}

Method: one stream of 4 Mbit/s from node a to b and from there to c, ${seconds} s, with a viewer by HTTP-FLV at b and one at c: what c adds is the hop. Then the CPU of each
node on ${chains} such chains.

${table(
  ['', 'direct p50, ms', 'p99', 'relayed p50', 'p99', 'added p50', 'p99', 'ratio p50', 'p99', 'gaps'],
  rows.map(({ cells }) => cells),
)}

A hop adds at most ${target} ms at p99, without gaps: ${verdict(rows.every(({ good }) => good))}.

${table(['CPU s for each Gbit at c', 'origin a', 'relay b', 'reader c'], spent)}`
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('relay', 'A relay', text)
if (!rows.every(({ good }) => good)) process.exitCode = 1
