/** Bytes that plugins may keep. */

/** The bytes without what else stands in their buffer: who keeps them must not keep a whole receive buffer with them. Copied only where they are not nearly alone. */
export function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength + 512 >= bytes.buffer.byteLength ? bytes : bytes.slice()
}
