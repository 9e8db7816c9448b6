/** Configuration of the file plugin: `plugins.file`. */

import { type Static, Type } from 'typebox'

/** Schema of {@link FileConfig}, with defaults. */
export const fileConfig = Type.Object(
  {
    roots: Type.Array(Type.String({ minLength: 1, pattern: '^/' }), {
      default: [],
      maxItems: 100,
      description: "Folders that may be read besides the bundled clip and the plugin's own data folder. Links that lead out of them are refused.",
    }),
  },
  { additionalProperties: false },
)

/** What `plugins.file` holds; defaults filled in. */
export type FileConfig = Static<typeof fileConfig>
