/** Configuration of the WebRTC plugin: `plugins.webrtc`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link WebRtcConfig}, with defaults. */
export const webRtcConfig = Type.Object(
  {
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address that media come to; 0.0.0.0 for all IPv4, :: for all. Clients are told every address of this machine that it stands for.',
    }),
    port: Type.Integer({ default: 8189, minimum: 0, maximum: 65_535, description: 'UDP and TCP port for media, shared by all clients; 0 = any free one.' }),
    addresses: Type.Array(Type.String({ pattern: '^[0-9A-Fa-f.:]{2,45}$' }), {
      default: [],
      maxItems: 16,
      description: 'More addresses under which clients reach this port: public ones in front of a NAT.',
    }),
    stunServers: Type.Array(Type.String({ pattern: '^stun:[\\w.-]{1,253}(:[0-9]{1,5})?$' }), {
      default: [],
      maxItems: 8,
      description:
        'STUN servers, `stun:host:port`, that tell this node its public address; asked for each connection. None are needed where the port is reached.',
    }),
    maxSessions: Type.Integer({ default: 1000, minimum: 1, maximum: 100_000, description: 'Clients at a time; further ones are refused.' }),
    connectTimeout: Type.Integer({ default: 15_000, minimum: 100, description: 'ms from the answer until a client must be connected.' }),
    takeover: Type.Boolean({ default: false, description: 'A new publisher replaces the present one of its path; otherwise it is refused.' }),
    wait: Type.Integer({ default: 10_000, minimum: 0, maximum: 600_000, description: 'ms a viewer waits for a publisher, also for its return.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.webrtc` holds; defaults filled in. */
export type WebRtcConfig = Static<typeof webRtcConfig>
