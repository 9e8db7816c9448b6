/** Boxes of the ISO base media file format (ISO/IEC 14496-12 4.2). */

/** Content of a box: bytes, or a text of ASCII letters. */
export type BoxPart = Uint8Array | string

/** A box: 32-bit size, four letters, content. */
export function box(type: string, ...parts: readonly BoxPart[]): Uint8Array {
  const content = joinBytes(parts.map(bytesOf))
  return joinBytes([u32(8 + content.length), bytesOf(type), content])
}

/** A box with a version and flags before its content. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly BoxPart[]): Uint8Array {
  return box(type, u32(version * 2 ** 24 + flags), ...parts)
}

/** Unsigned numbers of 16 bits, most significant byte first. */
export function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]))
}

/** Unsigned numbers of 32 bits, most significant byte first. */
export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of values.entries()) view.setUint32(4 * at, value)
  return bytes
}

/** All parts in one new array. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function bytesOf(part: BoxPart): Uint8Array {
  return typeof part === 'string' ? Uint8Array.from(part, (letter) => letter.charCodeAt(0)) : part
}
