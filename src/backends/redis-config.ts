/** What can be set for every plugin that uses Redis. */

import { type TSchema, Type } from 'typebox'
import type { PasswordConfig } from './password.js'

/** Where Redis is and what is said to it. */
export interface RedisConfig extends PasswordConfig {
  /** `redis://HOST:PORT/DATABASE`, or `rediss://` for TLS; the default port is 6379. */
  readonly url: string
  /** Every key and channel begins with it. */
  readonly prefix: string
  /** ms a command has. */
  readonly timeout: number
}

/** The schema; `more` are the plugin's own keys. */
export function redisSchema(prefix: string, more: Readonly<Record<string, TSchema>> = {}) {
  return Type.Object(
    {
      url: Type.String({
        default: 'redis://127.0.0.1:6379',
        pattern: '^rediss?://',
        maxLength: 1024,
        expects: 'redis://HOST:PORT, or rediss:// for TLS',
        description: 'The server. rediss:// is TLS.',
      }),
      password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, secret: true, description: 'Password of the server.' })),
      passwordFile: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 4096,
          examples: ['/etc/shoal/redis.password'],
          description: 'File of mode 0600 whose first line is the password.',
        }),
      ),
      prefix: Type.String({ default: prefix, minLength: 1, maxLength: 200, description: 'Everything it writes begins with this.' }),
      timeout: Type.Integer({ default: 1000, minimum: 10, maximum: 60_000, unit: 'ms', description: 'Time a command has.' }),
      ...more,
    },
    { additionalProperties: false },
  )
}
