/** What can be set for messaging. */

import { type Static, Type } from 'typebox'
import { maxText } from './text.js'

/** Its schema. */
export const messagingConfig = Type.Object(
  {
    maxText: Type.Integer({ default: maxText, minimum: 1, maximum: maxText, description: 'Longest message that is sent or taken, in bytes of UTF-8.' }),
    history: Type.Integer({ default: 1000, minimum: 1, maximum: 100_000, description: 'Messages kept of each conversation; the oldest go first.' }),
    queue: Type.Integer({ default: 500, minimum: 1, maximum: 10_000, description: 'Messages that may wait for one peer.' }),
  },
  { additionalProperties: false },
)

/** Configuration of messaging, defaults filled in. */
export type MessagingConfig = Static<typeof messagingConfig>
