/** Configuration of the RTSP plugin: `plugins.rtsp`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link RtspConfig}, with defaults. */
export const rtspConfig = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on; 0.0.0.0 for all IPv4, :: for all.' }),
    port: Type.Integer({ default: 8554, minimum: 0, maximum: 65_535, description: 'TCP port; 0 = any free one. UDP ports are chosen for each client.' }),
    maxConnections: Type.Integer({ default: 1000, minimum: 1, maximum: 100_000, description: 'Connections at a time; further ones are closed at once.' }),
    idleTimeout: Type.Integer({
      default: 60_000,
      minimum: 1000,
      description: 'ms without a message or packet from a client before it is cut. Players over TCP may be silent: they are cut when they read nothing.',
    }),
    stallTimeout: Type.Integer({ default: 10_000, minimum: 100, description: 'ms in which a viewer takes nothing of what waits for it before it is cut.' }),
    playWait: Type.Integer({ default: 5000, minimum: 0, description: 'ms DESCRIBE and PLAY wait for a publisher, also for its return.' }),
    tls: Type.Object(
      {
        port: Type.Integer({ default: 8322, minimum: 0, maximum: 65_535, description: 'TCP port of rtsps:// on the same address; 0 = any free one.' }),
        certificate: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 4096,
            examples: ['/etc/shoal/fullchain.pem'],
            description:
              'File in PEM: the certificate and its chain. With it and its key rtsps:// is served. A relative path begins in the folder of the plugin.',
          }),
        ),
        key: Type.Optional(
          Type.String({ minLength: 1, maxLength: 4096, examples: ['/etc/shoal/privkey.pem'], description: 'File in PEM: the private key of the certificate.' }),
        ),
      },
      { default: {}, additionalProperties: false, description: 'RTSP in TLS. Files are read when the plugin starts.' },
    ),
    takeover: Type.Boolean({ default: false, description: 'A new publisher replaces the present one of its path; otherwise it is refused.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.rtsp` holds; defaults filled in. */
export type RtspConfig = Static<typeof rtspConfig>
