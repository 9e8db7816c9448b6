/** Playlists of HLS (RFC 8216 and its second edition, draft-pantos-hls-rfc8216bis) as text. Durations are seconds. */

/** A piece of a segment that can be had before the segment is complete. */
export interface PlaylistPart {
  readonly uri: string
  readonly duration: number
  /** It begins with a key frame. */
  readonly independent: boolean
}

/** A segment of a media playlist. */
export interface PlaylistSegment {
  readonly uri: string
  readonly duration: number
  /** Where decoding begins anew. */
  readonly discontinuity: boolean
  /** URI of its initialization segment; only fMP4 has one. */
  readonly map?: string
  /** Listed for the newest segments only. */
  readonly parts: readonly PlaylistPart[]
}

/** What low latency adds. */
export interface LowLatency {
  /** The longest part. */
  readonly partTarget: number
  /** Parts of the segment that is not complete. */
  readonly parts: readonly PlaylistPart[]
  /** That segment begins after a discontinuity, or with another initialization segment. */
  readonly discontinuity: boolean
  readonly map?: string
  /** URI of the part that comes next; none after the end. */
  readonly next?: string
}

/** A media playlist. */
export interface MediaPlaylist {
  /** The longest segment, rounded. */
  readonly target: number
  /** Number of the first segment. */
  readonly sequence: number
  /** Discontinuities that have left the playlist. */
  readonly discontinuitySequence: number
  readonly segments: readonly PlaylistSegment[]
  /** Does each segment begin with a key frame? */
  readonly independent: boolean
  readonly ended: boolean
  readonly lowLatency?: LowLatency
}

/** Seconds from the end of a playlist after which segments may be left out of an update: at least 6 target durations. */
export function skipUntil({ target }: MediaPlaylist): number {
  return 6 * target
}

/** Writes a media playlist. `delta`: leave out old segments, as `_HLS_skip=YES` asks for. */
export function writeMediaPlaylist(playlist: MediaPlaylist, delta = false): string {
  const skipped = delta ? skippable(playlist) : 0
  const lines = [...headLines(playlist, skipped)]
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  let map = playlist.segments[skipped - 1]?.map
  for (const segment of playlist.segments.slice(skipped)) {
    lines.push(...startLines(segment, map), ...segment.parts.map(partLine), `#EXTINF:${seconds(segment.duration)},`, segment.uri)
    map = segment.map
  }
  if (playlist.lowLatency) lines.push(...openLines(playlist.lowLatency, map))
  if (playlist.ended) lines.push('#EXT-X-ENDLIST')
  return `${lines.join('\n')}\n`
}

function headLines({ target, sequence, discontinuitySequence, segments, independent, lowLatency, ended }: MediaPlaylist, skipped: number): string[] {
  const version = lowLatency || skipped > 0 ? 9 : segments.some(({ map }) => map !== undefined) ? 7 : 3
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${version}`, `#EXT-X-TARGETDURATION:${target}`]
  if (lowLatency && !ended) {
    const holdBack = `PART-HOLD-BACK=${seconds(3 * lowLatency.partTarget)}`
    lines.push(`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,${holdBack},HOLD-BACK=${3 * target},CAN-SKIP-UNTIL=${6 * target}`)
  }
  if (lowLatency) lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(lowLatency.partTarget)}`)
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${sequence}`)
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`)
  if (independent) lines.push('#EXT-X-INDEPENDENT-SEGMENTS')
  return lines
}

/** Segments that end longer before the end of the playlist than {@link skipUntil}. */
function skippable(playlist: MediaPlaylist): number {
  let behind = playlist.lowLatency?.parts.reduce((sum, part) => sum + part.duration, 0) ?? 0
  let kept = 0
  for (const segment of playlist.segments.toReversed()) {
    if (behind >= skipUntil(playlist)) break
    behind += segment.duration
    kept++
  }
  return playlist.segments.length - kept
}

function startLines({ discontinuity, map }: { readonly discontinuity: boolean; readonly map?: string }, before: string | undefined): string[] {
  return [...(discontinuity ? ['#EXT-X-DISCONTINUITY'] : []), ...(map !== undefined && (map !== before || discontinuity) ? [`#EXT-X-MAP:URI="${map}"`] : [])]
}

function openLines(open: LowLatency, map: string | undefined): string[] {
  const start = open.parts.length > 0 ? startLines(open, map) : []
  return [...start, ...open.parts.map(partLine), ...(open.next === undefined ? [] : [`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${open.next}"`])]
}

function partLine({ uri, duration, independent }: PlaylistPart): string {
  return `#EXT-X-PART:DURATION=${seconds(duration)},URI="${uri}"${independent ? ',INDEPENDENT=YES' : ''}`
}

function seconds(value: number): string {
  return value.toFixed(5)
}

/** The one variant of a multivariant playlist. */
export interface Variant {
  readonly uri: string
  /** Bits a second: of the most costly segment, and of all. */
  readonly bandwidth: number
  readonly average: number
  readonly codecs: readonly string[]
  readonly width?: number
  readonly height?: number
}

/** Writes a multivariant playlist. */
export function writeMultivariantPlaylist({ uri, bandwidth, average, codecs, width, height }: Variant, fragmented: boolean): string {
  const size = width && height ? `,RESOLUTION=${width}x${height}` : ''
  const attributes = `BANDWIDTH=${bandwidth},AVERAGE-BANDWIDTH=${average},CODECS="${codecs.join(',')}"${size}`
  return `#EXTM3U\n#EXT-X-VERSION:${fragmented ? 7 : 3}\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:${attributes}\n${uri}\n`
}
