/** `peers forget forgotten block blocked unblock`: how trust is ended. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer } from '../client.js'
import { action } from '../command.js'
import { ago, clean, count, table } from '../output.js'

/** Adds them to `peers`. */
export function registerTrust(peers: Command): void {
  registerForget(peers)
  const forgotten = peers.command('forgotten').description('peers that were forgotten, and where that counts')
  action(forgotten, async ({ client, out }) => {
    out.result(await client.call('peers.forgotten'), ({ forgotten: rows }) =>
      table(
        rows,
        [
          ['NAME', (row) => row.name],
          ['PEER', (row) => row.id],
          ['SINCE', (row) => ago(row.time)],
          ['COUNTS', (row) => (row.scope === 'here' ? 'here alone' : 'in the cluster')],
          ['BY', (row) => row.byName ?? row.by ?? 'this node'],
          ['DONE BY', (row) => (row.scope === 'here' ? '' : `${row.applied} of ${row.members}`)],
        ],
        'Nobody was forgotten.',
      ),
    )
  })
  const block = peers.command('block').argument('<peer>').description('refuse a peer or the id of a stranger for ever, without telling anybody')
  action(block, async ({ client, out, signal }, peer) => {
    out.result(await client.call('peers.block', { params: { peer } }, signal), ({ blocked, forgot }) => {
      const who = nameAndId(blocked.name, blocked.id)
      return forgot ? `blocked ${who}; it was forgotten here, other members still trust it` : `blocked ${who}`
    })
  })
  const blocked = peers.command('blocked').description('ids that are refused for ever')
  action(blocked, async ({ client, out }) => {
    out.result(await client.call('peers.blocked'), ({ blocked: rows }) =>
      table(
        rows,
        [
          ['NAME', (row) => row.name],
          ['PEER', (row) => row.id],
          ['SINCE', (row) => ago(row.since)],
        ],
        'Nobody is blocked.',
      ),
    )
  })
  const unblock = peers.command('unblock').argument('<peer>').description('lift a block; trust needs pairing anew')
  action(unblock, async ({ client, out }, peer) => {
    out.result(await client.call('peers.unblock', { params: { peer } }), ({ unblocked: { name, id } }) => `unblocked ${nameAndId(name, id)}`)
  })
}

interface ForgetOptions {
  readonly dryRun?: boolean
  readonly cluster?: boolean
  readonly here?: boolean
}

function registerForget(peers: Command): void {
  const forget = peers.command('forget').argument('<peer>').description('forget a peer: cut its links and streams, tell every plugin')
  forget.option('--cluster', 'on all members, also those that are away; the default for a peer that members introduced')
  forget.option('--here', 'on this node alone; the default for a peer that was paired with this node')
  forget.option('--dry-run', 'only say what would happen')
  action<ForgetOptions>(forget, async ({ client, out, options, signal }, peer) => {
    const { cluster, here, dryRun = false } = options
    if (cluster && here) throw new ShoalError('ERR_USAGE', '--cluster and --here exclude each other.')
    const scope = cluster ? 'cluster' : here ? 'here' : undefined
    const progress = out.progress(`forgetting ${peer}`)
    try {
      const report = await client.call('peers.forget', { params: { peer }, query: { dryRun, ...(scope && { scope }) } }, signal)
      progress.done()
      out.result(report, forgetText)
      return report.plugins.some((plugin) => plugin.outcome === 'failed' || plugin.outcome === 'timeout') ? 1 : 0
    } finally {
      progress.done()
    }
  })
}

function nameAndId(name: string, id: string): string {
  return name === '' ? id : `${clean(name)} ${id}`
}

function forgetText(report: Answer<'peers.forget'>): string {
  const head = report.dryRun ? `would forget ${clean(report.name)} ${report.peer}` : `forgot ${clean(report.name)} ${report.peer}`
  const cut = `${count(report.linksCut, 'link')} and ${count(report.streamsCut, 'stream')} ${report.dryRun ? 'would be cut' : `cut in ${report.linksCutMs.toFixed(0)} ms`}`
  const names = report.plugins.map(({ plugin }) => plugin).join(', ')
  if (report.dryRun)
    return [head, cut, ...(names === '' ? [] : [`plugins that would be told, where they want to know: ${names}`]), scopeText(report)].join('\n')
  const told = report.plugins.map(
    (plugin) => `  ${plugin.plugin}: ${plugin.outcome}, ${plugin.took.toFixed(0)} ms${plugin.message ? `, ${clean(plugin.message)}` : ''}`,
  )
  return [head, cut, ...told, scopeText(report)].join('\n')
}

/** Who else hears of it. */
function scopeText({ scope, members, dryRun, name }: Answer<'peers.forget'>): string {
  if (scope === 'here') return `here alone: other members, if there are any, still trust it (shoal peers forget ${clean(name)} --cluster)`
  const [now, later] = [true, false].map((there) => members.filter((member) => member.now === there).map((member) => clean(member.name)))
  const verb = dryRun ? 'would be told' : 'told'
  const lines = [now?.length ? `${verb} now: ${now.join(', ')}` : '', later?.length ? `${verb} on return: ${later.join(', ')}` : '']
  return `in the cluster; ${lines.filter((line) => line !== '').join('; ') || 'there is no other member'}`
}
