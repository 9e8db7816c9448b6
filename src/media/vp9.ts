/** VP9: decoder configuration (vpcC, "VP Codec ISO Media File Format Binding" 2.2) and codec string. */

import { BitReader } from './bits.js'

/** Reads a VPCodecConfigurationRecord, with or without the version and flags of its box. Gives `vp09.PP.LL.DD`. Throws `ERR_MEDIA_INVALID`. */
export function parseVpcC(bytes: Uint8Array): { readonly codec: string } {
  const reader = new BitReader(bytes, 'vpcC')
  if (bytes.length >= 12 && bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0) reader.skip(32)
  const profile = reader.bits(8)
  const level = reader.bits(8)
  const depth = reader.bits(4)
  if (profile > 3 || level < 10 || level > 62 || ![8, 10, 12].includes(depth)) throw reader.invalid('its profile, level or bit depth does not exist')
  return { codec: `vp09.${[profile, level, depth].map((value) => String(value).padStart(2, '0')).join('.')}` }
}
