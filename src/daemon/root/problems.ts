/** What is not as it should be, and the checks of `shoal doctor` that only the running daemon can make. */

import { stat, statfs } from 'node:fs/promises'
import type { Output } from '../api/table.js'
import type { PluginInfo } from '../host/hosted.js'
import type { Store } from '../keystore/store.js'
import type { Paths } from '../paths.js'
import type { Network } from './network.js'
import type { PeerList } from './peer-list.js'

type Problem = Output<'status'>['problems'][number]
type Check = Output<'doctor'>['checks'][number]

/** What is looked at. */
export interface HealthParts {
  readonly paths: Paths
  readonly store: Store
  readonly network: Network
  readonly peers: PeerList
  plugins(): readonly PluginInfo[]
}

/** Bytes that should be free where the keystore is. */
const lowDisk = 100e6

/** Why `status` says degraded. */
export function problemsOf({ store, network, peers, plugins }: HealthParts): Problem[] {
  const problems: Problem[] = []
  if (store.state !== 'ok') problems.push({ what: 'store', message: `The keystore is ${store.state}.`, hint: 'Free disk space; it is reopened by itself.' })
  for (const { name, state, reason } of plugins()) {
    if (state === 'failed') problems.push({ what: `plugin:${name}`, message: reason ?? 'It failed.', hint: `shoal plugins info ${name}` })
  }
  for (const { peer, ready, problem } of network.control.peers()) {
    if (!ready && problem) problems.push({ what: `peer:${peers.nameOf(peer)}`, message: problem.message, ...(problem.hint && { hint: problem.hint }) })
  }
  return problems
}

/** All checks. */
export async function doctor(parts: HealthParts): Promise<Check[]> {
  const found = problemsOf(parts).map(
    (problem): Check => ({ name: problem.what, outcome: 'fail', message: problem.message, ...(problem.hint && { fix: problem.hint }) }),
  )
  return [
    ...found,
    ...(await Promise.all([diskCheck(parts.paths), modeCheck(parts.paths.identity, 0o600), modeCheck(parts.paths.socket, 0o600)])),
    addressCheck(parts),
    ...discoveryChecks(parts),
    ...peerChecks(parts),
  ]
}

async function diskCheck(paths: Paths): Promise<Check> {
  const { bavail, bsize } = await statfs(paths.home)
  const free = bavail * bsize
  const message = `${Math.round(free / 1e6)} MB free in ${paths.home}`
  return free < lowDisk
    ? { name: 'disk', outcome: 'warn', message, fix: 'Free disk space: the keystore takes no writes on a full disk.' }
    : { name: 'disk', outcome: 'ok', message }
}

async function modeCheck(path: string, mode: number): Promise<Check> {
  const name = `mode of ${path}`
  try {
    const found = (await stat(path)).mode & 0o777
    const text = found.toString(8).padStart(4, '0')
    return found === mode
      ? { name, outcome: 'ok', message: text }
      : { name, outcome: 'fail', message: `${text} instead of ${mode.toString(8).padStart(4, '0')}`, fix: `chmod ${mode.toString(8)} ${path}` }
  } catch (error) {
    return { name, outcome: 'fail', message: (error as Error).message }
  }
}

function addressCheck({ network }: HealthParts): Check {
  const { addresses } = network.node
  if (addresses.length > 0) return { name: 'addresses', outcome: 'ok', message: addresses.join(' ') }
  return { name: 'addresses', outcome: 'warn', message: 'No other machine can reach this node.', fix: 'Set swarm.listen to an address of this network.' }
}

function discoveryChecks({ network }: HealthParts): Check[] {
  if (!network.discovery)
    return [{ name: 'discovery', outcome: 'warn', message: 'It is switched off.', fix: 'Set swarm.discovery to true to find nodes on this network.' }]
  const interfaces = network.discovery.interfaces()
  if (interfaces.length === 0) return [{ name: 'discovery', outcome: 'warn', message: 'There is no interface for multicast.' }]
  return interfaces.map(({ name, address, refused }) => ({ name: `discovery on ${name}`, outcome: 'ok', message: `${address}, ${refused} packets refused` }))
}

function peerChecks({ network, peers }: HealthParts): Check[] {
  const status = new Map(network.supervisor.status().map((one) => [one.peer, one]))
  return peers.list().map(({ id, name, connected }): Check => {
    if (connected) return { name: `peer ${name}`, outcome: 'ok', message: 'connected' }
    const why = status.get(id)?.lastError?.message ?? 'it has not been reached yet'
    return { name: `peer ${name}`, outcome: 'warn', message: `not connected: ${why}`, fix: 'Is its daemon running, and its swarm port open?' }
  })
}
