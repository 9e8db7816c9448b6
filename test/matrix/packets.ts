/** Packets of a stream as a player got them: what ffmpeg's `framemd5` muxer says of each, and of the tracks. */

/** One coded picture or piece of sound. Times in seconds. */
export interface Packet {
  readonly dts: number
  readonly pts: number
  /** MD5 of its bytes, without what a format may add or leave out: delimiters, parameter sets, SEI. */
  readonly hash: string
}

/** One track with its packets in decode order. */
export interface PacketTrack {
  readonly kind: 'video' | 'audio'
  /** FFmpeg's name. */
  readonly codec: string
  /** `640x360`, or the sample rate. */
  readonly size: string
  readonly packets: readonly Packet[]
}

/** What makes packets of all formats alike: Annex B without parameter sets, SEI and delimiters (NAL types 6 to 9); AAC without ADTS. */
export const alike = {
  h264: ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=6-9'],
  aac: ['-bsf:a', 'aac_adtstoasc'],
} as const

/** Reads the output of `-f framemd5`. */
export function readPackets(text: string): PacketTrack[] {
  const facts = new Map<number, { base: number; kind: string; codec: string; size: string; packets: Packet[] }>()
  const fact = (index: number): { base: number; kind: string; codec: string; size: string; packets: Packet[] } => {
    const known = facts.get(index) ?? { base: 1, kind: '', codec: '', size: '', packets: [] }
    facts.set(index, known)
    return known
  }
  for (const line of text.split('\n')) {
    const head = /^#(\w+) (\d+): (.*)$/.exec(line)
    if (head) take(fact(Number(head[2])), head[1] ?? '', head[3] ?? '')
    if (!/^\d/.test(line)) continue
    const [index, dts, pts, , , hash = ''] = line.split(',').map((part) => part.trim())
    const { base, packets } = fact(Number(index))
    packets.push({ dts: Number(dts) * base, pts: Number(pts) * base, hash })
  }
  return [...facts.values()].flatMap(({ kind, codec, size, packets }) => (kind === 'video' || kind === 'audio' ? [{ kind, codec, size, packets }] : []))
}

function take(known: { base: number; kind: string; codec: string; size: string }, key: string, value: string): void {
  const [above = 1, below = 1] = value.split('/').map(Number)
  if (key === 'tb') known.base = above / below
  else if (key === 'media_type') known.kind = value
  else if (key === 'codec_id') known.codec = value
  else if (key === 'dimensions' || key === 'sample_rate') known.size = value
}
