/** The initialization segment: `ftyp` and a `moov` without samples (ISO/IEC 14496-12 8.1 to 8.8). */

import { box, fullBox, joinBytes, u16, u32 } from './box.js'
import type { Mp4Track } from './track.js'

/** What a decoder needs before the first fragment. */
export function initSegment(tracks: readonly Mp4Track[]): Uint8Array {
  const extends_ = tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0)))
  return joinBytes([box('ftyp', 'iso6', u32(1), 'iso6iso5mp41'), box('moov', mvhd(), ...tracks.map(trak), box('mvex', ...extends_))])
}

/** The matrix that moves nothing. */
const unity = u32(0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000)

/** A duration of 0: it is not known, and fragments follow. */
function mvhd(): Uint8Array {
  return fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0, 0x0001_0000), u16(0x0100, 0), u32(0, 0), unity, new Uint8Array(24), u32(3))
}

function trak(track: Mp4Track): Uint8Array {
  return box('trak', tkhd(track), box('mdia', mdhd(track), hdlr(track), minf(track)))
}

function tkhd({ id, kind, track }: Mp4Track): Uint8Array {
  const enabledInMovie = 3
  const volume = kind === 'audio' ? 0x0100 : 0
  const size = u32((track.width ?? 0) * 0x1_0000, (track.height ?? 0) * 0x1_0000)
  return fullBox('tkhd', 0, enabledInMovie, u32(0, 0, id, 0, 0, 0, 0), u16(0, kind === 'audio' ? 1 : 0, volume, 0), unity, size)
}

function mdhd({ timescale }: Mp4Track): Uint8Array {
  const undetermined = 0x55c4 // 'und'
  return fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(undetermined, 0))
}

function hdlr({ kind }: Mp4Track): Uint8Array {
  return fullBox('hdlr', 0, 0, u32(0), kind === 'video' ? 'vide' : 'soun', new Uint8Array(12), kind === 'video' ? 'Video\0' : 'Sound\0')
}

function minf({ kind, entry }: Mp4Track): Uint8Array {
  const header = kind === 'video' ? fullBox('vmhd', 0, 1, new Uint8Array(8)) : fullBox('smhd', 0, 0, new Uint8Array(4))
  const here = fullBox('url ', 0, 1)
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), here))
  const none = u32(0)
  const tables = [fullBox('stts', 0, 0, none), fullBox('stsc', 0, 0, none), fullBox('stsz', 0, 0, none, none), fullBox('stco', 0, 0, none)]
  return box('minf', header, dinf, box('stbl', fullBox('stsd', 0, 0, u32(1), entry), ...tables))
}
