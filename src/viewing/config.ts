/** Configuration that all plugins with viewers have. */

import { type Static, Type } from 'typebox'

/** Keys of a plugin's schema. */
export const viewerKeys = {
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
  stallTimeout: Type.Integer({ default: 10_000, minimum: 100, description: 'ms in which a viewer takes nothing of what waits for it before it is cut.' }),
}

/** Schema of {@link ViewerConfig}, with defaults. */
export const viewerConfig = Type.Object(viewerKeys, { additionalProperties: false })

/** What these keys hold; defaults filled in. */
export type ViewerConfig = Static<typeof viewerConfig>
