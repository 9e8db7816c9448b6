/**
 * The library: a node in your own program, and the types for writing plugins.
 *
 *     import { createDaemon, definePlugin } from 'shoal'
 *     const daemon = await createDaemon({ home: '/tmp/node', plugins: [definePlugin({ name: 'hello' })] })
 *     await daemon.start()
 */

import './polyfill.js'

export { createDaemon, type Daemon, type DaemonOptions } from './daemon/daemon.js'
export * from './errors.js'
export * from './plugin.js'
export * from './services.js'
export * from './stream.js'
