/** Configuration of the HTTP-FLV plugin: `plugins.http-flv`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link HttpFlvConfig}, with defaults. */
export const httpFlvConfig = Type.Object(
  {
    wait: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'ms a viewer waits for a publisher: for an on-demand pull to start, and for a publisher that went to return.',
    }),
    bufferSize: Type.Integer({
      default: 524_288,
      minimum: 16_384,
      maximum: 67_108_864,
      description: 'Bytes that may wait for one viewer. Above it frames are left in the stream, which skips whole groups for a late reader.',
    }),
    batch: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1000,
      description:
        'ms that frames may wait to go out together: less CPU for more latency. With 0 each picture goes at once and sound with the next picture, at most 40 ms later.',
    }),
    stallTimeout: Type.Integer({ default: 10_000, minimum: 100, description: 'ms in which a viewer takes nothing of what waits for it before it is cut.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.http-flv` holds; defaults filled in. */
export type HttpFlvConfig = Static<typeof httpFlvConfig>
