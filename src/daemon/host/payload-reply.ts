/** What a plugin's `handlePayload` came to, for the sender. */

import { ShoalError } from '../../errors.js'
import { describe, type Outcome } from './containment.js'
import type { Hosted } from './hosted.js'

/** The reply. Throws what the sender shall learn: `ERR_TIMEOUT`, `ERR_PAYLOAD_REJECTED`, or why the plugin was stopped meanwhile. */
export function payloadReply(hosted: Hosted, outcome: Outcome<unknown>): Uint8Array | undefined {
  if (outcome.kind === 'hung') throw hosted.note('handlePayload', outcome)
  const reply = outcome.kind === 'done' ? outcome.value : undefined
  if (outcome.kind === 'done' && (reply === undefined || reply instanceof Uint8Array)) return reply
  const { signal } = hosted.scope
  if (outcome.kind === 'threw' && signal.aborted && outcome.error === signal.reason) throw signal.reason
  const error = outcome.kind === 'threw' ? outcome.error : new TypeError(`it answered with a ${typeof reply}, neither bytes nor nothing`)
  hosted.note('handlePayload', { kind: 'threw', error })
  throw new ShoalError('ERR_PAYLOAD_REJECTED', `The plugin ${hosted.name} rejected the payload: ${describe(error)}`, { cause: error })
}
