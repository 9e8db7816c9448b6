/** What can be set for endpoint-websocket. */

import { Type } from 'typebox'

/** Configuration of endpoint-websocket. */
export interface WebSocketConfig {
  /** Address to listen on; default 127.0.0.1. */
  readonly host: string
  /** TCP port; 0 = any free one. Default 4730. */
  readonly port: number
  /** Names beside localhost and its addresses under which this machine is called. */
  readonly allowedHosts: readonly string[]
  /** Origins of pages whose scripts may connect. */
  readonly allowedOrigins: readonly string[]
  /** Clients at a time; default 500. */
  readonly maxConnections: number
  /** Bytes of a message from a client; default 1 MiB. */
  readonly maxMessage: number
  /** Messages in a batch; default 50. */
  readonly maxBatch: number
  /** Bytes that may wait for a client that does not read; then it is cut. Default 4 MiB. */
  readonly maxOutput: number
  /** ms to log in; default 10,000. */
  readonly loginTimeout: number
  /** ms between pings; a client that does not answer one until the next is cut. Default 30,000. */
  readonly pingInterval: number
}

const texts = (description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { default: [], maxItems: 100, description })

/** Its schema. */
export const webSocketSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
    port: Type.Integer({ default: 4730, minimum: 0, maximum: 65_535, description: 'TCP port; 0 = any free one.' }),
    allowedHosts: texts('Names beside localhost and its addresses under which clients call this machine.'),
    allowedOrigins: texts('Origins of web pages that may connect: https://player.example. Programs that are no browsers need none.'),
    maxConnections: Type.Integer({ default: 500, minimum: 1, maximum: 10_000, description: 'Clients at a time.' }),
    maxMessage: Type.Integer({ default: 1_048_576, minimum: 256, maximum: 16_777_216, description: 'Bytes of a message from a client.' }),
    maxBatch: Type.Integer({ default: 50, minimum: 1, maximum: 64, description: 'Messages in a batch.' }),
    maxOutput: Type.Integer({ default: 4_194_304, minimum: 1024, maximum: 268_435_456, description: 'Bytes that may wait for a slow client.' }),
    loginTimeout: Type.Integer({ default: 10_000, minimum: 50, maximum: 60_000, description: 'ms a client has to log in.' }),
    pingInterval: Type.Integer({ default: 30_000, minimum: 50, maximum: 600_000, description: 'ms between pings; who does not answer is cut.' }),
  },
  { additionalProperties: false },
)
