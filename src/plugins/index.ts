/** The built-in plugins, in the order in which they start. Reading this list is reading what a node can do. */

import type { Plugin } from '../plugin.js'
import { file } from './file/index.js'
import { httpFlv } from './http-flv/index.js'
import { messaging } from './messaging/index.js'
import { monitor } from './monitor/monitor.js'
import { rtmp } from './rtmp/index.js'
import { rules } from './rules/rules.js'
import { simpleTcp } from './simple-tcp/simple-tcp.js'

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
    { plugin: httpFlv as Plugin, enabled: true },
    { plugin: file as Plugin, enabled: true },
    { plugin: monitor() as Plugin, enabled: true },
    { plugin: messaging() as Plugin, enabled: true },
    { plugin: simpleTcp() as Plugin, enabled: false },
    { plugin: rules(configDir) as Plugin, enabled: false },
  ]
}
