/** What can be set for storage-sqlite. */

import { Type } from 'typebox'

/** Configuration of storage-sqlite. */
export interface StorageSqliteConfig {
  /** The database; default `storage.db` in the plugin's own folder. */
  readonly file?: string
}

/** Its schema. */
export const storageSqliteSchema = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        defaultText: 'storage.db in the folder of the plugin',
        description: 'The database file. A relative path begins in the folder of the plugin.',
      }),
    ),
  },
  { additionalProperties: false },
)
