/** A program: so many readers of one HTTP-FLV stream. Arguments: URL, readers, ms. It prints a line of JSON when all have joined and one at the end. */

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { stampMarker } from './synthetic-stream.js'

/** What it prints. Times in ms. */
export type ReadersReport =
  | { readonly event: 'joined' }
  | { readonly event: 'end'; readonly bytes: number; readonly latencyP50: number; readonly latencyP95: number; readonly firstFrame: number }

const marker = Buffer.from(stampMarker, 'latin1')
const digits = 16

let bytes = 0
let measuring = false
const latencies: number[] = []
const joins: number[] = []

function read(chunk: Buffer): void {
  if (!measuring) return
  bytes += chunk.length
  // a stamp that two chunks share is passed over
  for (let at = chunk.indexOf(marker); at >= 0; at = chunk.indexOf(marker, at + marker.length)) {
    const text = chunk.toString('latin1', at + marker.length, at + marker.length + digits)
    if (text.length === digits) latencies.push(Number(process.hrtime.bigint() - BigInt(`0x${text}`)) / 1e6)
  }
}

/** Resolves with the first frame. */
function join(url: URL): Promise<void> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname)
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
    const first = (chunk: Buffer): void => {
      if (!chunk.includes(marker)) return
      joins.push(performance.now() - began)
      socket.off('data', first)
      resolve()
    }
    socket.on('data', first).on('data', read).on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
  })
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? Number.NaN
}

const print = (report: ReadersReport): boolean => process.stdout.write(`${JSON.stringify(report)}\n`)

const [target = '', readers = '1', ms = '1000'] = process.argv.slice(2)
for (let count = 0; count < Number(readers); count++) await join(new URL(target))
measuring = true
print({ event: 'joined' })
await sleep(Number(ms))
measuring = false
print({ event: 'end', bytes, latencyP50: at(latencies, 0.5), latencyP95: at(latencies, 0.95), firstFrame: at(joins, 0.95) })
process.exit()
