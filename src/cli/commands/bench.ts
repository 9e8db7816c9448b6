/** `bench`: what this machine can carry, in about 20 s. No daemon is needed, and a running one is left alone. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { FanoutFigures } from '../bench/fanout-bench.js'
import type { LinkFigures } from '../bench/link-bench.js'
import { action, type CommandRun, seconds, wholeNumber } from '../command.js'
import { bitrate, bytes } from '../output.js'

interface BenchOptions {
  readonly readers: string
  readonly time: string
}

interface Figures {
  readonly link: LinkFigures
  readonly fanout: FanoutFigures
}

/** Adds it. */
export function registerBench(program: Command): void {
  const bench = program.command('bench').description('measure an encrypted link and live readers on this machine')
  bench.option('--readers <n>', 'readers of the live stream, at most 1000', '50').option('--time <s>', 'seconds to measure, shared by both', '16')
  action<BenchOptions>(bench, async (run) => run.out.result(await measure(run), text))
}

async function measure({ options, out, signal }: CommandRun<BenchOptions>): Promise<Figures> {
  const readers = wholeNumber('--readers', options.readers)
  if (readers < 1 || readers > 1000) throw new ShoalError('ERR_USAGE', '--readers takes 1 to 1000.')
  const time = seconds('--time', options.time)
  if (time < 200) throw new ShoalError('ERR_USAGE', '--time takes at least 0.2 seconds.')
  const [{ benchLink }, { benchFanout }] = await Promise.all([import('../bench/link-bench.js'), import('../bench/fanout-bench.js')])
  const progress = out.progress('measuring')
  try {
    const link = await benchLink(time / 2, signal)
    return { link, fanout: await benchFanout(readers, time / 2, signal) }
  } finally {
    progress.done()
  }
}

function text({ link, fanout }: Figures): string {
  const each = fanout.bitrate / fanout.readers
  const lines = [
    ['link', `${bitrate(link.bitrate)} in bulk, ${link.cpuPerGiB.toFixed(1)} CPU s for each GiB, both ends together`],
    ['', `64 bytes there and back: ${link.rttP50.toFixed(3)} ms, 95 % within ${link.rttP95.toFixed(3)} ms`],
    ['readers', `${fanout.readers} of HTTP-FLV at ${bitrate(each)} each, ${fanout.cpuPerGbit.toFixed(2)} CPU s for each Gbit`],
    [
      '',
      `a frame is read after ${fanout.latencyP50.toFixed(1)} ms, 95 % within ${fanout.latencyP95.toFixed(1)} ms; first frame within ${fanout.firstFrame.toFixed(1)} ms`,
    ],
    ['', `memory ${bytes(fanout.rss)}`],
    ['so', `one core carries about ${Math.floor(1e9 / (fanout.cpuPerGbit * each))} readers at this bit rate`],
  ]
  return lines.map(([name, value]) => `${(name ?? '').padEnd(8)} ${value}`).join('\n')
}
