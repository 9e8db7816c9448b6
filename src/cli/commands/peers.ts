/** `invite join peers`: how trust is made, shown and ended. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer } from '../client.js'
import { action, type CommandRun, listing, seconds } from '../command.js'
import { ago, clean, count, span, table } from '../output.js'

/** Adds them. */
export function registerPeers(program: Command): void {
  registerInvite(program)
  registerJoin(program)
  const peers = program.command('peers').description('the peers this node trusts')
  listing(peers, async ({ client, out }) => out.result(await client.call('peers.list'), peersText))
  const discovered = peers.command('discovered').description('nodes seen on this network that are not trusted')
  action(discovered, async ({ client, out }) => {
    out.result(await client.call('peers.discovered'), ({ discovered: rows }) =>
      table(
        rows,
        [
          ['NAME', (row) => row.name ?? ''],
          ['PEER', (row) => row.id],
          ['SEEN', (row) => ago(row.lastSeen)],
          ['ADDRESSES', (row) => row.addresses.join(' ')],
        ],
        'Nobody else was seen on this network.',
      ),
    )
  })
  registerForget(peers)
  const rename = peers.command('rename').argument('<peer>').argument('<name>').description('give a peer another display name here')
  action(rename, async ({ client, out }, peer, name) => {
    out.result(await client.call('peers.rename', { params: { peer }, body: { name } }), ({ peer: row }) => `${row.id} is now ${clean(row.name)}`)
  })
  const watch = peers.command('watch').description('what happens to peers, as it happens')
  action(watch, async ({ client, out, signal }) => {
    for await (const event of client.events('events', { query: { types: ['peers'] } }, signal)) {
      out.item(event, (item) => ('peer' in item && 'name' in item ? `${item.type.replace('peer.', '')} ${clean(item.name)} ${item.peer}` : item.type))
    }
  })
}

function registerInvite(program: Command): void {
  const invite = program.command('invite').description('print a one-use ticket for one new node')
  invite.option('--expires <s>', 'seconds it is valid', '600').option('--wait', 'stay until it was used, and show the code')
  action<{ expires: string; wait?: boolean }>(invite, async (run) => {
    const { client, out, options, signal } = run
    const expires = seconds('--expires', options.expires)
    if (expires < 1000) throw new ShoalError('ERR_USAGE', '--expires takes at least one second.')
    const invited = await client.call('invites.create', { body: { expires } }, signal)
    out.result(invited, ({ ticket }) => ticket)
    out.note(`Run on the new node: shoal join TICKET. It is good once, for ${span(expires)}.`)
    if (options.wait) await showPairing(run, invited.id)
  })
  registerInvites(program)
}

function registerInvites(program: Command): void {
  const invites = program.command('invites').description('tickets that are out')
  listing(invites, async ({ client, out }) => {
    out.result(await client.call('invites.list'), ({ invites: rows }) =>
      table(
        rows,
        [
          ['ID', (row) => row.id],
          ['EXPIRES', (row) => `in ${span(row.expires - Date.now())}`],
          ['USED BY', (row) => row.usedBy ?? ''],
        ],
        'No ticket is out.',
      ),
    )
  })
  action(invites.command('rm').argument('<id>').description('withdraw one'), async ({ client, out }, id) => {
    out.result(await client.call('invites.remove', { params: { id } }), () => 'withdrawn')
  })
}

/** Waits until a ticket was used and shows who came. */
async function showPairing({ client, out, signal }: Pick<CommandRun, 'client' | 'out' | 'signal'>, id: string): Promise<void> {
  for (;;) {
    const { invites } = await client.call('invites.list', {}, signal)
    const invite = invites.find((one) => one.id === id)
    if (!invite) throw new ShoalError('ERR_TICKET_EXPIRED', 'The ticket ended before anybody used it.')
    const { peers } = await client.call('peers.list', {}, signal)
    const peer = peers.find((one) => one.id === invite.usedBy)
    if (peer) {
      const code = invite.code ?? ''
      out.item({ type: 'joined', peer: peer.id, name: peer.name, code }, () => `${clean(peer.name)} joined\ncode   ${code}   (the other node shows the same)`)
      return
    }
    await sleep(200, undefined, { signal })
  }
}

function registerJoin(program: Command): void {
  const join = program.command('join').argument('<ticket>').description("join a cluster with another node's ticket")
  action(join, async ({ client, out, signal }, ticket) => {
    const progress = out.progress('joining')
    try {
      for await (const event of client.events('join', { body: { ticket } }, signal)) {
        if (event.type === 'progress') progress.update(event.message)
        else if (event.type === 'joined') {
          progress.done()
          const { type: _type, ...joined } = event
          out.result(
            joined,
            ({ name, code, peers }) => `joined ${clean(name)}\ncode   ${code}   (the other node shows the same)\n${count(peers, 'peer')} trusted`,
          )
          return 0
        }
      }
    } finally {
      progress.done()
    }
    throw new ShoalError('ERR_PAIRING_FAILED', 'The daemon ended the pairing without saying why.')
  })
}

function registerForget(peers: Command): void {
  const forget = peers.command('forget').argument('<peer>').description('forget a peer: cut its links and streams, tell every plugin')
  forget.option('--dry-run', 'only say what would happen')
  action<{ dryRun?: boolean }>(forget, async ({ client, out, options, signal }, peer) => {
    const progress = out.progress(`forgetting ${peer}`)
    try {
      const report = await client.call('peers.forget', { params: { peer }, query: { dryRun: options.dryRun === true } }, signal)
      progress.done()
      out.result(report, forgetText)
      return report.plugins.some((plugin) => plugin.outcome === 'failed' || plugin.outcome === 'timeout') ? 1 : 0
    } finally {
      progress.done()
    }
  })
}

function peersText({ peers }: Answer<'peers.list'>): string {
  return table(
    peers,
    [
      ['NAME', (row) => row.name],
      ['PEER', (row) => row.id],
      ['STATE', (row) => (row.connected ? 'connected' : `away, seen ${ago(row.lastSeen)}`)],
      ['RTT', (row) => (row.rtt === undefined ? '' : `${row.rtt.toFixed(1)} ms`)],
      ['VERSION', (row) => row.version ?? ''],
      ['ADDRESSES', (row) => row.addresses.slice(0, 2).join(' ')],
    ],
    'No peers yet. Make a ticket with: shoal invite',
  )
}

function forgetText(report: Answer<'peers.forget'>): string {
  const head = report.dryRun ? `would forget ${clean(report.name)} ${report.peer}` : `forgot ${clean(report.name)} ${report.peer}`
  const cut = `${count(report.linksCut, 'link')} and ${count(report.streamsCut, 'stream')} ${report.dryRun ? 'would be cut' : `cut in ${report.linksCutMs.toFixed(0)} ms`}`
  const names = report.plugins.map(({ plugin }) => plugin).join(', ')
  if (report.dryRun) return [head, cut, ...(names === '' ? [] : [`plugins that would be told, where they want to know: ${names}`])].join('\n')
  const told = report.plugins.map(
    (plugin) => `  ${plugin.plugin}: ${plugin.outcome}, ${plugin.took.toFixed(0)} ms${plugin.message ? `, ${clean(plugin.message)}` : ''}`,
  )
  return [head, cut, ...told].join('\n')
}
