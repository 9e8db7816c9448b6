/** AMF0, the data format of FLV script tags and RTMP commands ("Action Message Format AMF 0", Adobe 2007). */

import { ShoalError } from '../../errors.js'

/** A value as AMF0 knows it. Decoded objects have no prototype, so that a key such as `__proto__` is only a key. */
export type AmfValue = null | undefined | boolean | number | string | Date | AmfValue[] | { [key: string]: AmfValue }

/** What a decoder accepts before it gives up with `ERR_MEDIA_INVALID`. */
export interface AmfLimits {
  /** Objects within objects; default 16. */
  readonly depth?: number
  /** Values in all, nested ones too; default 50,000 (the key frame index of a long recording has thousands). */
  readonly values?: number
  /** Bytes of one string; default 1 MiB. */
  readonly stringBytes?: number
}

const marker = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xml: 0x0f,
  typedObject: 0x10,
} as const

const maxDepth = 16

/** Decodes every value in `bytes`. Throws `ERR_MEDIA_INVALID`: cut short, over a limit, or a marker that is not carried (references, movie clips, record sets, the switch to AMF3). */
export function decodeAmf0(bytes: Uint8Array, limits: AmfLimits = {}): AmfValue[] {
  const decoder = new Decoder(bytes, limits)
  const values: AmfValue[] = []
  while (decoder.left > 0) values.push(decoder.value(0))
  return values
}

const text = new TextDecoder('utf-8', { ignoreBOM: true })

class Decoder {
  #at = 0
  #values = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #limits: Required<AmfLimits>

  constructor(bytes: Uint8Array, limits: AmfLimits) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = { depth: limits.depth ?? maxDepth, values: limits.values ?? 50_000, stringBytes: limits.stringBytes ?? 1 << 20 }
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  value(depth: number): AmfValue {
    if (depth > this.#limits.depth) throw invalid(`nested deeper than ${this.#limits.depth}`)
    if (++this.#values > this.#limits.values) throw invalid(`more than ${this.#limits.values} values`)
    const type = this.#u8()
    switch (type) {
      case marker.number:
        return this.#number()
      case marker.boolean:
        return this.#u8() !== 0
      case marker.string:
        return this.#string(this.#u16())
      case marker.longString:
      case marker.xml:
        return this.#string(this.#u32())
      case marker.null:
        return null
      case marker.undefined:
      case marker.unsupported:
        return undefined
      case marker.date:
        return this.#date()
      default:
        return this.#compound(type, depth)
    }
  }

  #compound(type: number, depth: number): AmfValue {
    switch (type) {
      case marker.object:
        return this.#properties(depth, false)
      case marker.typedObject:
        this.#string(this.#u16())
        return this.#properties(depth, false)
      case marker.ecmaArray:
        this.#u32() // a hint that real encoders get wrong; the end marker decides
        return this.#properties(depth, true)
      case marker.strictArray:
        return this.#array(depth)
      default:
        throw invalid(`marker 0x${type.toString(16).padStart(2, '0')} is not carried`)
    }
  }

  #properties(depth: number, mayEndWithBytes: boolean): { [key: string]: AmfValue } {
    const object: { [key: string]: AmfValue } = Object.create(null)
    for (;;) {
      if (mayEndWithBytes && this.left === 0) return object // old recorders leave out the end marker of onMetaData
      const key = this.#string(this.#u16())
      if (key === '' && this.left > 0 && this.#bytes[this.#at] === marker.objectEnd) {
        this.#at++
        return object
      }
      object[key] = this.value(depth + 1)
    }
  }

  #array(depth: number): AmfValue[] {
    const count = this.#u32()
    if (count > this.left) throw invalid(`an array of ${count} values in ${this.left} bytes`)
    const values: AmfValue[] = []
    for (let i = 0; i < count; i++) values.push(this.value(depth + 1))
    return values
  }

  #date(): Date {
    const ms = this.#number()
    this.#u16() // time zone: reserved, to be ignored (2.13)
    return new Date(ms)
  }

  #string(length: number): string {
    if (length > this.#limits.stringBytes) throw invalid(`a string of ${length} bytes, more than ${this.#limits.stringBytes}`)
    const at = this.#take(length)
    return text.decode(this.#bytes.subarray(at, at + length))
  }

  #u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  #u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  #number(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  #take(count: number): number {
    if (count > this.left) throw invalid(`${count} bytes wanted, ${this.left} left`)
    const at = this.#at
    this.#at += count
    return at
  }
}

