/** What AVC and HEVC have in common: parameter sets in a configuration, and frames of NAL units. */

import { avcNal, avcNalType, isAvcParameterSet, makeAvcC, parseAvcC } from '../h264.js'
import { hevcNal, hevcNalType, isHevcParameterSet, makeHvcC, parseHvcC } from '../h265.js'
import { joinNals, sameBytes, someNal, splitNals } from '../nal.js'

/** A codec of NAL units. */
export interface NalCodec {
  /** Where in a configuration the byte with lengthSizeMinusOne stands. */
  readonly lengthSizeAt: number
  parse(config: Uint8Array): { readonly codec: string; readonly width: number; readonly height: number; readonly lengthSize: number }
  /** All parameter sets of a configuration. */
  setsOf(config: Uint8Array): readonly Uint8Array[]
  isSet(nal: Uint8Array, at?: number): boolean
  /** A configuration of these sets, undefined when they are not complete. Throws `ERR_MEDIA_INVALID`. */
  configOf(sets: readonly Uint8Array[]): Uint8Array | undefined
}

const avc: NalCodec = {
  lengthSizeAt: 4,
  parse: parseAvcC,
  setsOf: (config) => {
    const { sps, pps } = parseAvcC(config)
    return [...sps, ...pps]
  },
  isSet: isAvcParameterSet,
  configOf: (sets) => {
    const sps = sets.filter((nal) => avcNalType(nal) === avcNal.sps)
    const pps = sets.filter((nal) => avcNalType(nal) === avcNal.pps)
    return sps.length > 0 && pps.length > 0 ? makeAvcC(sps, pps) : undefined
  },
}

const hevc: NalCodec = {
  lengthSizeAt: 21,
  parse: parseHvcC,
  setsOf: (config) => {
    const { vps, sps, pps } = parseHvcC(config)
    return [...vps, ...sps, ...pps]
  },
  isSet: isHevcParameterSet,
  configOf: (sets) => {
    const of = (type: number): Uint8Array[] => sets.filter((nal) => hevcNalType(nal) === type)
    const [vps, sps, pps] = [of(hevcNal.vps), of(hevcNal.sps), of(hevcNal.pps)]
    return vps.length > 0 && sps.length > 0 && pps.length > 0 ? makeHvcC(vps, sps, pps) : undefined
  },
}

/** By FourCC. */
export const nalCodecs = { avc1: avc, hvc1: hevc } as const

/** A frame in the form of {@link Frame.data}. */
export interface CleanFrame {
  /** 4-byte lengths, no parameter sets; the same array where it was so already. */
  readonly data: Uint8Array
  /** The configuration of the sets that were inside, when they are complete and one of them is new. */
  readonly config?: Uint8Array
}

/** Brings a frame into the form that frames have. `config`: the present configuration. Throws `ERR_MEDIA_INVALID`. */
export function cleanFrame(codec: NalCodec, data: Uint8Array, lengthSize: number, config: Uint8Array): CleanFrame {
  // nearly every frame is as it should be
  if (lengthSize === 4 && !someNal(data, lengthSize, codec.isSet)) return { data }
  const nals = splitNals(data, lengthSize)
  const sets = nals.filter((nal) => codec.isSet(nal))
  if (sets.length === 0) return { data: joinNals(nals) }
  const rest = joinNals(nals.filter((nal) => !codec.isSet(nal)))
  const known = codec.setsOf(config)
  const changed = sets.every((nal) => known.some((other) => sameBytes(nal, other))) ? undefined : codec.configOf(sets)
  return changed ? { data: rest, config: changed } : { data: rest }
}
