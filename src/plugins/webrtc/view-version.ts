/** A version of a stream that a viewer can take where the stream itself it cannot. */

import type { Description } from '../../media/webrtc/description.js'
import type { StreamVersion, Track } from '../../stream.js'
import { lostPicture, planTracks } from './view-answer.js'

/** What is wrong with the stream itself. */
export interface Shortcoming {
  readonly tracks: readonly Track[]
  /** Tracks of it that are carried; 0 where its picture is lost. */
  readonly carried: number
  /** Its picture has B-pictures. */
  readonly reordered: boolean
}

/** The version of which this viewer gets the most, the first of several; undefined where none is better than the stream. */
export function betterVersion(offer: Description, { tracks, carried, reordered }: Shortcoming, versions: readonly StreamVersion[]): StreamVersion | undefined {
  const worth = (version: StreamVersion): number => {
    if (reordered && version.inOrder !== true) return 0
    const plan = planTracks(
      offer,
      tracks.map((track) => changed(track, version)),
    )
    return lostPicture(offer, plan) ? 0 : plan.carried.length
  }
  const [best] = versions.map((version) => ({ version, worth: worth(version) })).toSorted((a, b) => b.worth - a.worth)
  return best && best.worth > carried ? best.version : undefined
}

/** A track as it will be in a version: of a codec that is made anew nothing else is known. */
function changed(track: Track, version: StreamVersion): Track {
  const codec = track.kind === 'data' ? undefined : version[track.kind]
  return codec === undefined ? track : { id: track.id, kind: track.kind, codec }
}
