/** Tables of the results: for the terminal and for `results.md`. */

import { availableParallelism } from 'node:os'
import { clipText } from './clip.js'
import { median, quantile } from './cpu.js'
import type { LinkCost } from './link-cost.js'
import { nmsVersion } from './nms.js'
import { placement } from './process.js'
import type { RunResult } from './run.js'

/** Everything that was measured. */
export interface Measured {
  readonly options: { readonly readers: number; readonly seconds: number; readonly stopped: number; readonly rounds: number; readonly peer: string }
  readonly runs: readonly RunResult[]
  readonly link: LinkCost | undefined
  /** ms. */
  readonly cold: readonly number[]
}

/** Medians of the runs of one scenario. */
interface Row {
  readonly name: string
  readonly hops: 1 | 2
  readonly runs: readonly RunResult[]
  of(key: 'cpu' | 'cpuOrigin' | 'p50' | 'p95' | 'p99' | 'joinP50' | 'joinP95' | 'rssStart' | 'rssEnd' | 'noise'): number
}

function rowsOf(runs: readonly RunResult[]): Row[] {
  return [...new Set(runs.map((run) => run.scenario))].map((name) => {
    const own = runs.filter((run) => run.scenario === name)
    return { name, hops: own[0]?.hops ?? 1, runs: own, of: (key) => median(own.flatMap((run) => run[key] ?? [])) }
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function figures(rows: readonly Row[]): string {
  const head = ['scenario', 'CPU s/Gbit', 'each run', 'origin CPU s/Gbit', 'latency p50 / p95 / p99 ms', 'join p50 / p95 ms', 'RSS start / end MB', 'gaps']
  return table(
    head,
    rows.map((row) => [
      row.name,
      row.of('cpu').toFixed(3),
      row.runs.map((run) => run.cpu.toFixed(2)).join(', '),
      row.hops === 2 ? row.of('cpuOrigin').toFixed(3) : '',
      `${row.of('p50').toFixed(2)} / ${row.of('p95').toFixed(2)} / ${row.of('p99').toFixed(2)}`,
      `${row.of('joinP50').toFixed(1)} / ${row.of('joinP95').toFixed(1)}`,
      `${row.of('rssStart').toFixed(0)} / ${row.of('rssEnd').toFixed(0)}`,
      String(row.runs.reduce((sum, run) => sum + run.gaps, 0)),
    ]),
  )
}

/** Ours over the peer's with as many hops: below 1 is less. */
function ratios(rows: readonly Row[]): string | undefined {
  const pairs = rows
    .filter((row) => !row.name.startsWith('nms'))
    .flatMap((row) => rows.filter((peer) => peer.name.startsWith('nms') && peer.hops === row.hops).map((peer) => [row, peer] as const))
  if (pairs.length === 0) return undefined
  return table(
    ['ours / the peer’s', 'CPU', 'latency p50', 'latency p95', 'RSS end'],
    pairs.map(([row, peer]) => [
      `${row.name} / ${peer.name}`,
      ...(['cpu', 'p50', 'p95', 'rssEnd'] as const).map((key) => (row.of(key) / peer.of(key)).toFixed(2)),
    ]),
  )
}

/** What the stopped viewer met, and how often the stream was fetched. */
function facts(rows: readonly Row[]): string {
  const own = rows.filter((row) => row.runs.some((run) => run.facts))
  return table(
    ['scenario', 'pulls at the origin', 'stopped viewer cut after s', 'frames skipped for it before', 'good viewers closed'],
    own.map((row) => [
      row.name,
      row.hops === 2 ? row.runs.map((run) => String(run.facts?.pulls ?? '?')).join(', ') : '',
      row.runs.map((run) => run.cutAfter?.toFixed(1) ?? 'not in the run').join(', '),
      row.runs.map((run) => String(run.facts?.dropped ?? '?')).join(', '),
      String(row.runs.reduce((sum, run) => sum + run.ended, 0)),
    ]),
  )
}

/** The results as Markdown, without a heading. */
export function report({ options, runs, link, cold }: Measured): string {
  const rows = rowsOf(runs)
  const noise = median(runs.map((run) => run.noise))
  const { readers, seconds, stopped, rounds } = options
  const peer = options.peer === 'none' ? 'no peer' : `node-media-server ${nmsVersion} in the same rounds`
  const parts = [
    `Machine: ${availableParallelism()} cores, Node ${process.version}. ${new Date().toISOString().slice(0, 10)}.`,
    [
      `Method: one RTMP publisher (${clipText}), each video frame stamped with the monotonic clock; ${readers} HTTP-FLV viewers and ${stopped} stopped by SIGSTOP, ${seconds} s.`,
      `${rounds} rounds of all scenarios in turn, medians; ${peer}; ${placement}; CPU and RSS are the kernel's for the server with the viewers.`,
      `Meanwhile everything else on the machine, the publisher with it, used ${noise.toFixed(2)} CPU s a second (median): compare figures of one table only.`,
    ].join('\n'),
    figures(rows),
    ratios(rows),
    facts(rows),
    link &&
      `The link alone (Noise and yamux, ${link.gigabits.toFixed(2)} Gbit over it, beside what the nodes cost idle): sending ${link.sending.toFixed(3)}, receiving ${link.receiving.toFixed(3)} CPU s/Gbit.`,
    cold.length > 0 &&
      `Cold pull over an established link, a viewer's request to its first frame, ${cold.length} tries: p50 ${median(cold).toFixed(1)} ms, p95 ${quantile(cold, 0.95).toFixed(1)} ms.`,
  ]
  return `${parts.filter((part) => typeof part === 'string').join('\n\n')}\n`
}

/** What must not be, in words; nothing when all is well. */
export function faults({ runs }: Measured): string[] {
  // what a peer does is shown, not judged
  const own = runs.filter((run) => run.facts !== undefined)
  return own.flatMap((run) => [
    ...(run.gaps > 0 ? [`${run.scenario}: ${run.gaps} gaps`] : []),
    ...(run.ended > 0 ? [`${run.scenario}: ${run.ended} good viewers were closed`] : []),
    ...(run.facts?.pulls !== undefined && run.facts.pulls !== 1 ? [`${run.scenario}: ${run.facts.pulls} pulls at the origin`] : []),
  ])
}
