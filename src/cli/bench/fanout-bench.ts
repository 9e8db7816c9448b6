/** What live readers cost on this machine: a daemon in this process, and readers of HTTP-FLV in another. */

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../errors.js'
import type { ReadersReport } from './readers.js'
import { benchPath, syntheticStream } from './synthetic-stream.js'

/** Figures of a fan-out. */
export interface FanoutFigures {
  readonly readers: number
  /** CPU s of the daemon, its publisher with it, for each Gbit that readers got. */
  readonly cpuPerGbit: number
  /** Bits a second that all readers got. */
  readonly bitrate: number
  /** ms from the write of a frame until it was read. */
  readonly latencyP50: number
  readonly latencyP95: number
  /** ms from a reader's request to its first bytes of video, 95 % of all. */
  readonly firstFrame: number
  /** Bytes of memory of this process. */
  readonly rss: number
}

/** Measures for `ms`. Rejects when `signal` aborts, or when readers cannot watch. */
export async function benchFanout(readers: number, ms: number, signal: AbortSignal): Promise<FanoutFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  const { createDaemon } = await import('../../daemon/daemon.js')
  const flags = { 'node.name': 'bench', 'http.port': 0, 'rtmp.port': 0, 'swarm.listen': ['/ip4/127.0.0.1/tcp/0'], 'swarm.discovery': false }
  const daemon = await createDaemon({ home: folder, env: {}, flags, console: null, plugins: [syntheticStream()] })
  try {
    await daemon.start()
    if (!daemon.http) throw new ShoalError('ERR_INTERNAL', 'The node of the benchmark serves no HTTP.')
    return await watch(`http://127.0.0.1:${daemon.http.port}/${benchPath}.flv`, readers, ms, signal)
  } finally {
    await daemon.stop('the benchmark ends')
    await rm(folder, { recursive: true, force: true })
  }
}

/** The readers say when all have joined, and at the end what they saw. */
async function watch(url: string, readers: number, ms: number, signal: AbortSignal): Promise<FanoutFigures> {
  const program = fileURLToPath(new URL('./readers.js', import.meta.url))
  const child = spawn(process.execPath, [program, url, String(readers), String(ms)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', stop, { once: true })
  try {
    let before = process.cpuUsage()
    for await (const line of createInterface(child.stdout)) {
      const report = JSON.parse(line) as ReadersReport
      if (report.event === 'joined') before = process.cpuUsage()
      else return figures(report, readers, ms, process.cpuUsage(before))
    }
    signal.throwIfAborted()
    throw new ShoalError('ERR_INTERNAL', 'The readers of the benchmark ended early.')
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

function figures(report: ReadersReport & { event: 'end' }, readers: number, ms: number, cpu: NodeJS.CpuUsage): FanoutFigures {
  const { bytes, latencyP50, latencyP95, firstFrame } = report
  const cpuPerGbit = (cpu.user + cpu.system) / 1e6 / ((bytes * 8) / 1e9)
  return { readers, cpuPerGbit, bitrate: (bytes * 8 * 1000) / ms, latencyP50, latencyP95, firstFrame, rss: process.memoryUsage.rss() }
}
