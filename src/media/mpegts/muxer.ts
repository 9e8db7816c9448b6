/** Frames to a transport stream. */

import type { Frame } from '../../stream.js'
import { packetSize, packets } from './packet.js'
import { pesHeader } from './pes.js'
import { associationSection, mapPid, mapSection } from './section.js'
import type { TsTrack } from './track.js'

/** Where a stream of packets is: the next continuity counter of each PID, 0 to 15, and when the tables went out. */
export interface TsPosition {
  readonly tables: number
  readonly video: number
  readonly audio: number
  readonly data: number
  /** µs of the frame before which the tables were written last; undefined at the start. */
  readonly tablesAt: number | undefined
}

/** The position of a stream that begins. */
export const tsStart: TsPosition = { tables: 0, video: 0, audio: 0, data: 0, tablesAt: undefined }

/** A frame as packets, and the position behind it. */
export interface TsUnit {
  readonly bytes: Uint8Array
  readonly after: TsPosition
}

const pids = { video: 0x100, audio: 0x101, data: 0x102 } as const

/** µs by which the clock is behind decode times: what a receiver may buffer, and how far sound may come behind the picture. */
const clockLead = 200_000

/** µs between tables where no key frame of a picture brings them. */
const tablesInterval = 500_000

/**
 * Writes one program with at most one picture, one sound and one sort of metadata. It keeps no state: where a stream stands is the caller's, so
 * that frames muxed once serve all streams that stand alike.
 */
export class TsMuxer {
  readonly #tracks: readonly TsTrack[]
  readonly #clock: 'video' | 'audio'
  readonly #association = associationSection()
  readonly #map: Uint8Array

  /** `version` of the program map, modulo 32: another one whenever the tracks of a stream change. */
  constructor(tracks: readonly TsTrack[], version = 0) {
    this.#tracks = tracks
    this.#clock = tracks.some(({ kind }) => kind === 'video') ? 'video' : 'audio'
    const streams = tracks.map(({ kind, type, descriptors }) => ({ pid: pids[kind], type, descriptors }))
    this.#map = mapSection(streams, pids[this.#clock], version)
  }

  /** The frame at `position`, undefined where its track is not carried. `shift`: µs added to its times. Throws `ERR_MEDIA_INVALID`, `ERR_FRAME_INVALID` for data that is broken. */
  write(frame: Frame, shift: number, position: TsPosition): TsUnit | undefined {
    const carried = this.#tracks.find(({ track }) => track.id === frame.track)
    if (!carried) return undefined
    const times = { timestamp: frame.timestamp + shift, decodeTime: (frame.decodeTime ?? frame.timestamp) + shift }
    const payload = carried.payload(frame)
    const length = payload.reduce((sum, part) => sum + part.length, 0)
    const unit = Buffer.concat([pesHeader(carried.streamId, times, length), ...payload])
    const clock = carried.kind === this.#clock ? { clock: times.decodeTime - clockLead } : {}
    const randomAccess = frame.key && carried.kind === this.#clock
    const adaptation = carried.kind === this.#clock ? { ...clock, randomAccess } : undefined
    const bytes = packets(pids[carried.kind], position[carried.kind], unit, adaptation)
    const counter = (position[carried.kind] + bytes.length / packetSize) & 15
    const after = { ...position, [carried.kind]: counter }
    if (!this.#wantsTables(carried, frame.key, times.decodeTime, position)) return { bytes, after }
    return { bytes: Buffer.concat([this.tables(position), bytes]), after: { ...after, tables: (position.tables + 1) & 15, tablesAt: times.decodeTime } }
  }

  /** Program association and map. */
  tables({ tables }: TsPosition): Uint8Array {
    return Buffer.concat([packets(0, tables, this.#association), packets(mapPid, tables, this.#map)])
  }

  /** Says on every PID that counters, and the clock, jump: for a reader to whom frames were not sent. */
  gap(position: TsPosition): Uint8Array {
    const jump = (pid: number, next: number): Uint8Array => packets(pid, (next + 15) & 15, new Uint8Array(), { discontinuity: true })
    return Buffer.concat([jump(0, position.tables), jump(mapPid, position.tables), ...this.#tracks.map(({ kind }) => jump(pids[kind], position[kind]))])
  }

  #wantsTables({ kind }: TsTrack, key: boolean, time: number, { tablesAt }: TsPosition): boolean {
    if (tablesAt === undefined || (kind === 'video' && key)) return true
    return kind === this.#clock && Math.abs(time - tablesAt) >= tablesInterval
  }
}
