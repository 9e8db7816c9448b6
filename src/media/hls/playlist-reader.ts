/** Reading playlists of HLS (RFC 8216, and its second edition for low latency). URLs stay as they are written. */

import { ShoalError } from '../../errors.js'

/** Lines a playlist may have. */
const maxLines = 50_000

/** Part of a resource. */
export interface ByteRange {
  readonly from: number
  readonly length: number
}

/** Something that can be fetched. */
export interface Resource {
  readonly uri: string
  readonly range?: ByteRange
}

/** How a segment is encrypted: AES-128 in CBC over the whole segment. */
export interface SegmentKey {
  readonly uri: string
  /** 16 bytes; absent: the number of the segment. */
  readonly iv?: Uint8Array
}

/** A part of a segment. */
export interface ListedPart extends Resource {
  /** s. */
  readonly duration: number
  readonly independent: boolean
}

/** A segment, or the beginning of one: then it has parts and no `whole`. */
export interface ListedSegment {
  /** Media sequence number. */
  readonly sequence: number
  /** Discontinuity sequence number: another one, another clock. */
  readonly discontinuity: number
  /** Where it can be had as one. */
  readonly whole: Resource | undefined
  /** s; of an incomplete segment what its parts have. */
  readonly duration: number
  readonly map: Resource | undefined
  readonly key: SegmentKey | undefined
  /** The source has nothing here. */
  readonly gap: boolean
  readonly parts: readonly ListedPart[]
}

/** A media playlist as it was read. Times are s. */
export interface ReadMediaPlaylist {
  readonly type: 'media'
  readonly target: number
  readonly segments: readonly ListedSegment[]
  /** Nothing will be added. */
  readonly ended: boolean
  /** Requests for what is not there yet are held until it is. */
  readonly canBlock: boolean
  /** The longest part; absent without low latency. */
  readonly partTarget?: number
  /** How far from the end a player should stay. */
  readonly holdBack?: number
  readonly partHoldBack?: number
}

/** One variant of a multivariant playlist. */
export interface Variant {
  readonly uri: string
  /** Bits a second at most. */
  readonly bandwidth: number
  /** As RFC 6381 has them; empty where the playlist does not say. */
  readonly codecs: readonly string[]
  /** Group of audio renditions. */
  readonly audio?: string
}

/** A rendition of sound. */
export interface AudioRendition {
  readonly group: string
  readonly name: string
  readonly isDefault: boolean
  /** Absent where the sound is in the variants. */
  readonly uri?: string
}

/** A multivariant playlist as it was read. */
export interface ReadMultivariant {
  readonly type: 'multivariant'
  readonly variants: readonly Variant[]
  readonly audio: readonly AudioRendition[]
}

/** Reads a playlist. Throws `ERR_MEDIA_INVALID`, and `ERR_CODEC_UNSUPPORTED` for encryption other than AES-128 and for variables. */
export function readPlaylist(text: string): ReadMediaPlaylist | ReadMultivariant {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/, maxLines + 1)
  if (!lines[0]?.startsWith('#EXTM3U')) throw invalid('it does not begin with #EXTM3U')
  if (lines.length > maxLines) throw invalid(`more than ${maxLines} lines`)
  const isMultivariant = lines.some((line) => line.startsWith('#EXT-X-STREAM-INF:'))
  return isMultivariant ? readMultivariant(lines) : new MediaReader().read(lines)
}

function readMultivariant(lines: readonly string[]): ReadMultivariant {
  const variants: Variant[] = []
  const audio: AudioRendition[] = []
  let info: Attributes | undefined
  for (const line of lines) {
    if (line.startsWith('#EXT-X-STREAM-INF:')) info = readAttributes(line)
    else if (line.startsWith('#EXT-X-MEDIA:')) audio.push(...readRendition(readAttributes(line)))
    else if (line.startsWith('#EXT-X-DEFINE:')) throw noVariables()
    else if (info && line.trim() !== '' && !line.startsWith('#')) {
      const group = info.get('AUDIO')
      const codecs = (info.get('CODECS') ?? '').split(',').map((codec) => codec.trim())
      variants.push({
        uri: line.trim(),
        bandwidth: numberOf(info.get('BANDWIDTH')) ?? 0,
        codecs: codecs.filter((codec) => codec !== ''),
        ...(group !== undefined && { audio: group }),
      })
      info = undefined
    }
  }
  return { type: 'multivariant', variants, audio }
}

