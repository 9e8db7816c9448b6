/** Configuration of the HLS plugin: `plugins.hls`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link HlsConfig}, with defaults. */
export const hlsConfig = Type.Object(
  {
    segmentDuration: Type.Integer({
      default: 2000,
      minimum: 500,
      maximum: 30_000,
      description: 'ms of a segment at the least; it ends with the next key frame.',
    }),
    partDuration: Type.Integer({
      default: 200,
      minimum: 0,
      maximum: 5000,
      description: 'ms of a part of Low-Latency HLS; 0 = plain HLS. Segments of MPEG-TS have no parts.',
    }),
    window: Type.Integer({ default: 7, minimum: 3, maximum: 1000, description: 'Segments in a playlist; they are kept in memory.' }),
    format: Type.Union([Type.Literal('fmp4'), Type.Literal('ts')], {
      default: 'fmp4',
      description: 'Segments of a playlist that is asked for without ?format=.',
    }),
    idleTimeout: Type.Integer({
      default: 20_000,
      minimum: 1000,
      maximum: 3_600_000,
      description: 'ms without a request, and three segments at the least, after which segments of a stream are no longer made.',
    }),
    wait: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'ms a viewer waits for a publisher: for an on-demand pull to start, and for a publisher that went to return.',
    }),
  },
  { additionalProperties: false },
)

/** What `plugins.hls` holds; defaults filled in. */
export type HlsConfig = Static<typeof hlsConfig>
