/** What can be set for auth-file. */

import { Type } from 'typebox'

/** Configuration of auth-file. */
export interface AuthFileConfig {
  /** The users file, absolute or beside the configuration; default `users.yaml`. */
  readonly file: string
  /** What becomes of a user who is not in the file; default `refuse`. */
  readonly unknown: 'refuse' | 'pass'
}

/** Its schema. */
export const authFileSchema = Type.Object(
  {
    file: Type.String({
      default: 'users.yaml',
      minLength: 1,
      maxLength: 4096,
      description: 'Users file, beside shoal.yaml unless absolute; mode 0600. A change of the file counts at once.',
    }),
    unknown: Type.Union([Type.Literal('refuse'), Type.Literal('pass')], {
      default: 'refuse',
      description: 'A user who is not in the file: refused, or left to the next plugin that authenticates.',
    }),
  },
  { additionalProperties: false },
)
