/**
 * One reader of each protocol, all of one stream: what passes from a frame's stamp until the reader has the whole frame. Usage:
 * latency-readers.ts HTTP RTMP RTSP PATH FRAMES. Prints JSON: ms of each frame, by protocol.
 */

import '../src/polyfill.js'
import { viewers } from '../test/integration/viewers.js'
import { WhepViewer } from '../test/integration/whep-viewer.js'
import { until } from './process.js'
import { findStamp, now } from './stamp.js'

const [http, rtmp, rtsp, path = '', frames] = process.argv.slice(2)
const ports = { http: Number(http), rtmp: Number(rtmp), rtsp: Number(rtsp) }
const seen = new Map<string, number[]>()
let measuring = false

const listen = (protocol: string) => {
  const all: number[] = []
  seen.set(protocol, all)
  let first = true
  return ({ data }: { readonly data: Uint8Array }): void => {
    const stamp = findStamp(Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 300)))
    if (!stamp) return
    if (measuring || first) all.push(Number(now() - stamp.time) / 1e6)
    first = false
  }
}
const open = [
  ...Object.entries(viewers).map(([protocol, view]) => view(ports, path, listen(protocol))),
  new WhepViewer(`http://127.0.0.1:${http}/${path}/whep`, listen('WHEP')),
]
const missing = (least: number): string[] => [...seen].filter(([, all]) => all.length < least).map(([protocol, all]) => `${protocol} ${all.length}`)
await until('a frame at each reader', async () => missing(1).length === 0, 20_000).catch((error: Error) => {
  throw new Error(`${error.message}: ${missing(1).join(', ')} ${open.flatMap(({ end }) => end ?? []).join(', ')}`)
})
measuring = true
for (const all of seen.values()) all.length = 0
await until('the frames', async () => missing(Number(frames)).length === 0, (Number(frames) / 25) * 1000 + 15_000).catch((error: Error) => {
  throw new Error(`${error.message}: ${missing(Number(frames)).join(', ')}`)
})
process.stdout.write(`${JSON.stringify(Object.fromEntries([...seen].map(([protocol, all]) => [protocol, all.slice(0, Number(frames))])))}\n`)
await Promise.all(open.map((viewer) => viewer.close()))
process.exit(0)