function readRendition(attributes: Attributes): AudioRendition[] {
  if (attributes.get('TYPE') !== 'AUDIO') return []
  const uri = attributes.get('URI')
  const isDefault = attributes.get('DEFAULT') === 'YES'
  return [{ group: attributes.get('GROUP-ID') ?? '', name: attributes.get('NAME') ?? '', isDefault, ...(uri !== undefined && { uri }) }]
}

/** Reads a media playlist line by line. */
class MediaReader {
  #target: number | undefined
  #sequence = 0
  #discontinuity = 0
  #ended = false
  #control: Attributes = new Map()
  #partTarget: number | undefined
  readonly #segments: ListedSegment[] = []
  // what holds for all further segments
  #map: Resource | undefined
  #key: SegmentKey | undefined
  // what is said of the next segment
  #duration = 0
  #range: { readonly length: number; readonly from: number | undefined } | undefined
  #gap = false
  #parts: ListedPart[] = []
  /** Where the last range ended, by URI. */
  readonly #ends = new Map<string, number>()

  read(lines: readonly string[]): ReadMediaPlaylist {
    for (const line of lines) this.#line(line.trim())
    if (this.#target === undefined) throw invalid('it has no #EXT-X-TARGETDURATION')
    if (this.#parts.length > 0) this.#add(undefined)
    const holdBack = numberOf(this.#control.get('HOLD-BACK'))
    const partHoldBack = numberOf(this.#control.get('PART-HOLD-BACK'))
    return {
      type: 'media',
      target: this.#target,
      segments: this.#segments,
      ended: this.#ended,
      canBlock: this.#control.get('CAN-BLOCK-RELOAD') === 'YES',
      ...(this.#partTarget !== undefined && { partTarget: this.#partTarget }),
      ...(holdBack !== undefined && { holdBack }),
      ...(partHoldBack !== undefined && { partHoldBack }),
    }
  }

  #line(line: string): void {
    if (line === '') return
    if (!line.startsWith('#')) {
      this.#add({ uri: line, ...this.#rangeOf(line, this.#range) })
      return
    }
    const [tag = ''] = line.split(':', 1)
    if (Object.hasOwn(this.#tags, tag)) this.#tags[tag]?.(line.slice(tag.length + 1), line)
  }

  readonly #tags: Readonly<Record<string, (value: string, line: string) => void>> = {
    '#EXT-X-TARGETDURATION': (value) => this.#setTarget(value),
    '#EXT-X-MEDIA-SEQUENCE': (value) => this.#setSequence(value),
    '#EXT-X-DISCONTINUITY-SEQUENCE': (value) => this.#setDiscontinuity(value),
    '#EXT-X-DISCONTINUITY': () => this.#discontinuity++,
    '#EXT-X-ENDLIST': () => this.#setEnded(),
    '#EXT-X-SERVER-CONTROL': (_, line) => this.#setControl(readAttributes(line)),
    '#EXT-X-PART-INF': (_, line) => this.#setPartTarget(readAttributes(line)),
    '#EXT-X-MAP': (_, line) => this.#setMap(readAttributes(line)),
    '#EXT-X-KEY': (_, line) => this.#setKey(readAttributes(line)),
    '#EXT-X-PART': (_, line) => this.#addPart(readAttributes(line)),
    '#EXTINF': (value) => this.#setDuration(value),
    '#EXT-X-BYTERANGE': (value) => this.#setRange(value),
    '#EXT-X-GAP': () => this.#setGap(),
    '#EXT-X-DEFINE': () => {
      throw noVariables()
    },
    '#EXT-X-SKIP': () => {
      throw invalid('it leaves segments out, which was not asked for')
    },
  }

  #setTarget(value: string): void {
    const target = numberOf(value)
    if (target === undefined || target > 3600) throw invalid('its target duration is no number of seconds')
    this.#target = target
  }

  #setSequence(value: string): void {
    this.#sequence = wholeOf(value)
  }

  #setDiscontinuity(value: string): void {
    this.#discontinuity = wholeOf(value)
  }

  #setEnded(): void {
    this.#ended = true
  }

  #setControl(attributes: Attributes): void {
    this.#control = attributes
  }

