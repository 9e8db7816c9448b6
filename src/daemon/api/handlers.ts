/** What each route does: from validated input, through the daemon's port, to an answer of the table's shape. */

import { ShoalError } from '../../errors.js'
import type { PluginRoutes } from '../host/http.js'
import { taskAnswer } from './answers.js'
import type { Handlers, HandlersOf } from './call.js'
import { installHandlers } from './handlers-install.js'
import { pairingHandlers } from './handlers-pairing.js'
import { peerHandlers } from './handlers-peers.js'
import { pluginHandlers } from './handlers-plugins.js'
import { portableHandlers } from './handlers-portables.js'
import { streamHandlers } from './handlers-streams.js'
import { trustHandlers } from './handlers-trust.js'
import { workHandlers } from './handlers-work.js'
import { openApi } from './openapi.js'
import type { DaemonPort } from './port.js'
import type { Output } from './table.js'

/** Makes the handlers of one daemon. */
export function createHandlers(port: DaemonPort, plugins: Pick<PluginRoutes, 'list'>): Handlers {
  return {
    ...nodeHandlers(port, plugins),
    ...peerHandlers(port),
    ...pairingHandlers(port),
    ...trustHandlers(port),
    ...streamHandlers(port),
    ...workHandlers(port),
    ...pluginHandlers(port, plugins),
    ...installHandlers(port),
    ...portableHandlers(port),
  }
}

type NodeRoutes = 'health' | 'ready' | 'status' | 'version' | 'openapi' | 'stop' | 'tasks' | 'slots' | 'doctor' | 'token.rotate' | 'log.reopen'

function nodeHandlers(port: DaemonPort, plugins: Pick<PluginRoutes, 'list'>): HandlersOf<NodeRoutes> {
  const { node, log } = port
  return {
    health: () => ({ ok: true }),
    ready: () => {
      const state = node.state()
      const refusal = node.refusal()
      if (refusal) throw refusal
      if (state === 'running') return { ready: true }
      throw new ShoalError(state === 'starting' ? 'ERR_NOT_READY' : 'ERR_STOPPING')
    },
    status: () => status(port),
    version: () => ({ schema: 1, ...node.versions }),
    openapi: () => openApi(node.versions.version, plugins.list()),
    stop: ({ body }) => {
      node.stop(body.reason ?? 'asked for through the API')
      return { schema: 1, stopping: true, pid: process.pid }
    },
    tasks: () => ({ schema: 1, tasks: node.tasks().map(taskAnswer) }),
    slots: () => ({ schema: 1, slots: node.slots().map((slot) => ({ ...slot, providers: [...slot.providers] })) }),
    doctor: async (_, { signal }) => ({ schema: 1, checks: await node.doctor(signal) }),
    'token.rotate': async () => ({ schema: 1, token: await node.rotateToken() }),
    'log.reopen': () => {
      log.reopen()
      return { schema: 1, ok: true }
    },
  }
}

function status(port: DaemonPort): Output<'status'> {
  const { node } = port
  const state = node.state()
  const problems = node.problems()
  const http = node.http()
  const peers = port.peers.list()
  const streams = port.streams.list()
  const plugins = port.plugins.list()
  const count = (...states: string[]): number => plugins.filter((plugin) => states.includes(plugin.state)).length
  const { rss, heapUsed } = process.memoryUsage()
  return {
    schema: 1,
    state: state === 'running' && problems.length > 0 ? 'degraded' : state,
    ready: state === 'running' && node.refusal() === undefined,
    id: node.id,
    name: node.name,
    version: node.versions.version,
    pid: process.pid,
    home: node.home,
    startedAt: node.startedAt,
    uptime: Math.max(0, Date.now() - node.startedAt),
    addresses: node.addresses(),
    ...(http && { http: { ...http, url: httpUrl(http) } }),
    peers: { trusted: peers.length, connected: peers.filter((peer) => peer.connected).length },
    streams: {
      local: streams.length,
      subscribers: streams.reduce((sum, stream) => sum + stream.subscribers, 0),
      bitrateIn: streams.reduce((sum, stream) => sum + stream.bitrate, 0),
    },
    plugins: { running: count('running'), failed: count('failed'), disabled: count('disabled') },
    memory: { rss, heapUsed },
    problems,
    notes: node.notes(),
  }
}

/** An address that a browser on this machine can open. */
function httpUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}/`
  if (host === '::') return `http://[::1]:${port}/`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
}
