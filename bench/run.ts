/** One run of one scenario. */

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, rssMegabytes } from './cpu.js'
import { startReaders } from './native-readers.js'
import { type Started, startScript } from './process.js'
import type { ReadersEnd, ReadersLine } from './readers.js'
import type { Scenario, Stage, StageFacts } from './scenario.js'

/** How a run is made. */
export interface RunOptions {
  readonly clip: string
  readonly readers: number
  readonly seconds: number
  /** Viewers that are stopped with SIGSTOP. */
  readonly stopped: number
  /** Node's flags for the server with the viewers. */
  readonly flags: readonly string[]
}

/** What one run gave. CPU in s for each Gbit delivered to viewers, memory in MB, times in ms. */
export interface RunResult extends ReadersEnd {
  readonly scenario: string
  readonly hops: 1 | 2
  readonly cpu: number
  /** Of the origin, for each Gbit delivered to viewers of the other server. */
  readonly cpuOrigin: number | undefined
  readonly rssStart: number
  readonly rssEnd: number
  readonly facts: StageFacts | undefined
  /** s from stopping a viewer until it was cut. */
  readonly cutAfter: number | undefined
  /** CPU s that everything else on this machine used in the window, for each s. */
  readonly noise: number
}

/** ms of live stream before the first viewer comes. */
const warmUp = 3000

/** Runs a scenario once, from start to end. */
export async function runOnce(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const stage = await scenario.start(options.clip, options.flags)
  const stoppers: Started[] = []
  try {
    await sleep(warmUp)
    return await measure(scenario, stage, options, stoppers)
  } finally {
    for (const stopper of stoppers) await stopper.stop('SIGKILL')
    await stage.stop()
  }
}

async function measure(scenario: Scenario, stage: Stage, options: RunOptions, stoppers: Started[]): Promise<RunResult> {
  const readers = startReaders({ count: options.readers, url: stage.url, seconds: options.seconds })
  const meter = new Meter(stage, readers)
  let stoppedAt: number | undefined
  for await (const text of readers.lines()) {
    const line = JSON.parse(text) as ReadersLine
    if (line.event === 'ready') {
      if (line.ready < options.readers) throw new Error(`${scenario.name}: only ${line.ready} of ${options.readers} readers got a frame`)
      stoppers.push(...(await stopViewers(stage.url, options.stopped)))
      stoppedAt = Date.now()
    } else if (line.event === 'start') meter.start()
    else {
      const figures = meter.end(line.gigabits, options.seconds)
      const facts = await stage.facts?.()
      const cutAfter = facts?.cutAt !== undefined && stoppedAt !== undefined ? (facts.cutAt - stoppedAt) / 1000 : undefined
      return { ...line, ...figures, scenario: scenario.name, hops: scenario.hops, facts, cutAfter }
    }
  }
  throw new Error(`${scenario.name}: the readers ended early: ${readers.output()}`)
}

/** Starts viewers in processes of their own and stops them once they watch. */
async function stopViewers(url: string, count: number): Promise<Started[]> {
  const viewers = Array.from({ length: count }, () => startScript('load', 'readers.ts', ['1', url, '3600']))
  for (const viewer of viewers) {
    for await (const line of viewer.lines()) if (line.includes('"ready"')) break
    viewer.child.kill('SIGSTOP')
  }
  // SIGSTOP takes effect without a reply
  await sleep(10)
  return viewers
}

/** Reads the kernel's accounts at both ends of the window. */
class Meter {
  readonly #stage: Stage
  readonly #readers: Started
  #cpu = 0
  #origin = 0
  #all = 0
  #load = 0
  #rss = 0

  constructor(stage: Stage, readers: Started) {
    this.#stage = stage
    this.#readers = readers
  }

  start(): void {
    const { server, origin } = this.#stage
    this.#cpu = cpuSeconds(server.pid)
    this.#origin = origin ? cpuSeconds(origin.pid) : 0
    this.#load = cpuSeconds(this.#readers.pid)
    this.#all = cpuSeconds('all')
    this.#rss = rssMegabytes(server.pid)
  }

  end(gigabits: number, seconds: number): Pick<RunResult, 'cpu' | 'cpuOrigin' | 'rssStart' | 'rssEnd' | 'noise'> {
    const { server, origin } = this.#stage
    const used = cpuSeconds(server.pid) - this.#cpu
    const usedOrigin = origin ? cpuSeconds(origin.pid) - this.#origin : 0
    const others = cpuSeconds('all') - this.#all - used - usedOrigin - (cpuSeconds(this.#readers.pid) - this.#load)
    return {
      cpu: used / gigabits,
      cpuOrigin: origin && usedOrigin / gigabits,
      rssStart: this.#rss,
      rssEnd: rssMegabytes(server.pid),
      noise: others / seconds,
    }
  }
}
