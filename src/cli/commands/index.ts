/** All commands, in the order in which help lists them. */

import type { Register } from '../command.js'
import { registerBench } from './bench.js'
import { registerCompletion } from './completion.js'
import { registerConfig } from './config.js'
import { registerDemo } from './demo.js'
import { registerHelp } from './help.js'
import { registerHome } from './home.js'
import { registerMsg } from './msg.js'
import { registerNode } from './node.js'
import { registerPeers } from './peers.js'
import { registerPlugins } from './plugins.js'
import { registerRules } from './rules.js'
import { registerSlots } from './slots.js'
import { registerStart } from './start.js'
import { registerStreams } from './streams.js'
import { registerWork } from './work.js'

/** All commands, in the order of the help. */
export const commands: readonly Register[] = [
  registerStart,
  registerNode,
  registerPeers,
  registerStreams,
  registerMsg,
  registerWork,
  registerPlugins,
  registerSlots,
  registerConfig,
  registerRules,
  registerHome,
  registerCompletion,
  registerDemo,
  registerBench,
  registerHelp,
]
