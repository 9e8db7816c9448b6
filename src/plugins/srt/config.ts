/** Configuration of the SRT plugin: `plugins.srt`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link SrtConfig}, with defaults. */
export const srtConfig = Type.Object(
  {
    listen: Type.Boolean({ default: false, description: 'Listen for callers. srt:// URLs are pulled from and pushed to all the same.' }),
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'IP address to listen on; 0.0.0.0 for all IPv4, :: for all.' }),
    port: Type.Integer({ default: 8890, minimum: 0, maximum: 65_535, description: 'UDP port; 0 = any free one.' }),
    passphrase: Type.String({
      default: '',
      maxLength: 79,
      description: 'Callers must have it too, and the media are encrypted with it: 10 to 79 characters; empty = no encryption.',
    }),
    latency: Type.Integer({ default: 120, minimum: 0, maximum: 30_000, description: 'ms that packets may be late; the larger value of both sides counts.' }),
    maxConnections: Type.Integer({ default: 200, minimum: 1, maximum: 10_000, description: 'Callers at a time; further ones are closed at once.' }),
    playWait: Type.Integer({ default: 5000, minimum: 0, description: 'ms a reader waits for a publisher, also for its return.' }),
    takeover: Type.Boolean({ default: false, description: 'A new publisher replaces the present one of its path; otherwise it is refused.' }),
    library: Type.String({ default: '', description: 'File of libsrt 1.5; empty = the one of the system.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.srt` holds; defaults filled in. */
export type SrtConfig = Static<typeof srtConfig>
