/**
 * FLV tag bodies, which are also the bodies of RTMP messages: FLV 10.1 annex E and Enhanced RTMP v2. {@link TagReader}
 * turns them into tracks and frames, {@link TagWriter} the other way. Neither knows tag headers nor chunks.
 */

export type { HeaderTag, TagEvent, TagKind } from './tag.js'
export { TagReader } from './tag-reader.js'
export { TagWriter } from './tag-writer.js'
