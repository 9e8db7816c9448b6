/** What can be set for log-file. */

import { Type } from 'typebox'

/** Configuration of log-file. */
export interface LogFileConfig {
  /** The file that is written now; default `shoal.log` in the plugin's own folder. */
  readonly file?: string
  /** MB after which the file is put aside. */
  readonly maxSize: number
  /** How often it is put aside, as `1d`; absent: by size alone. */
  readonly interval?: string
  /** Files put aside that are kept. */
  readonly maxFiles: number
  /** Are they compressed? */
  readonly compress: boolean
}

/** Its schema. */
export const logFileSchema = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        defaultText: 'shoal.log in the folder of the plugin',
        description: 'The file that is written now. A relative path begins in the folder of the plugin.',
      }),
    ),
    maxSize: Type.Number({ default: 10, minimum: 0.001, maximum: 100_000, unit: 'MB', description: 'When the file is this large it is put aside.' }),
    interval: Type.Optional(
      Type.String({
        pattern: '^(([1235]|10|15|30)[sm]|[12346]h|8h|12h|[1-9][0-9]?d)$',
        maxLength: 3,
        expects: 'a number with s, m, h or d that divides a minute, an hour or a day: 30s, 15m, 6h, 1d',
        examples: ['1d'],
        description: 'The file is put aside this often, whatever its size.',
      }),
    ),
    maxFiles: Type.Integer({ default: 10, minimum: 1, maximum: 10_000, description: 'Files put aside that are kept.' }),
    compress: Type.Boolean({ default: false, description: 'Compress files that are put aside, with gzip.' }),
  },
  { additionalProperties: false },
)