/** Encodes the values one after another. Objects become anonymous objects, arrays strict arrays, strings over 65,535 bytes long strings. Throws `ERR_MEDIA_INVALID` for nesting deeper than 16. */
export function encodeAmf0(...values: AmfValue[]): Uint8Array {
  const encoder = new Encoder()
  for (const value of values) encoder.value(value, 0)
  return encoder.bytes()
}

/** Encodes `name` and `data` as an ECMA array: the form of `onMetaData` that every player reads (FLV 10.1, E.5). */
export function encodeAmf0Metadata(name: string, data: { readonly [key: string]: AmfValue }): Uint8Array {
  const encoder = new Encoder()
  encoder.value(name, 0)
  encoder.ecmaArray(data)
  return encoder.bytes()
}

const utf8 = new TextEncoder()

class Encoder {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  value(value: AmfValue, depth: number): void {
    if (depth > maxDepth) throw invalid(`nested deeper than ${maxDepth}`)
    if (value === null) this.#u8(marker.null)
    else if (value === undefined) this.#u8(marker.undefined)
    else if (typeof value === 'number') this.#number(marker.number, value)
    else if (typeof value === 'boolean') this.#u16((marker.boolean << 8) | Number(value))
    else if (typeof value === 'string') this.#string(value)
    else if (value instanceof Date) this.#date(value)
    else if (Array.isArray(value)) this.#array(value, depth)
    else this.#object(value, depth)
  }

  ecmaArray(data: { readonly [key: string]: AmfValue }): void {
    this.#u8(marker.ecmaArray)
    this.#u32(Object.keys(data).length)
    this.#properties(data, 0)
  }

  #object(value: { readonly [key: string]: AmfValue }, depth: number): void {
    this.#u8(marker.object)
    this.#properties(value, depth)
  }

  #properties(value: { readonly [key: string]: AmfValue }, depth: number): void {
    for (const [key, member] of Object.entries(value)) {
      this.#key(utf8.encode(key))
      this.value(member, depth + 1)
    }
    this.#key(new Uint8Array())
    this.#u8(marker.objectEnd)
  }

  #array(values: readonly AmfValue[], depth: number): void {
    this.#u8(marker.strictArray)
    this.#u32(values.length)
    for (const value of values) this.value(value, depth + 1)
  }

  #date(value: Date): void {
    this.#number(marker.date, value.getTime())
    this.#u16(0)
  }

  #string(value: string): void {
    const bytes = utf8.encode(value)
    if (bytes.length <= 0xffff) {
      this.#u8(marker.string)
      this.#key(bytes)
      return
    }
    this.#u8(marker.longString)
    this.#u32(bytes.length)
    this.#raw(bytes)
  }

  #key(bytes: Uint8Array): void {
    if (bytes.length > 0xffff) throw invalid('a key longer than 65,535 bytes')
    this.#u16(bytes.length)
    this.#raw(bytes)
  }

  #number(type: number, value: number): void {
    this.#u8(type)
    const at = this.#room(8)
    this.#view.setFloat64(at, value)
  }

  #u8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  #u16(value: number): void {
    const at = this.#room(2)
    this.#view.setUint16(at, value)
  }

  #u32(value: number): void {
    const at = this.#room(4)
    this.#view.setUint32(at, value)
  }

  #raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Reserves `count` bytes and says where. It may replace the buffer, so it is called in a statement of its own. */
  #room(count: number): number {
    const at = this.#at
    this.#at += count
    if (this.#at > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2))
      bytes.set(this.#bytes)
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    return at
  }
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `AMF0: ${why}.`)
}
