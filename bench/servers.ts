/** The servers that are compared: ours as built here and elsewhere, and its peers. Each takes RTMP; some give HTTP-FLV. */

import { hasNginx, NginxServer } from './nginx.js'
import { installNms, NmsServer, nmsVersion } from './nms.js'
import type { Started } from './process.js'
import { path } from './scenario.js'
import { ownBuild, ShoalNode } from './shoal-node.js'

/** What viewers watch by. */
export type ViewFormat = 'flv' | 'rtmp'

/** A server that was started. */
export interface Server {
  readonly process: Started
  readonly rtmp: string
  readonly http?: string
  stop(): Promise<void>
}

/** A sort of server. */
export interface ServerKind {
  /** `shoal`, `shoal batch 33`, `nms`, `nginx-rtmp`. */
  readonly name: string
  readonly formats: readonly ViewFormat[]
  /** Does sound wait for the next picture? */
  readonly rides: boolean
  start(): Promise<Server>
}

/** A build of ours. `batch`: ms of `plugins.*.batch`; `flags`: Node's. */
export function shoalKind(name: string, folder = ownBuild, { batch, flags = [] }: { batch?: number; flags?: readonly string[] } = {}): ServerKind {
  const yaml = batch === undefined ? '' : `plugins:\n  rtmp: { batch: ${batch} }\n  http-flv: { batch: ${batch} }\n`
  return {
    name,
    formats: ['flv', 'rtmp'],
    rides: true,
    async start() {
      const node = await ShoalNode.start('a', folder, flags, yaml)
      return { process: node.daemon, rtmp: node.rtmp, http: node.http, stop: () => node.stop() }
    },
  }
}

/** Node-Media-Server. */
export const nmsKind: ServerKind = {
  name: 'nms',
  formats: ['flv', 'rtmp'],
  rides: false,
  start: () => {
    installNms()
    return NmsServer.start()
  },
}

/** nginx with its RTMP module; none where it is not installed. */
export const nginxKinds: readonly ServerKind[] = hasNginx ? [{ name: 'nginx-rtmp', formats: ['rtmp'], rides: false, start: () => NginxServer.start() }] : []

/** Who the peers are, for people. */
export const peersText = `node-media-server ${nmsVersion}${hasNginx ? ', nginx with libnginx-mod-rtmp' : ' (no nginx here: apt-get install nginx libnginx-mod-rtmp)'}`

/** Where a stream published at `server` is watched. */
export function viewUrl(server: Server, format: ViewFormat): string {
  return format === 'flv' ? `${server.http}/${path}.flv` : `${server.rtmp}/${path}`
}
