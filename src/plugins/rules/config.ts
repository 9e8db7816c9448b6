/** What can be set for rules. */

import { Type } from 'typebox'

/** Configuration of rules. */
export interface RulesConfig {
  /** The rules file, absolute or beside the configuration; default `rules.yaml`. */
  readonly file: string
}

/** Its schema. */
export const rulesSchema = Type.Object(
  {
    file: Type.String({
      default: 'rules.yaml',
      minLength: 1,
      maxLength: 4096,
      description: 'Rules file, beside shoal.yaml unless absolute. A change of the file counts at once.',
    }),
  },
  { additionalProperties: false },
)
