/** Configuration of the transcode plugin: `plugins.transcode`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link TranscodeConfig}, with defaults. */
export const transcodeConfig = Type.Object(
  {
    outputs: Type.Array(Type.String({ pattern: '^[a-z0-9]{1,20}$' }), {
      default: [],
      maxItems: 20,
      description:
        'Presets that every stream is offered in, at PATH~PRESET, made when somebody reads it: opus, aac, webrtc, h264, 720p, 360p, and those of presets.',
    }),
    presets: Type.Record(Type.String({ pattern: '^[a-z0-9]{1,20}$' }), Type.Array(Type.String(), { maxItems: 100 }), {
      default: {},
      description: 'Presets of your own: name to output options of ffmpeg, such as ["-c:v", "copy", "-c:a", "libopus"].',
    }),
    program: Type.String({ default: 'ffmpeg', minLength: 1, description: 'The program ffmpeg: a name that is looked up in PATH, or a file.' }),
    limit: Type.Integer({ default: 2, minimum: 1, maximum: 100, description: 'Programs at a time. Further outputs say ERR_LIMIT until one is free.' }),
  },
  { additionalProperties: false },
)

/** What `plugins.transcode` holds; defaults filled in. */
export type TranscodeConfig = Static<typeof transcodeConfig>
