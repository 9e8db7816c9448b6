/** What can be set for storage-postgres. */

import { Type } from 'typebox'
import type { PasswordConfig } from '../../backends/password.js'

/** Configuration of storage-postgres. */
export interface StoragePostgresConfig extends PasswordConfig {
  /** `postgres://USER@HOST:PORT/DATABASE`, with `?sslmode=verify-full` for TLS. */
  readonly url: string
  /** The one table it makes and uses. */
  readonly table: string
  /** Connections at most. */
  readonly connections: number
  /** ms a statement has. */
  readonly timeout: number
}

/** Its schema. */
export const storagePostgresSchema = Type.Object(
  {
    url: Type.String({
      default: 'postgres://shoal@127.0.0.1:5432/shoal',
      pattern: '^postgres(ql)?://',
      maxLength: 1024,
      expects: 'postgres://USER@HOST:PORT/DATABASE',
      description: 'The database. With ?sslmode=verify-full it is TLS; sslrootcert=FILE names the authority.',
    }),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, secret: true, description: 'Password of the user.' })),
    passwordFile: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        examples: ['/etc/shoal/postgres.password'],
        description: 'File of mode 0600 whose first line is the password.',
      }),
    ),
    table: Type.String({
      default: 'shoal_storage',
      pattern: '^[a-z_][a-z0-9_]{0,47}$',
      maxLength: 48,
      expects: 'a name of a-z, 0-9 and _',
      description: 'The table, made where it is absent. Several nodes may share it: each sees its own rows.',
    }),
    connections: Type.Integer({ default: 4, minimum: 1, maximum: 100, description: 'Connections at most.' }),
    timeout: Type.Integer({ default: 10_000, minimum: 50, maximum: 600_000, unit: 'ms', description: 'Time a statement has.' }),
  },
  { additionalProperties: false },
)