  #setPartTarget(attributes: Attributes): void {
    this.#partTarget = numberOf(attributes.get('PART-TARGET'))
  }

  #setDuration(value: string): void {
    this.#duration = numberOf(value.split(',')[0]) ?? 0
  }

  #setRange(value: string): void {
    this.#range = readRange(value)
  }

  #setGap(): void {
    this.#gap = true
  }

  #setMap(attributes: Attributes): void {
    const uri = attributes.get('URI')
    if (uri === undefined) throw invalid('#EXT-X-MAP without URI')
    const range = attributes.get('BYTERANGE')
    this.#map = { uri, ...(range !== undefined && this.#rangeOf(uri, readRange(range))) }
  }

  #setKey(attributes: Attributes): void {
    const method = attributes.get('METHOD') ?? 'NONE'
    const format = attributes.get('KEYFORMAT') ?? 'identity'
    if (method === 'NONE') {
      this.#key = undefined
      return
    }
    if (method !== 'AES-128' || format !== 'identity') throw new ShoalError('ERR_CODEC_UNSUPPORTED', `HLS: encryption by ${method} (${format}) is not read.`)
    const uri = attributes.get('URI')
    if (uri === undefined) throw invalid('#EXT-X-KEY without URI')
    const iv = readIv(attributes.get('IV'))
    this.#key = { uri, ...(iv && { iv }) }
  }

  #addPart(attributes: Attributes): void {
    const uri = attributes.get('URI')
    if (uri === undefined) throw invalid('#EXT-X-PART without URI')
    const range = attributes.get('BYTERANGE')
    this.#parts.push({
      uri,
      ...(range !== undefined && this.#rangeOf(uri, readRange(range))),
      duration: numberOf(attributes.get('DURATION')) ?? 0,
      independent: attributes.get('INDEPENDENT') === 'YES',
    })
  }

  #add(whole: Resource | undefined): void {
    const parts = this.#parts
    this.#segments.push({
      sequence: this.#sequence++,
      discontinuity: this.#discontinuity,
      whole,
      duration: whole ? this.#duration : parts.reduce((sum, part) => sum + part.duration, 0),
      map: this.#map,
      key: this.#key,
      gap: this.#gap,
      parts,
    })
    this.#duration = 0
    this.#range = undefined
    this.#gap = false
    this.#parts = []
  }

  /** Without an offset a range begins where the last one of that URI ended (4.3.2.2). */
  #rangeOf(uri: string, range: { readonly length: number; readonly from: number | undefined } | undefined): { range?: ByteRange } {
    if (!range) return {}
    const from = range.from ?? this.#ends.get(uri) ?? 0
    this.#ends.set(uri, from + range.length)
    return { range: { from, length: range.length } }
  }
}

type Attributes = ReadonlyMap<string, string>

/** The attribute list behind a tag (4.2). */
function readAttributes(line: string): Attributes {
  const found = new Map<string, string>()
  const list = line.slice(line.indexOf(':') + 1)
  for (const [, name = '', quoted, plain] of list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g)) found.set(name, quoted ?? plain?.trim() ?? '')
  return found
}

/** `length[@offset]`. */
function readRange(text: string): { readonly length: number; readonly from: number | undefined } {
  const [length = '', from] = text.split('@')
  return { length: wholeOf(length), from: from === undefined ? undefined : wholeOf(from) }
}

function readIv(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  const digits = /^0x([0-9a-f]{1,32})$/i.exec(text)?.[1]
  if (digits === undefined) throw invalid('an IV that is no number of 128 bits')
  return Uint8Array.from(Buffer.from(digits.padStart(32, '0'), 'hex'))
}

function numberOf(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) && value >= 0 ? value : undefined
}

function wholeOf(text: string): number {
  const value = numberOf(text)
  if (value === undefined || !Number.isSafeInteger(value)) throw invalid(`${JSON.stringify(text.slice(0, 20))} is no whole number`)
  return value
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `HLS playlist: ${why}.`)
}

function noVariables(): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', 'HLS: playlists with variables (#EXT-X-DEFINE) are not read.')
}
