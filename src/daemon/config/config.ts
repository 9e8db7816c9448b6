/** The door of this room: what the rest of the daemon uses of the configuration. */

export { type ConfigOptions, checkConfig, loadConfig } from './load.js'
export type { LoadedConfig, RuntimeChange, Source } from './loaded-config.js'
export { configSchema, type KnownPlugins, ownConfig } from './plugin-schema.js'
export { type Problem, problemText } from './problem.js'
export { defaultYaml } from './sample.js'
export type { Config } from './schema.js'
