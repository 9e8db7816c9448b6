/**
 * Latency of every way out: one node, one stream whose pictures are stamped when they are handed to the hub, and one reader of each
 * protocol, all of the same pictures. The floor is a subscription at the hub. See README.md.
 */

import '../src/polyfill.js'
import { parseArgs } from 'node:util'
import { Nodes } from '../test/integration/nodes.js'
import { portsOf } from '../test/integration/viewers.js'
import { audio, picture, video } from '../test/unit/viewing/media.js'
import { median, quantile } from './cpu.js'
import { startScript } from './process.js'
import { machineText, table, verdict, writeSection } from './section.js'
import { findStamp, now, stampNal } from './stamp.js'

const { values } = parseArgs({
  options: { frames: { type: 'string' }, short: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
})
const frames = Number(values.frames ?? (values.short ? 500 : 1000))

/** ms of a picture at 25 a second; bytes of one at 4 Mbit/s. */
const frameTime = 40
const size = 20_000

/** Frame times behind the hub at p95, and ms for what waits for parts and segments. */
const target = 1.5
const targetLowLatency = 1500

const path = 'bench/latency'
const nodes = new Nodes()
const node = await nodes.start('latency')
const publication = node.probe.ctx.streams.publish(path, [video, audio])
const hub: number[] = []

/** Reads at the hub, as a plugin does. */
async function readHub(): Promise<void> {
  const subscription = await node.probe.ctx.streams.subscribe(path)
  await subscription.deliver((batch) => {
    for (const { data } of batch) {
      const stamp = findStamp(Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 300)))
      if (stamp) hub.push(Number(now() - stamp.time) / 1e6)
    }
  })
}

/** Publishes what is due, pictures and sounds. */
function publish(): NodeJS.Timeout {
  const began = performance.now()
  let [pictures, sounds] = [0, 0]
  return setInterval(() => {
    const passed = performance.now() - began
    while ((sounds * 1024) / 44.1 <= passed) {
      publication.write({ track: 2, timestamp: Math.round((sounds++ * 1024e3) / 44.1), key: true, data: new Uint8Array(200).fill(0x21) })
    }
    while (pictures * frameTime <= passed) {
      const { data, ...rest } = picture(pictures, size)
      publication.write({ ...rest, data: Buffer.concat([stampNal(pictures++), data]) })
    }
  }, 2)
}

const timer = publish()
const reading = readHub()
const ports = await portsOf(node)
const readers = startScript('load', 'latency-readers.ts', [ports.http, ports.rtmp, ports.rtsp, path, frames].map(String))
let measured: Record<string, number[]> | undefined
for await (const line of readers.lines()) if (line.startsWith('{')) measured = JSON.parse(line) as Record<string, number[]>
if (!measured) throw new Error(readers.output())
clearInterval(timer)
publication.close()
await reading
await nodes.dispose()

const floor = hub.slice(-frames)
const rowOf = (name: string, all: readonly number[]): string[] => {
  const [p50, p95] = [median(all), quantile(all, 0.95)]
  const behind = (p95 - quantile(floor, 0.95)) / frameTime
  const judged =
    name === 'the hub' || name === 'HLS TS'
      ? ['', '']
      : name === 'LL-HLS'
        ? [`p95 < ${targetLowLatency} ms`, verdict(p95 < targetLowLatency)]
        : [`≤ ${target}`, verdict(behind <= target)]
  return [name, p50.toFixed(1), p95.toFixed(1), ((p50 - median(floor)) / frameTime).toFixed(2), behind.toFixed(2), ...judged]
}
const text = [
  `${machineText()} ${frames} pictures of each, the same for all: 25 a second, 4 Mbit/s, H.264 and AAC; LL-HLS with parts of 200 ms and segments of 2 s as configured by default.`,
  'From the stamp, made when the picture is handed to the hub, until the reader has the whole picture. Readers of HLS hold back what the playlist says. A frame time is 40 ms.',
  table(
    ['way out', 'p50 ms', 'p95 ms', 'behind the hub, frame times: p50', 'p95', 'target', ''],
    [rowOf('the hub', floor), ...Object.entries(measured).map(([name, all]) => rowOf(name, all))],
  ),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('latency', 'Latency of the ways out', text)
