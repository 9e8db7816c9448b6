/** As much of DER (X.690) as a certificate of our own needs to be written, and a foreign one to be looked into. */

/** The tags that are used here. */
export const der = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  time: 0x18,
} as const

/** The tag of a constructed field `[number]`. */
export function field(number: number): number {
  return 0xa0 + number
}

/** One element: tag, length, and the parts one after the other. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag, ...lengthOf(body.length)), body])
}

/** An object identifier, from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(der.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** What stands in DER. */
export interface Element {
  readonly tag: number
  readonly body: Buffer
}

/** The elements that stand one after the other in `bytes`. Throws an Error when they are not whole, or a length is not minimal. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const { length, start } = readLength(bytes, at + 1)
    if (start + length > bytes.length) throw new Error('an element is longer than what is around it')
    found.push({ tag: bytes[at] as number, body: bytes.subarray(start, start + length) })
    at = start + length
  }
  return found
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

function base128(number: number): number[] {
  const digits = [number & 0x7f]
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

/** Lengths up to 64 KiB: no certificate that is taken has more. */
function readLength(bytes: Buffer, at: number): { readonly length: number; readonly start: number } {
  const first = bytes[at]
  if (first === undefined) throw new Error('an element has no length')
  if (first < 0x80) return { length: first, start: at + 1 }
  const size = first & 0x7f
  if (size < 1 || size > 2 || at + size >= bytes.length) throw new Error('a length is not one')
  const length = bytes.readUIntBE(at + 1, size)
  if (length < (size === 1 ? 0x80 : 0x100)) throw new Error('a length is not minimal')
  return { length, start: at + 1 + size }
}
