/** What is not as it should be, and the checks of `shoal doctor` that only the running daemon can make. */

import { stat, statfs } from 'node:fs/promises'
import { errorKinds } from '../../errors.js'
import { sendQueue } from '../../viewing/send-queue.js'
import type { Output } from '../api/table.js'
import type { PluginInfo } from '../host/hosted.js'
import type { Store } from '../keystore/store.js'
import type { Paths } from '../paths.js'
import type { Copies } from './copies.js'
import type { EndpointInfo } from './endpoints.js'
import type { Network } from './network.js'
import type { PeerList } from './peer-list.js'
import type { Trust } from './trust.js'

type Problem = Output<'status'>['problems'][number]
type Check = Output<'doctor'>['checks'][number]

/** What is looked at. */
export interface HealthParts {
  readonly paths: Paths
  readonly store: Store
  readonly network: Network
  readonly peers: PeerList
  readonly trust: Pick<Trust, 'tellers'>
  readonly copies: Pick<Copies, 'copied' | 'refusal' | 'peers'>
  plugins(): readonly PluginInfo[]
  endpoints(): readonly EndpointInfo[]
}

/** Bytes that should be free where the keystore is. */
const lowDisk = 100e6

/** Why `status` says degraded. */
export function problemsOf(parts: HealthParts): Problem[] {
  const { store, network, peers, plugins, endpoints } = parts
  const problems: Problem[] = []
  if (store.state !== 'ok') problems.push({ what: 'store', message: `The keystore is ${store.state}.`, hint: 'Free disk space; it is reopened by itself.' })
  for (const { name, state, reason } of plugins()) {
    if (state === 'failed') problems.push({ what: `plugin:${name}`, message: reason ?? 'It failed.', hint: `shoal plugins info ${name}` })
  }
  for (const { name, plugin, error } of endpoints()) {
    if (error !== undefined) problems.push({ what: `endpoint:${name}`, message: `It cannot be opened: ${error}`, hint: `shoal plugins restart ${plugin}` })
  }
  for (const { peer, ready, problem } of network.control.peers()) {
    if (!ready && problem) problems.push({ what: `peer:${peers.nameOf(peer)}`, message: problem.message, ...(problem.hint && { hint: problem.hint }) })
  }
  return [...problems, ...trustProblems(parts)]
}

/** What works less well here than it could, and degrades nothing. */
export function notesOf(): Output<'status'>['notes'] {
  const { problem } = sendQueue
  if (problem === undefined) return []
  const message = `Slow viewers may be many seconds late: the system's send buffers cannot be bounded. ${problem}`
  return [{ what: 'viewers', message, hint: 'npm install koffi@3.3.4 beside Shoal, or sysctl net.ipv4.tcp_notsent_lowat=32768.' }]
}

/** Failed dials in a row after which a peer that hangs up is said to refuse this node: pairing may be under way at first. */
const refusals = 3

/** Trust that is not mutual, and identities that are there twice. */
function trustProblems({ network, peers, trust, copies }: HealthParts): Problem[] {
  const problems: Problem[] = []
  if (copies.copied) {
    const { title, hint = '' } = errorKinds.ERR_IDENTITY_COPIED
    problems.push({ what: 'identity', message: copies.refusal?.message ?? `${title} It began later and should serve nobody.`, hint })
  }
  for (const peer of copies.peers()) {
    problems.push({
      what: `peer:${peers.nameOf(peer)}`,
      message: 'Two running nodes have the identity of this peer.',
      hint: 'One of them is a copy: see shoal status there.',
    })
  }
  const tellers = trust.tellers()
  for (const name of tellers) problems.push({ what: `peer:${name}`, message: `${name} says that this node was forgotten.`, hint: pairAnew })
  for (const { peer, attempts, lastError } of network.supervisor.status()) {
    if (attempts < refusals || lastError?.data?.['refused'] !== true) continue
    const name = peers.nameOf(peer)
    if (tellers.includes(name)) continue
    problems.push({ what: `peer:${name}`, message: `${name} refuses this node: it has probably forgotten or blocked it.`, hint: pairAnew })
  }
  return problems
}

const pairAnew = 'Ask who runs it. Pair anew with shoal invite and shoal join, or forget it here: shoal peers forget.'

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
    ...secretChecks(parts),
    relayCheck(parts),
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

/** The cluster secret and the network key, where they are set. Neither is shown. */
function secretChecks({ network }: HealthParts): Check[] {
  const checks: Check[] = []
  const { pairing, discovery, node, keyed } = network
  if (pairing.secret) checks.push(discovery ? clusterCheck(pairing.otherClusters().length, pairing.secret.refused) : undiscovered)
  if (keyed) {
    const { handshakes } = node.refused
    const message = handshakes === 0 ? 'set' : `set; ${handshakes} connections ended within their handshake, as those without the key do`
    checks.push({ name: 'network key', outcome: 'ok', message })
  }
  return checks
}

function relayCheck({ network }: HealthParts): Check {
  const message = network.relays ? `${network.node.passing} connections between other members are passed on` : 'switched off: nothing is passed on for others'
  return { name: 'relay', outcome: 'ok', message }
}

const undiscovered: Check = {
  name: 'cluster secret',
  outcome: 'warn',
  message: 'It is set, and discovery is off: nobody is found to pair with.',
  fix: 'Set swarm.discovery to true.',
}

function clusterCheck(others: number, refused: number): Check {
  const name = 'cluster secret'
  const tail = refused === 0 ? '' : `; ${refused} attempts to pair by it were refused`
  if (others === 0) return { name, outcome: 'ok', message: `set${tail}` }
  const message = `${others} nodes on this network have another cluster secret${tail}`
  return { name, outcome: 'warn', message, fix: 'Where they belong to this cluster, give them the same cluster.secret.' }
}

function peerChecks({ network, peers }: HealthParts): Check[] {
  const status = new Map(network.supervisor.status().map((one) => [one.peer, one]))
  const throttled = new Map(network.control.peers().map((one) => [one.peer, one.throttled]))
  return peers.list().map(({ id, name, connected }): Check => {
    if (connected) return connectedCheck(name, throttled.get(id) ?? 0)
    const why = status.get(id)?.lastError?.message ?? 'it has not been reached yet'
    return { name: `peer ${name}`, outcome: 'warn', message: `not connected: ${why}`, fix: 'Is its daemon running, and its swarm port open?' }
  })
}

function connectedCheck(name: string, throttled: number): Check {
  if (throttled === 0) return { name: `peer ${name}`, outcome: 'ok', message: 'connected' }
  const message = `connected; its control messages were held back ${throttled} times, because there were too many`
  return { name: `peer ${name}`, outcome: 'warn', message, fix: 'Look at what that node does; raise limits.peerControlRate when it is right.' }
}
