/** Session descriptions of WebRTC (RFC 8829): what an offer or an answer says of the transport and of each medium. */

import { ShoalError } from '../../errors.js'

/** One format of a medium. */
export interface Format {
  readonly payloadType: number
  /** In lower case: `h264`, `opus`. */
  readonly encoding: string
  readonly rate: number
  readonly channels: number
  /** Of `fmtp`, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Which way media flow, seen from whoever wrote it. */
export type Direction = 'sendonly' | 'recvonly' | 'sendrecv' | 'inactive'

/** One `m=` section. */
export interface Section {
  /** `audio`, `video`, `application`. */
  readonly kind: string
  readonly mid: string
  /** Refused with port 0, without being part of the bundle. */
  readonly refused: boolean
  readonly direction: Direction
  readonly formats: readonly Format[]
  /** Of RTP streams that it announces. */
  readonly ssrcs: readonly number[]
  /** Header extensions by number. */
  readonly extensions: ReadonlyMap<number, string>
  /** Layers of simulcast that are sent, the best first as far as the order says so. */
  readonly layers: readonly string[]
}

/** How to reach the other end, and who it is. */
export interface Transport {
  readonly ufrag: string
  readonly password: string
  /** `sha-256 AB:CD…`. */
  readonly fingerprint: string
  readonly setup: 'actpass' | 'active' | 'passive'
  /** Without `a=`; with addresses, never names. */
  readonly candidates: readonly string[]
}

/** A description. */
export interface Description {
  readonly transport: Transport
  readonly sections: readonly Section[]
}

const maxBytes = 256 * 1024
const maxSections = 32
const maxCandidates = 64

/** Reads an offer or an answer. Throws `ERR_MEDIA_INVALID` for what no connection can be made of. */
export function parseDescription(text: string): Description {
  if (text.length > maxBytes) throw invalid(`${text.length} characters`)
  const lines = text.split(/\r\n|\n|\r/).filter((line) => /^[a-z]=./.test(line))
  if (!lines.some((line) => line.startsWith('v='))) throw invalid('it has no version')
  const starts = lines.flatMap((line, i) => (line.startsWith('m=') ? [i] : []))
  if (starts.length === 0 || starts.length > maxSections) throw invalid(`${starts.length} media`)
  const head = lines.slice(0, starts[0])
  const bodies = starts.map((start, i) => lines.slice(start, starts[i + 1] ?? lines.length))
  return { transport: transportOf([head, ...bodies]), sections: bodies.map((body, i) => sectionOf(body, head, i)) }
}

/** Everything is bundled: the first that says something says it for all. */
function transportOf(parts: readonly (readonly string[])[]): Transport {
  const first = (name: string, pattern: RegExp): string => {
    const value = parts.map((part) => firstOf(part, name)).find((each) => each !== undefined) ?? ''
    if (!pattern.test(value)) throw invalid(`a=${name} is missing or wrong`)
    return value
  }
  const all = parts.flat().filter((line) => line.startsWith('a=candidate:'))
  return {
    ufrag: first('ice-ufrag', /^[A-Za-z0-9+/]{4,256}$/),
    password: first('ice-pwd', /^[A-Za-z0-9+/]{22,256}$/),
    fingerprint: first('fingerprint', /^sha-(256|384|512) [0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31,63}$/i),
    setup: setupOf(first('setup', /^(actpass|active|passive)$/)),
    candidates: [...new Set(all.map((line) => line.slice(2)))].filter(isUsable).slice(0, maxCandidates),
  }
}

function setupOf(text: string): Transport['setup'] {
  return text === 'active' || text === 'passive' ? text : 'actpass'
}

/** A candidate that can be given to the library: one with an address. Names would have to be looked up, and those of browsers mean nothing outside of them. */
export function isUsable(candidate: string): boolean {
  return /^candidate:[A-Za-z0-9+/]{1,32} 1 (udp|tcp) \d{1,10} [0-9A-Fa-f.:]{2,45} \d{1,5} typ (host|srflx|prflx|relay)( [\w.:+/-]{1,64})*$/i.test(candidate)
}

/** Is it one of ICE over TCP (RFC 6544)? */
export function isTcp(candidate: string): boolean {
  return / 1 tcp /i.test(candidate)
}

function sectionOf(lines: readonly string[], head: readonly string[], at: number): Section {
  const [kind = '', port = '', , ...types] = (lines[0] ?? '').slice(2).trim().split(/\s+/)
  const mid = firstOf(lines, 'mid') ?? `${at}`
  if (!/^[\w.~+-]{1,64}$/.test(mid)) throw invalid('a mid that is none')
  return {
    kind,
    mid,
    refused: port === '0' && !lines.includes('a=bundle-only'),
    direction: directionOf(lines) ?? directionOf(head) ?? 'sendrecv',
    formats: kind === 'application' ? [] : types.slice(0, 128).flatMap((type) => formatOf(lines, type)),
    ssrcs: [...new Set(all(lines, 'ssrc').map((value) => Number(/^\d{1,10}(?= )/.exec(value)?.[0] ?? Number.NaN)))].filter(Number.isInteger).slice(0, 64),
    extensions: new Map(all(lines, 'extmap').flatMap(extensionOf)),
    layers: all(lines, 'rid').flatMap((value) => /^([\w-]{1,16}) send\b/.exec(value)?.[1] ?? []),
  }
}

function extensionOf(value: string): (readonly [number, string])[] {
  const [, id, uri] = /^(\d{1,2})(?:\/\w+)? (\S{1,200})/.exec(value) ?? []
  return id !== undefined && uri !== undefined && Number(id) >= 1 && Number(id) <= 14 ? [[Number(id), uri]] : []
}

function directionOf(lines: readonly string[]): Direction | undefined {
  return (['sendonly', 'recvonly', 'sendrecv', 'inactive'] as const).find((direction) => lines.includes(`a=${direction}`))
}

/** Types that need no `rtpmap` (RFC 3551). */
const fixed: Readonly<Record<string, string>> = { '0': 'PCMU/8000', '8': 'PCMA/8000' }

function formatOf(lines: readonly string[], type: string): Format[] {
  const payloadType = Number(type)
  if (!/^\d{1,3}$/.test(type) || payloadType > 127) return []
  const map = firstOf(lines, `rtpmap:${type}`, ' ') ?? fixed[type]
  if (map === undefined) return []
  const [encoding = '', rate = '', channels = '1'] = map.split('/')
  const parameters = parametersOf(firstOf(lines, `fmtp:${type}`, ' ') ?? '')
  return [{ payloadType, encoding: encoding.toLowerCase(), rate: Number(rate) || 0, channels: Number(channels) || 1, parameters }]
}

function parametersOf(text: string): Map<string, string> {
  const pairs = text.split(';').map((pair) => pair.trim())
  return new Map(
    pairs.filter(Boolean).map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair.toLowerCase(), ''] : [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()]
    }),
  )
}

function firstOf(lines: readonly string[], name: string, separator = ':'): string | undefined {
  return all(lines, name, separator)[0]
}

function all(lines: readonly string[], name: string, separator = ':'): string[] {
  const start = `a=${name}${separator}`
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).trim())
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `SDP: ${why}.`)
}
