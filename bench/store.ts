/**
 * The keystore and a plugin's store: operations a second, and how long the loop of events is held up meanwhile. A file that is
 * written and synced for each operation is the floor. Counts calls of `node:fs` that block: there must be none. See README.md.
 */

import fs, { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { median } from './cpu.js'
import { ownModule } from './own-module.js'
import { machineText, table, verdict, writeSection } from './section.js'

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } } })
const rounds = values.short ? 1 : 5
const ms = values.short ? 500 : 2000

/** One run. Delays of the loop in ms, beyond its 1 ms timer. */
interface Figures {
  readonly perSecond: number
  readonly delayP50: number
  readonly delayP99: number
  readonly delayMax: number
  readonly blocking: number
}

let blocking = 0
/** Counts every call of `node:fs` that blocks, from now on. */
function countBlocking(): void {
  const names = Object.keys(fs).filter((name) => name.endsWith('Sync'))
  for (const name of names) {
    const original: unknown = Reflect.get(fs, name)
    if (typeof original !== 'function') continue
    const counted = function (this: unknown, ...args: unknown[]): unknown {
      blocking++
      return Reflect.apply(original, this, args)
    }
    Reflect.set(fs, name, Object.assign(counted, original))
  }
  syncBuiltinESMExports()
}

async function measure(window: number, act: (count: number) => Promise<unknown>): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let count = 0
  const before = blocking
  delay.enable()
  const began = performance.now()
  const work = async (): Promise<void> => {
    while (performance.now() - began < ms) await act(count++)
  }
  await Promise.all(Array.from({ length: window }, work))
  const seconds = (performance.now() - began) / 1000
  delay.disable()
  const at = (value: number): number => Math.max(0, value / 1e6 - 1)
  return {
    perSecond: count / seconds,
    delayP50: at(delay.percentile(50)),
    delayP99: at(delay.percentile(99)),
    delayMax: at(delay.max),
    blocking: blocking - before,
  }
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-store-'))
const quiet = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const { openStore } = (await ownModule('src/daemon/keystore/store.ts')) as typeof import('../src/daemon/keystore/store.js')
const store = await openStore(join(folder, 'keystore'), { create: true, log: quiet })
const file = await open(join(folder, 'floor'), 'w')
const keystore = store.open('bench')
const plugin = store.open('plugin/bench')
const [small, large] = [new Uint8Array(200).fill(1), new Uint8Array(16 * 1024).fill(1)]
for (let at = 0; at < 1000; at++) await plugin.set(`row/${at}`, small)
countBlocking()

async function writeSynced(count: number): Promise<void> {
  await file.write(small, 0, small.length, (count % 1000) * 200)
  await file.datasync()
}

const subjects: readonly (readonly [name: string, window: number, act: (count: number) => Promise<unknown>])[] = [
  ['nothing', 1, () => new Promise((resolve) => setImmediate(resolve))],
  ['write and fsync a file, 200 B', 1, (count) => writeSynced(count)],
  ['keystore set, 200 B, one after another', 1, (count) => keystore.set(`peer/${count % 100}`, small)],
  ['plugin store set, 200 B, one after another', 1, (count) => plugin.set(`row/${count % 1000}`, small)],
  ['plugin store set, 200 B, 64 at once', 64, (count) => plugin.set(`row/${count % 1000}`, small)],
  ['plugin store set, 16 KiB, 16 at once', 16, (count) => plugin.set(`large/${count % 100}`, large)],
  ['plugin store get, 200 B, one after another', 1, (count) => plugin.get(`row/${count % 1000}`)],
]
const results = new Map<string, Figures[]>()
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`store: round ${round} of ${rounds}\n`)
  for (const [name, window, act] of subjects) results.set(name, [...(results.get(name) ?? []), await measure(window, act)])
}
await file.close()
await store.close()
rmSync(folder, { recursive: true, force: true })

const of = (name: string, key: keyof Figures): number => median((results.get(name) ?? []).map((one) => one[key]))
const delays = (name: string): string => (['delayP50', 'delayP99', 'delayMax'] as const).map((key) => of(name, key).toFixed(1)).join(' / ')
const rows = subjects.map(([name]) => {
  const calls = of(name, 'blocking')
  return [name, of(name, 'perSecond').toFixed(0), delays(name), calls.toFixed(0), verdict(calls === 0)]
})
const text = [
  `${machineText()} ${rounds} rounds in turn, medians. A set is durable when it resolves. The delay of an idle loop on this machine is in the first row.`,
  table(['', 'a second', 'delay of the loop p50 / p99 / most, ms', 'blocking calls of node:fs', 'target: none'], rows),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('store', 'Store', text)
process.exitCode = rows.some((row) => row[3] !== '0') ? 1 : 0
