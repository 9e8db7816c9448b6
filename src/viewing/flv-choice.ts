/** What FLV and RTMP carry of a stream. */

import type { TagWriter } from '../media/flv/tag-body.js'
import type { Track } from '../stream.js'
import type { Choice } from './format.js'

/** Of the tracks for which `writer` was made. */
export function flvChoice(writer: Pick<TagWriter, 'kinds' | 'supports'>, tracks: readonly Track[]): Choice {
  const kinds = (['video', 'audio'] as const).filter((kind) => writer.kinds[kind])
  return { carried: kinds.map((kind) => ({ kind })), left: tracks.filter((track) => track.kind !== 'data' && !writer.supports(track)) }
}
