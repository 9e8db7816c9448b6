/** One end of bench/link.ts, in a process of its own: takes commands from its parent. */

import '../src/polyfill.js'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from './cpu.js'
import { type TransportName, transports, type Wire } from './link-transports.js'

/** A load: 64 KiB writes as fast as they go, fifty or one stream of 4 Mbit/s, round trips of 100 B. */
export type Load = 'bulk' | 'fifty' | 'one' | 'trips'

/** What the parent asks for. */
export type Command =
  | { readonly do: 'serve'; readonly transport: TransportName }
  | { readonly do: 'dial'; readonly transport: TransportName; readonly address: string }
  | { readonly do: 'load'; readonly load: Load; readonly seconds: number }
  | { readonly do: 'usage' }

/** What it gets back, one for each command. Latencies and trips in µs, since the last usage. */
export interface Answer {
  readonly address?: string
  readonly cpu?: number
  readonly received?: number
  readonly p50?: number
  readonly p95?: number
}

/** Frames of 4 Mbit/s at 30 a second. */
const frame = Math.round(4e6 / 8 / 30)
const pictures = 30

const kinds = { sink: 0, timed: 1, echo: 2 } as const

let received = 0
let latencies: number[] = []
let open: () => Promise<Wire> = () => Promise.reject(new Error('not dialled'))

const now = (): bigint => process.hrtime.bigint()

/** The first byte says what is wanted of a wire; each frame of a timed one begins with when it was sent. */
function accept(wire: Wire): void {
  let kind: number | undefined
  let at = 0
  const head = Buffer.alloc(8)
  const timed = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.byteLength; ) {
      const take = Math.min(at < 8 ? 8 - at : frame - at, bytes.byteLength - done)
      if (at < 8) head.set(bytes.subarray(done, done + take), at)
      done += take
      at += take
      if (at < frame) continue
      at = 0
      latencies.push(Number(now() - head.readBigUInt64BE()) / 1000)
    }
  }
  wire.onBytes((all) => {
    const bytes = kind === undefined ? all.subarray(1) : all
    kind ??= all[0]
    received += bytes.byteLength
    if (kind === kinds.timed) timed(bytes)
    else if (kind === kinds.echo && bytes.byteLength > 0) void wire.send(Uint8Array.from(bytes))
  })
}

const opened: Wire[] = []

/** Wires of one kind; those that warmed up are taken again, so that nobody pays for opening them while it is measured. */
async function wiresOf(kind: keyof typeof kinds, count: number): Promise<readonly Wire[]> {
  while (opened.length < count) {
    const wire = await open()
    await wire.send(Uint8Array.of(kinds[kind]))
    opened.push(wire)
  }
  return opened
}

async function bulk(until: number): Promise<void> {
  const [wire] = await wiresOf('sink', 1)
  const block = Buffer.alloc(64 * 1024, 7)
  // sends that do not wait must let the loop turn all the same
  for (let sent = 0; performance.now() < until; sent++) await (wire?.send(block) ?? (sent % 16 === 0 ? sleep(0) : undefined))
}

async function paced(count: number, until: number): Promise<void> {
  const wires = await wiresOf('timed', count)
  const began = performance.now()
  // sources do not fall together: a tenth of them at a time
  for (let turn = 0; performance.now() < until; turn++) {
    for (const [at, wire] of wires.entries()) {
      if (at % 10 !== turn % 10) continue
      const bytes = Buffer.alloc(frame, 7)
      bytes.writeBigUInt64BE(now())
      void wire.send(bytes)
    }
    await sleep(Math.max(0, began + ((turn + 1) * 1000) / (10 * pictures) - performance.now()))
  }
}

let back = 0
let arrived = (): void => {}

async function trips(until: number): Promise<void> {
  const warm = opened.length > 0
  const [wire] = await wiresOf('echo', 1)
  if (!warm) {
    wire?.onBytes(({ byteLength }) => {
      back += byteLength
      if (back >= 100) arrived()
    })
  }
  while (performance.now() < until) {
    const began = performance.now()
    const answered = new Promise<void>((resolve) => {
      arrived = resolve
    })
    back = 0
    void wire?.send(Buffer.alloc(100))
    await answered
    latencies.push((performance.now() - began) * 1000)
  }
}

async function run(command: Command): Promise<Answer> {
  if (command.do === 'serve') return { address: await transports[command.transport].serve(accept) }
  if (command.do === 'dial') open = await transports[command.transport].dial(command.address)
  if (command.do === 'load') {
    const until = performance.now() + command.seconds * 1000
    await { bulk, trips, one: (end: number) => paced(1, end), fifty: (end: number) => paced(50, end) }[command.load](until)
  }
  if (command.do !== 'usage') return {}
  const { user, system } = process.cpuUsage()
  const [p50, p95] = [quantile(latencies, 0.5), quantile(latencies, 0.95)]
  latencies = []
  return { cpu: (user + system) / 1e6, received, p50, p95 }
}

process.on('message', (command: Command) => {
  run(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
