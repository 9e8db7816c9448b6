/** Session descriptions (RFC 8866), as far as media over RTP needs them. */

import { ShoalError } from '../../errors.js'

/** One `m=` section with the first payload type that it names. */
export interface SdpMedia {
  /** `video`, `audio`, `application`. */
  readonly kind: string
  /** -1 where there is none: it is no medium over RTP. */
  readonly payloadType: number
  /** As `rtpmap` names it, in lower case: `h264`, `mpeg4-generic`; empty where nothing does. */
  readonly encoding: string
  /** Ticks a second; 0 where it is not said. */
  readonly rate: number
  readonly channels: number
  /** Parameters of `fmtp`, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
  /** `a=control`; absent where there is none. */
  readonly control: string | undefined
}

/** A description. */
export interface Sdp {
  /** `a=control` of the whole session. */
  readonly control: string | undefined
  readonly media: readonly SdpMedia[]
}

/** Sections that are read; more are refused. */
const maxMedia = 32

/** Payload types that need no `rtpmap` (RFC 3551 table 4), as far as they are carried. */
const staticTypes: Readonly<Record<number, { encoding: string; rate: number }>> = {
  0: { encoding: 'pcmu', rate: 8000 },
  8: { encoding: 'pcma', rate: 8000 },
}

/** Reads a description. Lenient, as devices are: lines that are not known are passed over. Throws `ERR_MEDIA_INVALID`. */
export function parseSdp(text: string): Sdp {
  const lines = text.split(/[\r\n\0]+/).filter((line) => line.length > 2 && line[1] === '=')
  if (!lines.some((line) => line.startsWith('v='))) throw new ShoalError('ERR_MEDIA_INVALID', 'SDP: it has no version.')
  const starts = lines.flatMap((line, i) => (line.startsWith('m=') ? [i] : []))
  if (starts.length > maxMedia) throw new ShoalError('ERR_MEDIA_INVALID', `SDP: ${starts.length} media.`)
  return {
    control: attribute(lines.slice(0, starts[0] ?? lines.length), 'control'),
    media: starts.map((start, i) => parseMedia(lines.slice(start, starts[i + 1] ?? lines.length))),
  }
}

/** A medium that is not RTP, and can be no more than passed over. */
const noRtp = { payloadType: -1, encoding: '', rate: 0, channels: 1, parameters: new Map<string, string>() } as const

function parseMedia(lines: readonly string[]): SdpMedia {
  const [kind = '', , , type = ''] = (lines[0] ?? '').slice(2).trim().split(/\s+/)
  const payloadType = Number(type)
  if (!/^\d{1,3}$/.test(type) || payloadType > 127) return { ...noRtp, kind, control: attribute(lines, 'control') }
  const map = attribute(lines, `rtpmap:${payloadType}`) ?? ''
  const [encoding = '', rate = '', channels = ''] = map.trim().split('/')
  const known = staticTypes[payloadType]
  return {
    kind,
    payloadType,
    encoding: encoding.toLowerCase() || (known?.encoding ?? ''),
    rate: wholeNumber(rate) ?? known?.rate ?? 0,
    channels: wholeNumber(channels) ?? 1,
    parameters: parseParameters(attribute(lines, `fmtp:${payloadType}`) ?? ''),
    control: attribute(lines, 'control'),
  }
}

/** The rest of the first `a=NAME:` or `a=NAME ` line. */
function attribute(lines: readonly string[], name: string): string | undefined {
  const start = `a=${name}`
  const line = lines.find((each) => each.startsWith(start) && /[:\s]/.test(each[start.length] ?? ''))
  return line?.slice(start.length + 1).trim()
}

function parseParameters(text: string): Map<string, string> {
  const pairs = text.split(';').map((pair) => pair.trim())
  return new Map(
    pairs.filter(Boolean).map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair.toLowerCase(), ''] : [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()]
    }),
  )
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Writes a description. Media are numbered: `trackID=0` and so on; `parameters` are written in their order. */
export function writeSdp(name: string, media: readonly Omit<SdpMedia, 'control'>[]): string {
  const head = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', `s=${name.replace(/[^\x20-\x7e]/g, '_') || '-'}`, 'c=IN IP4 0.0.0.0', 't=0 0', 'a=control:*']
  return [...head, ...media.flatMap(mediaLines), ''].join('\r\n')
}

function mediaLines(media: Omit<SdpMedia, 'control'>, at: number): string[] {
  const { kind, payloadType, encoding, rate, channels, parameters } = media
  const fmtp = [...parameters].map(([key, value]) => `${key}=${value}`).join('; ')
  return [
    `m=${kind} 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${encoding}/${rate}${channels > 1 ? `/${channels}` : ''}`,
    ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : []),
    `a=control:trackID=${at}`,
  ]
}
