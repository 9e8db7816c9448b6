/** What the encrypted link costs by itself: many pulls of one stream between two nodes, without viewers. */

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from './cpu.js'
import { startScript } from './process.js'
import { path } from './scenario.js'
import { ShoalNode } from './shoal-node.js'

/** CPU s for each Gbit of frame data that crossed the link, beside what the nodes cost without it. */
export interface LinkCost {
  /** Encrypting and sending. */
  readonly sending: number
  /** Receiving, decrypting, and publishing at the other node. */
  readonly receiving: number
  readonly gigabits: number
}

/** ms for new pulls to settle. */
const settle = 3000

/** Pulls the stream `pulls` times over one link for `seconds`. */
export async function linkCost(clip: string, folder: string, options: { pulls: number; seconds: number }): Promise<LinkCost> {
  const [a, b] = await Promise.all([ShoalNode.start('a', folder), ShoalNode.start('b', folder)])
  const publisher = startScript('load', 'publisher.ts', [clip, `${a.rtmp}/${path}`])
  const names = Array.from({ length: options.pulls }, (_, i) => `link/${i}`)
  const used = async (): Promise<readonly [number, number]> => {
    const before = [cpuSeconds(a.daemon.pid), cpuSeconds(b.daemon.pid)] as const
    await sleep(options.seconds * 1000)
    return [cpuSeconds(a.daemon.pid) - before[0], cpuSeconds(b.daemon.pid) - before[1]]
  }
  const received = async (): Promise<number> => {
    const { streams } = await b.json<{ streams: { path: string; hops: number; bytesIn: number }[] }>('streams')
    return streams.filter((stream) => names.includes(stream.path)).reduce((sum, { bytesIn }) => sum + bytesIn, 0)
  }
  try {
    await b.join(a)
    await a.flows(path)
    await sleep(settle)
    const idle = await used()
    for (const name of names) await b.command('pull', '--detach', `shoal://a/${path}`, name)
    await b.flows(names.at(-1) ?? '')
    await sleep(settle)
    const start = await received()
    const busy = await used()
    const gigabits = ((await received()) - start) / 1.25e8
    return { sending: (busy[0] - idle[0]) / gigabits, receiving: (busy[1] - idle[1]) / gigabits, gigabits }
  } finally {
    await publisher.stop()
    await Promise.all([a.stop(), b.stop()])
  }
}
