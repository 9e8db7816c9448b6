/** A portable plugin of eKuiper, unmodified, as a plugin of this daemon. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { ShoalError } from '../../../errors.js'
import type { Plugin, PluginContext } from '../../../plugin.js'
import type { Nursery } from '../process/nursery.js'
import type { ProcessUsage } from '../process/usage.js'
import { type EkuiperConfig, ekuiperConfig } from './ekuiper-config.js'
import { type EkuiperLimits, EkuiperRun, type EkuiperStatus, ekuiperLimits } from './ekuiper-run.js'
import type { FunctionCall } from './function-channel.js'
import type { Manifest } from './manifest.js'
import { pushSink } from './sink.js'
import { SocketFolder } from './socket-folder.js'
import { pullSource } from './source.js'

/** What an eKuiper plugin is made of. */
export interface EkuiperPluginOptions {
  /** Absolute path of the unpacked package. */
  readonly folder: string
  readonly manifest: Manifest
  /** Folder of its sockets, in place of what the configuration says. */
  readonly sockets?: string
  readonly limits?: Partial<EkuiperLimits>
  /** Starts the program; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/** A plugin whose process speaks eKuiper's protocol; also the view that the host has of that process. */
export interface EkuiperPlugin extends Plugin<EkuiperConfig> {
  readonly manifest: Manifest
  readonly folder: string
  status(): EkuiperStatus
  /** What the process uses; undefined while there is none. */
  usage(): Promise<ProcessUsage | undefined>
  /** Calls `listener` once when the process is not started again. Returns the undo. */
  onGivenUp(listener: (error: ShoalError) => void): () => void
  /** How often each stream path uses a source or sink of it. */
  refs(): Readonly<Record<string, number>>
  /** Calls a function. Rejects with `ERR_NOT_FOUND`, `ERR_PLUGIN_FAILED` and the plugin's words, `ERR_TIMEOUT`, `ERR_OVERLOADED`, `ERR_STOPPING`. */
  call(symbol: string, func: FunctionCall, args: readonly unknown[]): Promise<unknown>
}

/** Is this a plugin made here? */
export function isEkuiperPlugin(plugin: object | undefined): plugin is EkuiperPlugin {
  return plugin !== undefined && made.has(plugin)
}

const made = new WeakSet<object>()

/** A name of eKuiper in the shape of ours: `My_Plugin.v2` → `my-plugin-v2`. Undefined where nothing is left of it. */
export function shoalName(name: string): string | undefined {
  const mapped = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
  return mapped === '' ? undefined : mapped
}

const args = Type.Array(Type.Unknown(), { maxItems: 256, description: 'Arguments of the function.' })
const callName = Type.Union([Type.Literal('Exec'), Type.Literal('Validate'), Type.Literal('IsAggregate')])
const callBody = Type.Object({ args: Type.Optional(args), call: Type.Optional(callName) }, { additionalProperties: false })

/**
 * Makes a plugin of an unpacked package. Its process runs from `start` to `shutdown`, and is started again when it ends in between; what
 * ran in it goes on. Throws `ERR_PLUGIN_INVALID` for a name of which nothing is left.
 */
export function ekuiperPlugin(options: EkuiperPluginOptions): EkuiperPlugin {
  const { manifest, folder } = options
  const name = shoalName(manifest.name)
  if (name === undefined) throw new ShoalError('ERR_PLUGIN_INVALID', `The name ${manifest.name} has no letter from which a plugin's name could be made.`)
  const listeners = new Set<(error: ShoalError) => void>()
  let run: EkuiperRun | undefined
  const live = (): EkuiperRun => {
    if (!run) throw new ShoalError('ERR_STOPPING', `The plugin ${manifest.name} does not run.`)
    return run
  }
  const givenUp = (error: ShoalError): void => {
    for (const listener of [...listeners]) listener(error)
    listeners.clear()
  }
  const call: EkuiperPlugin['call'] = async (symbol, func, given) => live().call(symbol, func, given)
  const stop = async (): Promise<void> => {
    await run?.stop()
    run = undefined
  }
  const plugin: EkuiperPlugin = {
    name,
    manifest,
    folder,
    info: { ...(manifest.version !== '' && { version: manifest.version }), description: descriptionOf(manifest) },
    payloadKinds: manifest.functions.map((symbol) => `${name}.${symbol}`),
    config: ekuiperConfig,
    async start(ctx) {
      const limits = { ...ekuiperLimits, ...options.limits }
      const sockets = await socketsOf(options, ctx)
      run = new EkuiperRun({ manifest, folder, ctx, sockets, limits, onGivenUp: givenUp, nursery: options.nursery })
      try {
        await run.start()
        register(ctx, manifest, name, live)
      } catch (error) {
        // the host calls no shutdown of a plugin that did not start
        await stop()
        throw error
      }
    },
    async handlePayload(_, kind, body) {
      return Buffer.from(JSON.stringify((await call(kind.slice(name.length + 1), 'Exec', argsOf(body))) ?? null))
    },
    shutdown: stop,
    status: () => run?.status() ?? { state: 'stopped', restarts: 0, queues: { commands: 0, calls: 0 } },
    usage: async () => run?.usage(),
    onGivenUp(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refs: () => run?.refs() ?? {},
    call,
  }
  made.add(plugin)
  return plugin
}

function descriptionOf({ name, sources, sinks, functions }: Manifest): string {
  const parts = Object.entries({ sources, sinks, functions }).filter(([, symbols]) => symbols.length > 0)
  return `eKuiper plugin ${name}: ${parts.map(([kind, symbols]) => `${kind} ${symbols.join(', ')}`).join('; ')}`.slice(0, 500)
}

async function socketsOf({ sockets }: EkuiperPluginOptions, ctx: PluginContext<EkuiperConfig>): Promise<SocketFolder> {
  const own = sockets ?? (ctx.config.sockets === 'own' ? join(ctx.dataDir, 's') : undefined)
  if (own !== undefined) await mkdir(own, { recursive: true, mode: 0o700 })
  return new SocketFolder(own)
}

/** Registers what the manifest names. URLs may name the plugin as eKuiper does, or as this daemon does. */
function register(ctx: PluginContext<EkuiperConfig>, manifest: Manifest, name: string, live: () => EkuiperRun): void {
  for (const host of new Set([manifest.name, name])) {
    const urls = { protocol: 'ekuiper', prefix: `ekuiper://${host}/` }
    if (manifest.sources.length > 0) ctx.puller({ ...urls, pull: async (job) => pullSource(live(), job) })
    if (manifest.sinks.length > 0) ctx.pusher({ ...urls, push: async (job) => pushSink(live(), job) })
  }
  if (manifest.functions.length === 0) return
  ctx.http.route({
    method: 'POST',
    path: '/functions/:symbol',
    summary: 'Call a function of this plugin.',
    body: callBody,
    handler: async ({ params, body }) => {
      const { args: given = [], call: func = 'Exec' } = { ...(body as { args?: unknown[]; call?: FunctionCall }) }
      return { result: await live().call(params['symbol'] ?? '', func, given) }
    },
  })
}

function argsOf(body: Uint8Array): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (Array.isArray(json)) return json
  } catch {
    // said below
  }
  throw new ShoalError('ERR_REQUEST_INVALID', 'The body is no JSON list of arguments.')
}
