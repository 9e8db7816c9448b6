/** CRC-32 as in ISO 3309, gzip (RFC 1952 section 8) and zip: polynomial 0xEDB88320, reflected. `zlib.crc32` exists in Node 22 and later only. */

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of `bytes` as an unsigned number. `previous`: the result for the bytes before these. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number)
  return ~crc >>> 0
}
