/** What a portable plugin says of itself, checked before anything is made of it. */

import { ShoalError } from '../../../errors.js'
import type { HttpRoute, Schema } from '../../../plugin.js'
import type { ServiceName } from '../../../services.js'
import { fromJson } from './codec.js'
import { versions } from './limits.js'
import type { Description, Factory, Hello, Route } from './portable.pb.js'

/** A URL scheme that a plugin pulls or pushes. */
export interface DescribedFactory {
  /** Without the colon. */
  readonly protocol: string
  readonly prefix?: string
}

/** A route that a plugin answers. */
export interface DescribedRoute {
  readonly method: HttpRoute['method']
  readonly path: string
  readonly summary?: string
  readonly public: boolean
}

/** Events that a plugin can ask for. */
export type EventTopic = 'peers' | 'streams'

/** A portable plugin, as far as one must know it before it starts. */
export interface PluginDescription {
  readonly name: string
  readonly info: { readonly version?: string; readonly description?: string; readonly author?: string }
  readonly payloadKinds: readonly string[]
  readonly config?: Schema
  readonly pullers: readonly DescribedFactory[]
  readonly pushers: readonly DescribedFactory[]
  readonly routes: readonly DescribedRoute[]
  readonly events: readonly EventTopic[]
  /** Service slots it fills, and those it calls. */
  readonly provides: readonly ServiceName[]
  readonly uses: readonly ServiceName[]
}

/** Slots that a process can fill, and those that it can call. */
const providable: readonly ServiceName[] = ['authentication', 'permission', 'cache', 'storage', 'locks', 'logger', 'monitoring']
const usable: readonly ServiceName[] = ['cache', 'locks', 'authentication', 'permission', 'clusterNode', 'clusterRegistry']

const methods: readonly string[] = ['GET', 'POST', 'PUT', 'DELETE']

/**
 * Reads a plugin's Hello. Throws `ERR_VERSION_MISMATCH` with both ranges of versions, `ERR_PLUGIN_INVALID` for a
 * description that breaks the contract. `program` stands in messages where there is no name yet.
 */
export function readHello(hello: Hello, program: string): PluginDescription {
  const { version, minVersion, agent, plugin } = hello
  if (version < versions.lowest || minVersion > versions.highest || minVersion > version) {
    const theirs = `${minVersion} to ${version}${agent ? ` (${clean(agent, 60)})` : ''}`
    throw new ShoalError(
      'ERR_VERSION_MISMATCH',
      `The plugin ${program} speaks versions ${theirs} of the portable protocol, this daemon ${versions.lowest} to ${versions.highest}.`,
    )
  }
  if (!plugin) throw invalid(program, 'its Hello does not describe it')
  return describe(plugin, program)
}

function describe(wire: Description, program: string): PluginDescription {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(wire.name)) throw invalid(program, 'its name is not [a-z][a-z0-9-]* of at most 40 characters')
  const config = readSchema(wire.configSchema, program)
  return {
    name: wire.name,
    info: readInfo(wire),
    payloadKinds: readKinds(wire.kinds, program),
    ...(config && { config }),
    pullers: wire.pullers.map((factory) => readFactory(factory, program)),
    pushers: wire.pushers.map((factory) => readFactory(factory, program)),
    routes: wire.routes.map((route) => readRoute(route, program)),
    events: readEvents(wire.events, program),
    provides: readSlots(wire.provides, providable, program, 'fills'),
    uses: readSlots(wire.uses, usable, program, 'uses'),
  }
}

function readSlots(names: readonly string[], known: readonly ServiceName[], program: string, verb: string): ServiceName[] {
  if (new Set(names).size < names.length) throw invalid(program, `it names a service slot twice that it ${verb}`)
  return names.map((name) => {
    const slot = known.find((each) => each === name)
    if (slot !== undefined) return slot
    throw invalid(program, `it ${verb} the service slot ${clean(name, 60)}; a process can do that with ${known.join(', ')}`)
  })
}

function readInfo({ version, description, author }: Description): PluginDescription['info'] {
  return {
    ...(version !== '' && { version: clean(version, 60) }),
    ...(description !== '' && { description: clean(description, 500) }),
    ...(author !== '' && { author: clean(author, 100) }),
  }
}

function readKinds(kinds: readonly string[], program: string): readonly string[] {
  if (kinds.some((kind) => !/^[\x20-\x7e]{1,255}$/.test(kind))) throw invalid(program, 'a payload kind is not 1 to 255 printable ASCII characters')
  if (new Set(kinds).size < kinds.length) throw invalid(program, 'it claims a payload kind twice')
  return kinds
}

function readSchema(bytes: Uint8Array, program: string): Schema | undefined {
  if (bytes.byteLength > 256 * 1024) throw invalid(program, 'its config schema has more than 256 KiB')
  const schema = fromJson(bytes, `The config schema of ${program}`)
  if (schema === undefined) return undefined
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw invalid(program, 'its config schema is not an object')
  return schema
}

function readFactory({ protocol, prefix }: Factory, program: string): DescribedFactory {
  if (!/^[a-z][a-z0-9+.-]{0,39}$/.test(protocol)) throw invalid(program, 'the protocol of a puller or pusher is not a URL scheme without the colon')
  return { protocol, ...(prefix !== '' && { prefix }) }
}

function readRoute(route: Route, program: string): DescribedRoute {
  const { method, path, summary } = route
  if (!isMethod(method)) throw invalid(program, 'the method of a route is not GET, POST, PUT or DELETE')
  if (!/^\/[\x21-\x7e]{0,254}$/.test(path)) throw invalid(program, 'the path of a route does not begin with a slash')
  return { method, path, public: route.public, ...(summary !== '' && { summary: clean(summary, 200) }) }
}

function isMethod(text: string): text is HttpRoute['method'] {
  return methods.includes(text)
}

function readEvents(topics: readonly string[], program: string): EventTopic[] {
  return topics.map((topic) => {
    if (topic === 'peers' || topic === 'streams') return topic
    throw invalid(program, `there are no events called ${clean(topic, 60)}`)
  })
}

/** Why a process that was started again is another plugin than before, if it is: the host has made its plans by the first. */
export function changeOf(before: PluginDescription, now: PluginDescription): string | undefined {
  const parts = ['name', 'payloadKinds', 'config', 'pullers', 'pushers', 'routes', 'events', 'provides', 'uses'] as const
  return parts.find((part) => JSON.stringify(before[part]) !== JSON.stringify(now[part]))
}

function clean(text: string, max: number): string {
  return text.slice(0, max).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

function invalid(program: string, reason: string): ShoalError {
  return new ShoalError('ERR_PLUGIN_INVALID', `The plugin ${program} breaks the contract: ${reason}.`)
}
