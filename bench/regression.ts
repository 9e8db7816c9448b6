/**
 * Have messages or links become dearer than what lies beneath them? CPU of a fixed number of calls over that of a floor in the same
 * process: medians of pairs in turn, against `baseline.json`. A ratio that is more than a fifth over the stored one is measured anew,
 * and is a regression only when it stays so every time. Exit code 1 then, and when the file does not name the rows. See README.md.
 */

import '../src/polyfill.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { median } from './cpu.js'
import { type Call, overLink, overPayloads, overTcp } from './regression-calls.js'
import { table, verdict } from './section.js'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    store: { type: 'boolean', default: false },
    /** Share by which subjects are made slower, to prove that it is seen. */
    burden: { type: 'string', default: '0' },
    /** A file for the counts, in JSON. */
    report: { type: 'string' },
  },
})
const pairs = values.short ? 100 : 250
const burden = Number(values.burden)

/** What a ratio may grow by. */
const slack = 1.2

/** Measurements that must agree. */
const attempts = 4

const file = new URL('baseline.json', import.meta.url)
const stored: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, 'utf8'))

const [tcp, link, payload] = [await overTcp(), await overLink(), await overPayloads()]

/** So many calls, `window` at a time. */
interface Work {
  readonly call: Call
  readonly size: number
  readonly calls: number
  readonly window: number
}

const small = { size: 64, calls: 400, window: 32 }
const medium = { size: 1024, calls: 300, window: 32 }
const large = { size: 65_536, calls: 24, window: 8 }
const rows: Readonly<Record<string, readonly [subject: Work, floor: Work]>> = {
  'payload / link, 64 B': [
    { call: payload.call, ...small },
    { call: link.call, ...small },
  ],
  'payload / link, 1 KiB': [
    { call: payload.call, ...medium },
    { call: link.call, ...medium },
  ],
  'link / tcp, 64 B': [
    { call: link.call, ...small },
    { call: tcp.call, ...small },
  ],
  'link / tcp, 64 KiB': [
    { call: link.call, ...large },
    { call: tcp.call, ...large },
  ],
}

/** CPU µs; with `share` of them burnt on top. */
async function cost({ call, size, calls, window }: Work, share = 0): Promise<number> {
  const body = new Uint8Array(size)
  const before = process.cpuUsage()
  let left = calls
  const work = async (): Promise<void> => {
    while (left-- > 0) await call(body)
  }
  await Promise.all(Array.from({ length: window }, work))
  if (share > 0) burn(total(before) * share)
  return total(before)
}

function total(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function burn(micros: number): void {
  const began = process.cpuUsage()
  while (total(began) < micros);
}

/** The middle ratio of pairs. Who goes first changes, so that what one leaves behind falls on both. */
async function ratio(subject: Work, floor: Work): Promise<number> {
  const ratios: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0 ? await cost(subject, burden) : 0
    const beneath = await cost(floor)
    const above = first || (await cost(subject, burden))
    ratios.push(above / beneath)
  }
  return median(ratios)
}

/** Ratios until one is well, or all were not. */
async function judge(name: string, [subject, floor]: readonly [Work, Work]): Promise<number[]> {
  const limit = Number(stored[name] ?? Number.NaN) * slack
  const measured: number[] = []
  while (measured.length < attempts) {
    measured.push(await ratio(subject, floor))
    if (values.store ? measured.length === 3 : !((measured.at(-1) ?? 0) > limit)) break
  }
  return measured
}

const results = new Map<string, number[]>()
try {
  for (const [subject, floor] of Object.values(rows)) for (const work of [subject, floor]) for (let turn = 0; turn < 12; turn++) await cost(work)
  for (const [name, pair] of Object.entries(rows)) results.set(name, await judge(name, pair))
} finally {
  for (const way of [payload, link, tcp]) await way.close()
}

if (values.store)
  writeFileSync(file, `${JSON.stringify(Object.fromEntries([...results].map(([name, all]) => [name, Number(median(all).toFixed(2))])), null, 2)}\n`)
const strange = values.store ? [] : Object.keys(stored).filter((name) => !results.has(name))
const isWell = ([name, all]: readonly [string, readonly number[]]): boolean => values.store || (all.at(-1) ?? Number.NaN) <= Number(stored[name]) * slack
const lines = [...results].map((row) => [row[0], row[1].map((one) => one.toFixed(2)).join(', '), String(stored[row[0]] ?? 'not stored'), verdict(isWell(row))])
process.stdout.write(`${table(['CPU, median of pairs', 'now', 'stored', 'at most 1.2 times that'], lines)}\n`)
for (const name of strange) process.stdout.write(`baseline.json names “${name}”, which is not measured: run with --store\n`)
const failed = [...results].filter((row) => !isWell(row)).length + strange.length
if (values.report !== undefined) writeFileSync(values.report, JSON.stringify({ passed: results.size - (failed - strange.length), failed }))
process.exit(failed > 0 ? 1 : 0)
