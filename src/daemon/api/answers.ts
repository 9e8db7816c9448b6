/** From the rooms' own objects to the shapes of the route table. */

import { createHash } from 'node:crypto'
import type { PeerId, PeerInfo } from '../../plugin.js'
import type { StreamInfo, Track } from '../../stream.js'
import type { Source } from '../config/config.js'
import type { PluginInfo, ProcessInfo } from '../host/hosted.js'
import type { RouteInfo } from '../host/http.js'
import type { JobInfo } from '../streams/job.js'
import type { PullInfo } from '../streams/pulls.js'
import type { TaskNode } from '../util/scope.js'
import type { PluginView } from './port.js'
import type { Output } from './table.js'
import type { TaskRow } from './table-shapes.js'

type StreamAnswer = Output<'streams.list'>['streams'][number]
type PluginAnswer = Output<'plugins.list'>['plugins'][number]

/** A peer. */
export function peerAnswer(peer: PeerInfo): Output<'peers.list'>['peers'][number] {
  const { id, name, connected, addresses, kinds, version, trustedSince, lastSeen, trustedBy, introducedBy, encryption, rtt, hops, via } = peer
  const known = { ...(version !== undefined && { version }), ...(hops !== undefined && { hops }) }
  const link = { ...(encryption && { encryption }), ...(rtt !== undefined && { rtt }), ...(via && { via }) }
  const trust = { ...(trustedBy !== undefined && { trustedBy }), ...(introducedBy !== undefined && { introducedBy }) }
  return { id, name, connected, addresses, kinds, trustedSince, lastSeen, ...trust, ...known, ...link }
}

function trackAnswer(track: Track): StreamAnswer['tracks'][number] {
  const { description: _, ...rest } = track
  return rest
}

/** Where a stream is, seen from a node: `at` has it. */
interface StreamPlace {
  /** This node. */
  readonly self: PeerId
  readonly at: PeerId
  /** Undefined where the name is not known. */
  nameOf(peer: PeerId): string | undefined
}

/** A stream with the node that has it and the one it comes from. */
export function streamAnswer(stream: StreamInfo, { self, at, nameOf }: StreamPlace): StreamAnswer {
  const [atName, originName] = [nameOf(at), nameOf(stream.origin)]
  const names = { ...(atName !== undefined && { atName }), ...(originName !== undefined && { originName }) }
  return { ...stream, tracks: stream.tracks.map(trackAnswer), local: at === self, at, ...names }
}

function jobAnswer({ path, url, state, since, tries, lastError }: JobInfo) {
  return { path, url, state, since, tries, ...(lastError && { error: { code: lastError.code, message: lastError.message } }) }
}

/** A pull. */
export function pullAnswer(pull: PullInfo): Output<'pulls.list'>['pulls'][number] {
  return { ...jobAnswer(pull), onDemand: pull.onDemand }
}

/** A push. Its id is made of path and URL, which name it. */
export function pushAnswer(push: JobInfo): Output<'pushes.list'>['pushes'][number] {
  return { id: createHash('sha256').update(`${push.path}\n${push.url}`).digest('hex').slice(0, 12), ...jobAnswer(push) }
}

/** A plugin in a list. */
export function pluginAnswer(plugin: PluginInfo): PluginAnswer {
  const { name, state, version, description, required, reason, provides, counters } = plugin
  // what does not run handles nothing, and is in nobody's shadow
  const kinds = state === 'running' ? plugin.kinds : []
  return {
    name,
    state,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    required,
    ...(reason !== undefined && { error: reason }),
    kinds: kinds.filter((claim) => claim.shadowedBy === undefined).map((claim) => claim.kind),
    shadowed: kinds.flatMap(({ kind, shadowedBy }) => (shadowedBy === undefined ? [] : [{ kind, by: shadowedBy }])),
    provides,
    faults: counters.errors + counters.timeouts,
    ...faultOf(plugin),
  }
}

/** What it last did wrong. A process that ended is said where nothing else is. */
function faultOf({ lastError, overdue, counters, process }: PluginInfo): { readonly lastFault?: string } {
  if (lastError) return { lastFault: `${lastError.where}: ${lastError.message}` }
  const told = overdue ?? process?.complaint ?? process?.lastEnd
  if (told !== undefined) return { lastFault: told }
  return counters.droppedLogLines > 0 ? { lastFault: `It writes too many log lines; ${counters.droppedLogLines} were dropped.` } : {}
}

/** What goes into {@link pluginDetail} beside the plugin itself. */
export interface PluginSurroundings {
  /** Of all plugins. */
  readonly routes: readonly RouteInfo[]
  /** Its section, secrets hidden. */
  readonly config: unknown
  readonly usage: { readonly cpu: number; readonly memory: number } | undefined
}

/** One plugin with all there is to say. */
export function pluginDetail(plugin: PluginView, { routes, config, usage }: PluginSurroundings): Output<'plugins.info'>['plugin'] {
  const own = routes.filter((route) => route.plugin === plugin.name)
  const { section, source, author, requires, pullers, pushers, counters, lastError, process, needsRestart } = plugin
  return {
    ...pluginAnswer(plugin),
    ...{ section, source, requires, pullers: [...pullers], pushers: [...pushers], counters: { ...counters }, needsRestart: [...needsRestart] },
    routes: own.map((route) => ({ method: route.kind === 'websocket' ? 'WS' : route.method, path: route.path, public: route.public })),
    tasks: plugin.tasks.map(taskAnswer),
    config: typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : {},
    ...(author !== undefined && { author }),
    ...(lastError && { lastError: { ...lastError } }),
    ...(process && { process: processAnswer(process, usage) }),
  }
}

function processAnswer({ state, pid, restarts, lastEnd, queues }: ProcessInfo, usage: PluginSurroundings['usage']) {
  const known = { ...(pid !== undefined && { pid }), ...(lastEnd !== undefined && { lastEnd }) }
  return { state, restarts, queues: { ...queues }, ...known, ...(usage && { cpu: Math.round(usage.cpu), memory: usage.memory }) }
}

/** A source of a configuration value; JSON knows no `undefined`. */
export function sourceAnswer(source: Source): Output<'config.sources'>['sources'][number] {
  return { ...source, value: source.value ?? null }
}

/** A task and those below it. */
export function taskAnswer(task: TaskNode): TaskRow {
  const { name, state, restarts, age, error, progress, children } = task
  const rest = { ...(error !== undefined && { error }), ...(progress && { progress }) }
  return { name, state, restarts, age: Math.round(age), ...rest, children: children.map(taskAnswer) }
}
