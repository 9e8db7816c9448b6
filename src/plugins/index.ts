/** The built-in plugins, in the order in which they start. Reading this list is reading what a node can do. */

import type { Plugin } from '../plugin.js'
import { authFile } from './auth-file/index.js'
import { authHttp } from './auth-http/index.js'
import { cacheRedis } from './cache-redis/index.js'
import { clusterRedis } from './cluster-redis/index.js'
import { endpointWebSocket } from './endpoint-websocket/index.js'
import { file } from './file/index.js'
import { fmp4 } from './fmp4/index.js'
import { hls } from './hls/index.js'
import { httpFlv } from './http-flv/index.js'
import { locksRedis } from './locks-redis/index.js'
import { logFile } from './log-file/index.js'
import { messaging } from './messaging/index.js'
import { monitor } from './monitor/monitor.js'
import { monitoringHttp } from './monitoring-http/index.js'
import { mpegts } from './mpegts/index.js'
import { permissionHttp } from './permission-http/index.js'
import { rtmp } from './rtmp/index.js'
import { rtsp } from './rtsp/index.js'
import { rules } from './rules/rules.js'
import { simpleTcp } from './simple-tcp/simple-tcp.js'
import { snapshot } from './snapshot/index.js'
import { srt } from './srt/index.js'
import { storagePostgres } from './storage-postgres/index.js'
import { storageSqlite } from './storage-sqlite/index.js'
import { transcode } from './transcode/index.js'
import { watch } from './watch/index.js'
import { webrtc } from './webrtc/index.js'

/** A plugin that comes with the daemon. */
export interface BuiltIn {
  readonly plugin: Plugin
  /** Does it start unless the configuration says otherwise? */
  readonly enabled: boolean
}

/** Makes the list; plugins hold no state outside of `start`, but one daemon's objects are never another's. `configDir`: folder of `shoal.yaml`. */
export function builtIns(configDir?: string): readonly BuiltIn[] {
  return [
    { plugin: rtmp as Plugin, enabled: true },
    { plugin: rtsp as Plugin, enabled: true },
    { plugin: httpFlv as Plugin, enabled: true },
    { plugin: fmp4 as Plugin, enabled: true },
    { plugin: mpegts as Plugin, enabled: true },
    { plugin: hls as Plugin, enabled: true },
    { plugin: snapshot as Plugin, enabled: true },
    { plugin: watch as Plugin, enabled: true },
    { plugin: srt as Plugin, enabled: true },
    { plugin: transcode as Plugin, enabled: true },
    { plugin: webrtc as Plugin, enabled: true },
    { plugin: file as Plugin, enabled: true },
    { plugin: monitor() as Plugin, enabled: true },
    { plugin: messaging() as Plugin, enabled: true },
    { plugin: simpleTcp() as Plugin, enabled: false },
    { plugin: rules(configDir) as Plugin, enabled: false },
    { plugin: authFile(configDir) as Plugin, enabled: false },
    { plugin: authHttp() as Plugin, enabled: false },
    { plugin: permissionHttp() as Plugin, enabled: false },
    { plugin: monitoringHttp() as Plugin, enabled: false },
    { plugin: endpointWebSocket() as Plugin, enabled: false },
    { plugin: logFile() as Plugin, enabled: false },
    { plugin: storageSqlite() as Plugin, enabled: false },
    { plugin: storagePostgres() as Plugin, enabled: false },
    { plugin: cacheRedis() as Plugin, enabled: false },
    { plugin: clusterRedis() as Plugin, enabled: false },
    { plugin: locksRedis() as Plugin, enabled: false },
  ]
}
