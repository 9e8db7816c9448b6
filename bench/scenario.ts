/** What is measured: servers in a row, a publisher at the first, viewers at the last. */

import { NmsServer } from './nms.js'
import { type Started, startScript } from './process.js'
import { ShoalNode } from './shoal-node.js'

/** Path of the stream on every server. */
export const path = 'live/bench'

/** Servers of a scenario that run, with a stream on them. */
export interface Stage {
  /** Where viewers watch. */
  readonly url: string
  /** The server that viewers are on. */
  readonly server: Started
  /** The server that the stream was published at, where that is another one. */
  readonly origin?: Started
  /** What a node of ours knows after the run. */
  facts?(): Promise<StageFacts>
  stop(): Promise<void>
}

/** Facts that only our own nodes tell. */
export interface StageFacts {
  /** Readers that the origin has for the stream: 1 for any number of viewers elsewhere. */
  readonly pulls?: number
  /** Frames that late viewers missed: the stopped one, where no reader has a gap. */
  readonly dropped: number
  /** ms since 1970 at which a viewer was cut. */
  readonly cutAt?: number
}

/** A row of the table. */
export interface Scenario {
  readonly name: string
  /** Does it have an origin apart from the server with the viewers? */
  readonly hops: 1 | 2
  start(clip: string, flags: readonly string[]): Promise<Stage>
}

function publish(clip: string, server: string): Started {
  return startScript('load', 'publisher.ts', [clip, `${server}/${path}`])
}

async function factsOf(node: ShoalNode, origin?: ShoalNode): Promise<StageFacts> {
  const { framesDropped } = await node.stream(path)
  const cutAt = node.cutAt()
  return { dropped: framesDropped, ...(origin && { pulls: (await origin.stream(path)).subscribers }), ...(cutAt !== undefined && { cutAt }) }
}

/** Published at a node and watched there. */
export function shoalDirect(folder: string, name = 'shoal, published here'): Scenario {
  return {
    name,
    hops: 1,
    async start(clip, flags) {
      const node = await ShoalNode.start('a', folder, flags)
      const publisher = publish(clip, node.rtmp)
      await node.flows(path)
      const stop = async (): Promise<void> => {
        await publisher.stop()
        await node.stop()
      }
      return { url: `${node.http}/${path}.flv`, server: node.daemon, facts: () => factsOf(node), stop }
    },
  }
}

/** Published at one node, pulled by another over the encrypted link, watched there. */
export function shoalPulled(folder: string, name = 'shoal, pulled from a peer'): Scenario {
  return {
    name,
    hops: 2,
    async start(clip, flags) {
      const [a, b] = await Promise.all([ShoalNode.start('a', folder), ShoalNode.start('b', folder, flags)])
      await b.join(a)
      const publisher = publish(clip, a.rtmp)
      await a.flows(path)
      await b.command('pull', '--detach', `shoal://a/${path}`, path)
      await b.flows(path)
      const stop = async (): Promise<void> => {
        await publisher.stop()
        await Promise.all([a.stop(), b.stop()])
      }
      return { url: `${b.http}/${path}.flv`, server: b.daemon, origin: a.daemon, facts: () => factsOf(b, a), stop }
    },
  }
}

/** The peer, with viewers where the stream is published. */
export const nmsDirect: Scenario = {
  name: 'nms, published here',
  hops: 1,
  async start(clip) {
    const server = await NmsServer.start()
    const publisher = publish(clip, server.rtmp)
    const stop = async (): Promise<void> => {
      await publisher.stop()
      await server.stop()
    }
    return { url: `${server.http}/${path}.flv`, server: server.process, stop }
  },
}

/** The peer twice: the second pulls from the first over RTMP, in clear. */
export const nmsPulled: Scenario = {
  name: 'nms, pulled by RTMP (clear)',
  hops: 2,
  async start(clip) {
    const origin = await NmsServer.start()
    const publisher = publish(clip, origin.rtmp)
    const edge = await NmsServer.start(`${origin.rtmp}/${path}`)
    const stop = async (): Promise<void> => {
      await publisher.stop()
      await edge.stop()
      await origin.stop()
    }
    return { url: `${edge.http}/${path}.flv`, server: edge.process, origin: origin.process, stop }
  },
}
