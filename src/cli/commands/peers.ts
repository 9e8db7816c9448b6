/** `invite join peers`: how trust is made, shown and ended. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer } from '../client.js'
import { action, type CommandRun, listing, seconds } from '../command.js'
import { ago, clean, count, span, table } from '../output.js'
import { registerPairing } from './pairing.js'
import { registerTrust } from './trust.js'

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
          ['PAIRING', (row) => (row.open ? 'may be asked' : '')],
          ['ADDRESSES', (row) => row.addresses.join(' ')],
        ],
        'Nobody else was seen on this network.',
      ),
    )
  })
  registerPairing(peers)
  registerTrust(peers)
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

type PeerRow = Answer<'peers.list'>['peers'][number]

function peersText({ peers }: Answer<'peers.list'>): string {
  return table(
    peers,
    [
      ['NAME', (row) => row.name],
      ['PEER', (row) => row.id],
      ['STATE', (row) => (row.connected ? connectedText(row, peers) : row.hops === undefined ? `away, seen ${ago(row.lastSeen)}` : 'through others')],
      ['HOPS', (row) => row.hops ?? ''],
      ['TRUST', (row) => trustText(row, peers)],
      ['ENCRYPTION', (row) => row.encryption ?? ''],
      ['RTT', (row) => (row.rtt === undefined ? '' : `${row.rtt.toFixed(1)} ms`)],
      ['VERSION', (row) => row.version ?? ''],
      ['ADDRESSES', (row) => row.addresses.slice(0, 2).join(' ')],
    ],
    'No peers yet. Make a ticket with: shoal invite',
  )
}

/** `connected`, or through whom. */
function connectedText({ via }: PeerRow, peers: readonly PeerRow[]): string {
  return via ? `through ${via.map((relay) => peers.find(({ id }) => id === relay)?.name ?? `${relay.slice(0, 12)}…`).join(', ')}` : 'connected'
}

/** `ticket`, or who introduced it. */
function trustText({ trustedBy, introducedBy }: PeerRow, peers: readonly PeerRow[]): string {
  if (trustedBy !== 'introduction' || introducedBy === undefined) return trustedBy ?? ''
  return `by ${peers.find(({ id }) => id === introducedBy)?.name ?? `${introducedBy.slice(0, 12)}…`}`
}
