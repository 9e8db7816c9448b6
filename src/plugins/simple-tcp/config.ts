/** What can be set for simple-tcp. */

import { Type } from 'typebox'

/** Configuration of simple-tcp. */
export interface SimpleTcpConfig {
  /** Address to listen on; default 127.0.0.1. */
  readonly host: string
  /** TCP port; 0 = any free one. Default 4720. */
  readonly port: number
  /** Clients at a time; default 100. */
  readonly maxConnections: number
  /** Bytes of a line from a client; default 65,536. */
  readonly maxLine: number
  /** Bytes that may wait for a client that does not read; then it is cut. Default 1 MiB. */
  readonly maxOutput: number
}

/** Its schema. */
export const simpleTcpSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
    port: Type.Integer({ default: 4720, minimum: 0, maximum: 65_535, description: 'TCP port; 0 = any free one.' }),
    maxConnections: Type.Integer({ default: 100, minimum: 1, maximum: 450, description: 'Clients at a time.' }),
    maxLine: Type.Integer({ default: 65_536, minimum: 64, maximum: 16_777_216, description: 'Bytes of a line from a client.' }),
    maxOutput: Type.Integer({ default: 1_048_576, minimum: 1024, maximum: 268_435_456, description: 'Bytes that may wait for a slow client.' }),
  },
  { additionalProperties: false },
)
