/** Configuration of the RTMP plugin: `plugins.rtmp`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link RtmpConfig}, with defaults. */
export const rtmpConfig = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on; 0.0.0.0 for all IPv4, :: for all.' }),
    port: Type.Integer({ default: 1935, minimum: 0, maximum: 65_535, description: 'TCP port; 0 = any free one.' }),
    chunkSize: Type.Integer({ default: 60_000, minimum: 128, maximum: 1_048_576, description: 'Chunk size of what is sent, in bytes.' }),
    maxConnections: Type.Integer({ default: 1000, minimum: 1, maximum: 100_000, description: 'Connections at a time; further ones are closed at once.' }),
    handshakeTimeout: Type.Integer({ default: 10_000, minimum: 100, description: 'ms a client has for handshake and connect.' }),
    idleTimeout: Type.Integer({
      default: 30_000,
      minimum: 300,
      description: 'ms without a byte from a client, or without publish or play, before it is cut. Pings are sent in between.',
    }),
    stallTimeout: Type.Integer({ default: 10_000, minimum: 100, description: 'ms in which a viewer takes nothing of what waits for it before it is cut.' }),
    batch: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1000,
      description:
        'ms that frames for a player may wait to go out together: less CPU for more latency. With 0 each picture goes at once and sound with the next picture, at most 40 ms later.',
    }),
    playWait: Type.Integer({ default: 5000, minimum: 0, description: 'ms play waits for a publisher, also for its return.' }),
    takeover: Type.Boolean({ default: false, description: 'A new publisher replaces the present one of its path; otherwise it is refused.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.rtmp` holds; defaults filled in. */
export type RtmpConfig = Static<typeof rtmpConfig>
