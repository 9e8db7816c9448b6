/** What the lock machines ask for. */

import type { PeerId } from '../../../../plugin.js'
import type { LockMessage, Term } from './lock-messages.js'

/** Done in order. A message to oneself is handled as one that arrived. */
export type LockEffect =
  | { readonly type: 'send'; readonly to: PeerId; readonly message: LockMessage }
  /** Make it durable, then call `saved`. */
  | { readonly type: 'save'; readonly term: Term }
  | { readonly type: 'granted'; readonly request: string; readonly name: string; readonly token: string }
  | { readonly type: 'denied' | 'lost'; readonly request: string }
