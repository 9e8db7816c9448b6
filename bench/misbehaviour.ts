/** What plugins that misbehave cost others: latency of a stream beside them, in windows with and without them, in turn. */

import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BadDaemon } from '../test/misbehaviour/bad-daemon.js'
import { allBadPlugins, type BadPlugin, typicalBadPlugins } from '../test/misbehaviour/bad-plugins.js'
import { quantile } from '../test/misbehaviour/latency.js'
import { type LoopStall, readStalls, stallsFlags } from '../test/misbehaviour/loop-stalls.js'
import { machineText, table, verdict, writeSection } from './section.js'

const { values } = parseArgs({
  options: {
    plugins: { type: 'string', default: '20' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    /** s between the switch and the window that is judged: programs that only die have been given up by then. */
    settle: { type: 'string' },
    /** Flags of Node for the daemon, with spaces between. */
    flags: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const flags = values.flags.split(' ').filter((flag) => flag !== '')
const badPlugins = chosenPlugins(values.plugins)
const [ms, settle] = [Number(values.seconds ?? (values.short ? 3 : 8)) * 1000, Number(values.settle ?? (values.short ? 8 : 20)) * 1000]

/** How many times of a quiet daemon's the 99th percentile may be. */
const target = 1.2

/** A window: ms that each frame took, and the long turns of the daemon's loop in it. */
interface Window {
  readonly samples: readonly number[]
  readonly from: number
  readonly to: number
}

/** `20`: so many of the typical ones; `all`; or names with commas between. */
function chosenPlugins(text: string): readonly BadPlugin[] {
  if (text === 'all') return allBadPlugins
  const names = text.split(',')
  return /^\d+$/.test(text) ? typicalBadPlugins.slice(0, Number(text)) : allBadPlugins.filter(({ name }) => names.includes(name))
}

const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)
const p99 = ({ samples }: Window): number => quantile(samples, 0.99)
const shown = (samples: readonly number[]): string =>
  `p50 ${median(samples).toFixed(2)} p99 ${quantile(samples, 0.99).toFixed(2)} max ${Math.max(...samples).toFixed(1)} ms`
const write = (line: string): void => void process.stdout.write(`${line}\n`)

async function measure(daemon: BadDaemon, pause: number): Promise<Window> {
  await daemon.probe.window(pause)
  const from = Date.now()
  return { samples: await daemon.probe.window(ms), from, to: Date.now() }
}

function stallsWithin(windows: readonly Window[], stalls: readonly LoopStall[]): LoopStall[] {
  return stalls.filter(({ at }) => windows.some(({ from, to }) => at >= from && at <= to)).sort((a, b) => b.stall - a.stall)
}

function showStalls(name: string, windows: readonly Window[], stalls: readonly LoopStall[]): void {
  const inside = stallsWithin(windows, stalls)
  const sum = (of: 'stall' | 'wait' | 'gc' | 'spawn'): string => inside.reduce((all, stall) => all + stall[of], 0).toFixed(0)
  write(`${name}: ${inside.length} turns over 8 ms, ${sum('stall')} ms; of it wait for a processor ${sum('wait')}, gc ${sum('gc')}, spawn ${sum('spawn')} ms`)
  for (const { stall, wait, gc, spawn } of inside.slice(0, 5))
    write(`    ${stall.toFixed(0)} ms: wait ${wait.toFixed(0)}, gc ${gc.toFixed(0)}, spawn ${spawn.toFixed(0)}`)
}

/** The section of results.md. */
function section(quiet: readonly Window[], first: readonly Window[], bad: readonly Window[], stalls: readonly LoopStall[]): string {
  const ratio = median(bad.map(p99)) / median(quiet.map(p99))
  const row = (name: string, windows: readonly Window[]): string[] => {
    const all = windows.flatMap(({ samples }) => samples)
    const each = windows.map((window) => p99(window).toFixed(2)).join(', ')
    const [p50, most, long] = [median(all).toFixed(2), Math.max(...all).toFixed(1), String(stallsWithin(windows, stalls).length)]
    return [name, p50, median(windows.map(p99)).toFixed(2), each, most, long]
  }
  return [
    `${machineText()} ${badPlugins.length} plugins that misbehave all the time, called five times a second each, are switched off and on in turn: ${rounds} rounds of windows of ${ms / 1000} s.`,
    'A frame every 10 ms goes by TCP from a publisher through the daemon to a reader. Both are one process on the same processors, so that its own waits are in the figures.',
    table(
      ['', 'p50 ms', 'p99 ms, median of windows', 'each window', 'most ms', 'turns of the loop over 8 ms'],
      [
        row('without them', quiet),
        row(`beside ${badPlugins.length}, from the switch on: programs start, die and start again`, first),
        row(`beside ${badPlugins.length}, ${settle / 1000} s after it: what only dies was given up`, bad),
      ],
    ),
    `p99 ${settle / 1000} s after the switch, beside them over p99 without: ${ratio.toFixed(2)}, target ≤ ${target}: ${verdict(ratio <= target)}.`,
  ].join('\n\n')
}

const file = join(tmpdir(), `shoal-stalls-${process.pid}`)
const daemon = await BadDaemon.start(badPlugins, [...flags, ...stallsFlags(file)])
const quiet: Window[] = []
const first: Window[] = []
const bad: Window[] = []
try {
  // the first seconds of a daemon are of no interest
  await daemon.probe.window(5000)
  for (let round = 1; round <= rounds; round++) {
    // at least as long as programs take to end
    quiet.push(await measure(daemon, 5000))
    await daemon.enableAll()
    const switched = performance.now()
    first.push(await measure(daemon, 0))
    bad.push(await measure(daemon, Math.max(0, settle - (performance.now() - switched))))
    const [before, storm, during] = [quiet, first, bad].map((windows) => shown(windows.at(-1)?.samples ?? []))
    write(`round ${round}: quiet ${before}; ${badPlugins.length} bad plugins at once ${storm}; later ${during}`)
    if (round < rounds) await daemon.disableAll()
  }
  const [calm, busy] = [quiet, bad].map((windows) => windows.map(p99)) as [number[], number[]]
  const spread = `quiet windows from ${Math.min(...calm).toFixed(2)} to ${Math.max(...calm).toFixed(2)} ms, bad ones from ${Math.min(...busy).toFixed(2)} to ${Math.max(...busy).toFixed(2)} ms`
  write(
    `p99, median of ${rounds} windows: ${median(calm).toFixed(2)} ms quiet, ${median(busy).toFixed(2)} ms bad: ${(median(busy) / median(calm)).toFixed(2)} times`,
  )
  write(`spread of p99: ${spread}`)
  const all = (windows: readonly Window[]): string => shown(windows.flatMap(({ samples }) => samples))
  write(`all windows together: quiet ${all(quiet)}; bad ${all(bad)}; frames missing ${daemon.probe.missing}`)
  const stalls = readStalls(file)
  showStalls('quiet windows', quiet, stalls)
  showStalls('windows from the switch on', first, stalls)
  showStalls('bad windows', bad, stalls)
  if (!values['dry-run']) writeSection('misbehaviour', 'Plugins that misbehave', section(quiet, first, bad, stalls))
  for (const [name, reason] of await daemon.reasons()) if (badPlugins.some((plugin) => plugin.name === name)) write(`${name.padEnd(18)} ${reason}`)
} finally {
  const { code, ms: took } = await daemon.stop()
  write(`stopped in ${(took / 1000).toFixed(1)} s, exit code ${code}, programs left: ${daemon.programs().length}`)
  rmSync(file, { force: true })
}
