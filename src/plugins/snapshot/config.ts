/** Configuration of the snapshot plugin: `plugins.snapshot`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link SnapshotConfig}, with defaults. */
export const snapshotConfig = Type.Object(
  {
    ffmpeg: Type.String({ default: 'ffmpeg', minLength: 1, description: 'The ffmpeg program, which decodes the picture: a name on the path or a file.' }),
    processes: Type.Integer({ default: 2, minimum: 1, maximum: 64, description: 'Pictures decoded at a time; up to 32 more wait, and others are refused.' }),
    interval: Type.Integer({
      default: 1000,
      minimum: 0,
      maximum: 3_600_000,
      description: 'ms for which a picture of a stream is given again, however many key frames come.',
    }),
    wait: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'ms a client waits for a publisher, such as an on-demand pull, and for its first key frame.',
    }),
  },
  { additionalProperties: false },
)

/** What `plugins.snapshot` holds; defaults filled in. */
export type SnapshotConfig = Static<typeof snapshotConfig>
