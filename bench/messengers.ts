/** Who carries messages in `payload.ts`: each is started once and measured in turn. The caller has a core of its own. */

import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../src/cli/client.js'
import type { Figures, Plan as WholePlan } from './closed-loop.js'
import { deepstreamClient, installDeepstream, startDeepstream } from './deepstream.js'
import { freePort, type Started, startProgram, startScript, until } from './process.js'
import { ownBuild, ShoalNode } from './shoal-node.js'

/** What is asked of a messenger. */
export type Plan = Omit<WholePlan, 'pids'>

/** A messenger that runs. */
export interface Running {
  /** Figures for each plan, in order. */
  measure(plans: readonly Plan[]): Promise<Figures[]>
  stop(): Promise<void>
}

/** One that can be started. */
export interface Messenger {
  readonly name: string
  /** Can it publish to many? */
  readonly publishes: boolean
  /** Undefined when it is not to be had here. */
  start(): Promise<Running | undefined>
}

/** Two nodes of ours: payloads, and subscriptions over them. */
export function shoal(folder: string = ownBuild, name = 'shoal payloads', flags: readonly string[] = []): Messenger {
  return { name, publishes: true, start: () => startShoal(folder, flags) }
}

/** An echo over a bare transport. */
export function floor(kind: 'tcp' | 'libp2p' | 'link', name: string): Messenger {
  return { name, publishes: false, start: () => startFloor(kind) }
}

/** Through one nats-server. */
export const nats: Messenger = { name: 'nats-server', publishes: true, start: startNats }

/** From one of two servers to the other. */
export const deepstream: Messenger = { name: 'deepstream, two servers (events, one way)', publishes: true, start: startDeepstreamPair }

async function startShoal(folder: string, flags: readonly string[]): Promise<Running> {
  const yaml = `plugins:\n  payload-bench:\n    use: ${JSON.stringify(new URL('payload-plugin.ts', import.meta.url).pathname)}\n`
  const node = ['--import', 'tsx', ...flags]
  const b = await ShoalNode.start('b', folder, node, yaml)
  const a = await ShoalNode.start('a', folder, node, yaml, 'load')
  await a.join(b)
  const [driver, echo] = [new Client({ home: a.home }), new Client({ home: b.home })]
  const { id } = await echo.call('status')
  const one = async (plan: Plan): Promise<Figures> => {
    await echo.plugin('POST', '/payload-bench/subscribers', { count: plan.subscribers })
    const wanted = plan.subscribers > 0 ? 1 : 0
    await until('the subscription', async () => {
      const state = await driver.plugin<{ interested: string[] }>('GET', '/payload-bench/state')
      return state.interested.length === wanted
    })
    return await driver.plugin<Figures>('POST', '/payload-bench/run', { ...plan, peer: id, pids: [b.daemon.pid] })
  }
  const measure = async (plans: readonly Plan[]): Promise<Figures[]> => {
    const figures: Figures[] = []
    for (const plan of plans) figures.push(await one(plan))
    return figures
  }
  const stop = async (): Promise<void> => {
    driver.close()
    echo.close()
    await Promise.all([a.stop(), b.stop()])
  }
  return { measure, stop }
}

async function startFloor(kind: string): Promise<Running> {
  const echo = startScript('server', 'payload-floor.ts', [kind, 'echo'])
  const address = await addressOf(echo)
  const args = (plans: readonly Plan[]): string[] => [kind, 'drive', withPids(plans, echo), address]
  return { measure: (plans) => figuresOf('payload-floor.ts', args(plans), plans.length), stop: () => echo.stop('SIGKILL') }
}

async function startNats(): Promise<Running | undefined> {
  if (spawnSync('nats-server', ['--version']).status !== 0) return undefined
  const port = String(await freePort())
  const server = startProgram('server', ['nats-server', '-a', '127.0.0.1', '-p', port])
  await until('nats-server', async () => server.output().includes('Server is ready'))
  const echo = startScript('server', 'payload-nats.ts', [port, 'echo'])
  await addressOf(echo)
  await sleep(100)
  const stop = async (): Promise<void> => void (await Promise.all([echo.stop('SIGKILL'), server.stop()]))
  return { measure: (plans) => figuresOf('payload-nats.ts', [port, 'drive', withPids(plans, server, echo)], plans.length), stop }
}

async function startDeepstreamPair(): Promise<Running | undefined> {
  if (!installDeepstream()) return undefined
  const { ports, servers, stop } = await startDeepstream()
  const args = [deepstreamClient, ...ports.map(String)]
  return { measure: (plans) => figuresOf('payload-deepstream.ts', [...args, withPids(plans, ...servers)], plans.length), stop }
}

/** Plans as an argument of a script. */
function withPids(plans: readonly Plan[], ...others: readonly Started[]): string {
  return JSON.stringify(plans.map((plan): WholePlan => ({ ...plan, pids: others.map(({ pid }) => pid) })))
}

async function addressOf(echo: Started): Promise<string> {
  for await (const line of echo.lines()) return (JSON.parse(line) as { address: string }).address
  throw new Error(`the echo ended: ${echo.output()}`)
}

async function figuresOf(script: string, args: readonly string[], count: number): Promise<Figures[]> {
  const driver = startScript('load', script, args)
  const figures: Figures[] = []
  for await (const line of driver.lines()) if (line.startsWith('{')) figures.push(JSON.parse(line) as Figures)
  if (figures.length < count) throw new Error(`${script} ended early: ${driver.output()}`)
  return figures
}
