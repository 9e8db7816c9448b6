/**
 * Messages between the people at two nodes: `shoal msg PEER TEXT`. They wait for peers that are away, arrive once and in
 * order, and are acknowledged when stored and when read.
 */

import { ShoalError } from '../../errors.js'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin.js'
import { Archive } from './archive.js'
import { type MessagingConfig, messagingConfig } from './config.js'
import type { Conversation } from './conversation.js'
import { Courier } from './courier.js'
import { Feed } from './feed.js'
import { Mailbox } from './mailbox.js'
import { addRoutes } from './routes.js'
import { kinds } from './wire.js'

/** What may be set by a program; tests shorten it. */
export interface MessagingOptions {
  /** ms between two looks at what waits. Default 2,000. */
  readonly round?: number
}

/** Makes the plugin. */
export function messaging({ round = 2000 }: MessagingOptions = {}): Plugin<MessagingConfig> {
  let mailbox: Mailbox | undefined
  return definePlugin<MessagingConfig>({
    name: 'messaging',
    info: { description: 'Messages to people at other nodes: shoal msg PEER TEXT.' },
    payloadKinds: [kinds.message, kinds.ack],
    config: messagingConfig,
    async start(ctx) {
      mailbox = await open(ctx, round)
    },
    async handlePayload(src, kind, body) {
      if (!mailbox) throw new ShoalError('ERR_NOT_READY')
      if (kind === kinds.message) await mailbox.receive(src, body)
      else await mailbox.acknowledged(src, body)
    },
    async onPeerForgotten(peer) {
      await mailbox?.forget(peer)
    },
  })
}

async function open(ctx: PluginContext<MessagingConfig>, round: number): Promise<Mailbox> {
  const { config, log, peers } = ctx
  const archive = new Archive(ctx.store, log)
  const feed = new Feed()
  const carrier = new Courier(ctx, round)
  const mailbox = new Mailbox({ archive, carrier, config, feed, log, peers }, await load(ctx, archive))
  addRoutes(ctx.http, { mailbox, feed, peers })
  carrier.start(mailbox)
  return mailbox
}

/** What is stored, but for peers that were forgotten while this plugin was off, or died at it: they are wiped now. */
async function load({ log, peers }: PluginContext<MessagingConfig>, archive: Archive): Promise<Map<string, Conversation>> {
  const all = await archive.load()
  for (const peer of [...all.keys()]) {
    if (peers.get(peer)?.id === peer) continue
    await archive.wipe(peer)
    all.delete(peer)
    log.info('the messages of a forgotten peer are removed', { peer })
  }
  return all
}
