import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { localPermission } from '../../../../src/daemon/host/defaults/local-permission.js'
import { MemoryCache } from '../../../../src/daemon/host/defaults/memory-cache.js'
import { tokenAuthentication } from '../../../../src/daemon/host/defaults/token-authentication.js'
import { Host } from '../../../../src/daemon/host/host.js'
import type { LoadedPlugin } from '../../../../src/daemon/host/hosted.js'
import { PluginRoutes } from '../../../../src/daemon/host/http.js'
import type { HostLimits } from '../../../../src/daemon/host/limits.js'
import type { HostParts } from '../../../../src/daemon/host/parts.js'
import { ServiceTable } from '../../../../src/daemon/host/services.js'
import type { Plugin, PluginContext, PullerFactory, PusherFactory } from '../../../../src/plugin.js'
import type { LogLine, Services } from '../../../../src/services.js'
import { FakePayloads, FakePeers, FakeStreams, type MemoryLog, memoryLog, memoryStorage } from '../../../../src/testing/index.js'

/** Limits short enough for tests. Those whose plugins do real work while they run are long; a test of a start that hangs shortens its own. */
export const quick: HostLimits = {
  start: 15_000,
  turn: 1000,
  call: 60,
  patience: 60,
  forgotten: 60,
  shutdown: 40,
  shutdowns: 100,
  tasks: 60,
  registrations: 1000,
  logLines: 1000,
}

/** A host over fakes, stopped and cleaned when the test ends. */
export interface Fixture {
  readonly host: Host
  readonly log: MemoryLog
  readonly lines: LogLine[]
  readonly streams: FakeStreams
  readonly peers: FakePeers
  readonly payloads: FakePayloads
  readonly routes: PluginRoutes
  readonly services: ServiceTable
  readonly pullers: Map<PullerFactory, string>
  readonly pushers: Map<PusherFactory, string>
  /** Kind → plugin, as the router has it. */
  readonly claims: Map<string, string>
  readonly parts: HostParts
  readonly home: string
  readonly signed: Uint8Array[]
}

export function makeHost(
  plugins: readonly (Plugin | LoadedPlugin)[],
  options: { limits?: Partial<HostLimits>; services?: Partial<Services>; connect?: boolean } = {},
): Fixture {
  const home = mkdtempSync(join(tmpdir(), 'shoal-host-'))
  const log = memoryLog()
  const lines: LogLine[] = []
  const defaults: Partial<Services> = {
    storage: memoryStorage(),
    cache: new MemoryCache(),
    permission: localPermission(),
    authentication: tokenAuthentication({ token: () => 'token' }),
    logger: { write: (line) => lines.push(line) },
    ...options.services,
  }
  const services = new ServiceTable({ defaults, log, limit: 60 })
  const routes = new PluginRoutes()
  const [streams, peers, payloads] = [new FakeStreams(), new FakePeers(), new FakePayloads()]
  const [pullers, pushers, claims] = [new Map<PullerFactory, string>(), new Map<PusherFactory, string>(), new Map<string, string>()]
  const signed: Uint8Array[] = []
  const parts: HostParts = {
    peers,
    payloads,
    streams,
    pulls: registry(pullers),
    pushes: registry(pushers),
    claim(kind, plugin) {
      if (claims.has(kind)) throw new Error(`${kind} is claimed already`)
      claims.set(kind, plugin)
      return () => claims.delete(kind)
    },
  }
  const node = { id: '12D3KooWSelf', name: 'self', sign: async (bytes: Uint8Array) => new Uint8Array([signed.push(bytes)]), secret: 'private key' }
  const limits = { ...quick, ...options.limits }
  const host = new Host(
    { log: () => log, dataDir: (plugin) => join(home, plugin), node, services, routes, limits },
    options.connect === false ? undefined : parts,
  )
  onTestFinished(async () => {
    await host.stop()
    rmSync(home, { recursive: true, force: true })
  })
  host.load(plugins.map((entry) => ('source' in entry ? entry : { name: entry.name, source: 'test', plugin: entry })))
  return { host, log, lines, streams, peers, payloads, routes, services, pullers, pushers, claims, parts, home, signed }
}

function registry<F>(map: Map<F, string>): { addFactory(factory: F, owner: string): () => void } {
  return {
    addFactory(factory, owner) {
      map.set(factory, owner)
      return () => map.delete(factory)
    },
  }
}

/** A plugin that hands its context out. */
export function probe(name: string, extra: Partial<Plugin> = {}): { plugin: Plugin; ctx: () => PluginContext } {
  let kept: PluginContext | undefined
  const plugin: Plugin = {
    ...extra,
    name,
    async start(ctx) {
      kept = ctx
      await extra.start?.(ctx)
    },
  }
  return {
    plugin,
    ctx() {
      if (!kept) throw new Error(`${name} was not started`)
      return kept
    },
  }
}

/** Never settles. */
export const forever = (): Promise<never> => new Promise(() => {})

/** {@link Host.deliver}, with a promise in any case. */
export async function delivered(host: Host, ...what: Parameters<Host['deliver']>): Promise<Uint8Array | undefined> {
  return host.deliver(...what)
}
