import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface MemberBody {
  name: Uint8Array
  agent: Uint8Array
  addresses: Uint8Array[]
  links: Uint8Array[]
  instance: Uint8Array
  since: number
  features: Uint8Array[]
  left: boolean
}

export namespace MemberBody {
  let _codec: Codec<MemberBody>

  export const codec = (): Codec<MemberBody> => {
    if (_codec == null) {
      _codec = message<MemberBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.name)
        }

        if ((obj.agent != null && obj.agent.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.agent)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if (obj.links != null && obj.links.length > 0) {
          for (const value of obj.links) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if ((obj.instance != null && obj.instance.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.instance)
        }

        if ((obj.since != null && obj.since !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.since)
        }

        if (obj.features != null && obj.features.length > 0) {
          for (const value of obj.features) {
            w.uint32(58)
            w.bytes(value)
          }
        }

        if ((obj.left != null && obj.left !== false)) {
          w.uint32(64)
          w.bool(obj.left)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: uint8ArrayAlloc(0),
          agent: uint8ArrayAlloc(0),
          addresses: [],
          links: [],
          instance: uint8ArrayAlloc(0),
          since: 0,
          features: [],
          left: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.bytes()
              break
            }
            case 2: {
              obj.agent = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.bytes())
              break
            }
            case 4: {
              if (opts.limits?.links != null && obj.links.length === opts.limits.links) {
                throw new MaxLengthError('Decode error - repeated field "links" had too many elements')
              }

              obj.links.push(reader.bytes())
              break
            }
            case 5: {
              obj.instance = reader.bytes()
              break
            }
            case 6: {
              obj.since = reader.uint64Number()
              break
            }
            case 7: {
              if (opts.limits?.features != null && obj.features.length === opts.limits.features) {
                throw new MaxLengthError('Decode error - repeated field "features" had too many elements')
              }

              obj.features.push(reader.bytes())
              break
            }
            case 8: {
              obj.left = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addresses: 0,
          links: 0,
          features: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.agent`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.bytes()
              }

              obj.addresses++

              break
            }
            case 4: {
              if (opts.limits?.links != null && obj.links === opts.limits.links) {
                throw new MaxLengthError('Streaming decode error - repeated field "links" had too many elements')
              }

              yield {
                field: `${prefix}.links[]`,
                index: obj.links,
                value: reader.bytes()
              }

              obj.links++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.instance`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.since`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              if (opts.limits?.features != null && obj.features === opts.limits.features) {
                throw new MaxLengthError('Streaming decode error - repeated field "features" had too many elements')
              }

              yield {
                field: `${prefix}.features[]`,
                index: obj.features,
                value: reader.bytes()
              }

              obj.features++

              break
            }
            case 8: {
              yield {
                field: `${prefix}.left`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface MemberBodyNameFieldEvent {
    field: '$.name'
    value: Uint8Array
  }

  export interface MemberBodyAgentFieldEvent {
    field: '$.agent'
    value: Uint8Array
  }

  export interface MemberBodyAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: Uint8Array
  }

  export interface MemberBodyLinksFieldEvent {
    field: '$.links[]'
    index: number
    value: Uint8Array
  }

  export interface MemberBodyInstanceFieldEvent {
    field: '$.instance'
    value: Uint8Array
  }

  export interface MemberBodySinceFieldEvent {
    field: '$.since'
    value: number
  }

  export interface MemberBodyFeaturesFieldEvent {
    field: '$.features[]'
    index: number
    value: Uint8Array
  }

  export interface MemberBodyLeftFieldEvent {
    field: '$.left'
    value: boolean
  }

  export function encode (obj: Partial<MemberBody>): Uint8Array {
    return encodeMessage(obj, MemberBody.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MemberBody>): MemberBody {
    return decodeMessage(buf, MemberBody.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MemberBody>): Generator<MemberBodyNameFieldEvent | MemberBodyAgentFieldEvent | MemberBodyAddressesFieldEvent | MemberBodyLinksFieldEvent | MemberBodyInstanceFieldEvent | MemberBodySinceFieldEvent | MemberBodyFeaturesFieldEvent | MemberBodyLeftFieldEvent> {
    return streamMessage(buf, MemberBody.codec(), opts)
  }
}

export interface StreamBody {
  streams: Announcement[]
}

export namespace StreamBody {
  let _codec: Codec<StreamBody>

  export const codec = (): Codec<StreamBody> => {
    if (_codec == null) {
      _codec = message<StreamBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.streams != null && obj.streams.length > 0) {
          for (const value of obj.streams) {
            w.uint32(10)
            Announcement.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          streams: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.streams != null && obj.streams.length === opts.limits.streams) {
                throw new MaxLengthError('Decode error - repeated field "streams" had too many elements')
              }

              obj.streams.push(Announcement.codec().decode(reader, reader.uint32(), opts.limits?.streams$ == null ? {} : { limits: opts.limits.streams$ }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          streams: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.streams != null && obj.streams === opts.limits.streams) {
                throw new MaxLengthError('Streaming decode error - repeated field "streams" had too many elements')
              }

              for (const evt of Announcement.codec().stream(reader, reader.uint32(), `${prefix}.streams[]`, opts.limits?.streams$ == null ? {} : { limits: opts.limits.streams$ })) {
                yield {
                  ...evt,
                  index: obj.streams
                }
              }

              obj.streams++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StreamBodyStreamsPathFieldEvent {
    field: '$.streams[].path'
    value: Uint8Array
    index: number
  }

  export interface StreamBodyStreamsTracksKindFieldEvent {
    field: '$.streams[].tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface StreamBodyStreamsTracksCodecFieldEvent {
    field: '$.streams[].tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface StreamBodyStreamsTracksWidthFieldEvent {
    field: '$.streams[].tracks[].width'
    value: number
    index: number
  }

  export interface StreamBodyStreamsTracksHeightFieldEvent {
    field: '$.streams[].tracks[].height'
    value: number
    index: number
  }

  export interface StreamBodyStreamsSinceFieldEvent {
    field: '$.streams[].since'
    value: number
    index: number
  }

  export interface StreamBodyStreamsHopsFieldEvent {
    field: '$.streams[].hops'
    value: number
    index: number
  }

  export interface StreamBodyStreamsOriginFieldEvent {
    field: '$.streams[].origin'
    value: Uint8Array
    index: number
  }

  export interface StreamBodyStreamsClaimFieldEvent {
    field: '$.streams[].claim'
    value: number
    index: number
  }

  export interface StreamBodyStreamsOverFieldEvent {
    field: '$.streams[].over'
    value: Uint8Array
    index: number
  }

  export interface StreamBodyStreamsFullFieldEvent {
    field: '$.streams[].full'
    value: boolean
    index: number
  }

  export function encode (obj: Partial<StreamBody>): Uint8Array {
    return encodeMessage(obj, StreamBody.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamBody>): StreamBody {
    return decodeMessage(buf, StreamBody.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamBody>): Generator<StreamBodyStreamsPathFieldEvent | StreamBodyStreamsTracksKindFieldEvent | StreamBodyStreamsTracksCodecFieldEvent | StreamBodyStreamsTracksWidthFieldEvent | StreamBodyStreamsTracksHeightFieldEvent | StreamBodyStreamsSinceFieldEvent | StreamBodyStreamsHopsFieldEvent | StreamBodyStreamsOriginFieldEvent | StreamBodyStreamsClaimFieldEvent | StreamBodyStreamsOverFieldEvent | StreamBodyStreamsFullFieldEvent> {
    return streamMessage(buf, StreamBody.codec(), opts)
  }
}

export interface Announcement {
  path: Uint8Array
  tracks: AnnouncedTrack[]
  since: number
  hops: number
  origin: Uint8Array
  claim: number
  over: Uint8Array
  full: boolean
}

export namespace Announcement {
  let _codec: Codec<Announcement>

  export const codec = (): Codec<Announcement> => {
    if (_codec == null) {
      _codec = message<Announcement>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if (obj.tracks != null && obj.tracks.length > 0) {
          for (const value of obj.tracks) {
            w.uint32(18)
            AnnouncedTrack.codec().encode(value, w)
          }
        }

        if ((obj.since != null && obj.since !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.since)
        }

        if ((obj.hops != null && obj.hops !== 0)) {
          w.uint32(32)
          w.uint32(obj.hops)
        }

        if ((obj.origin != null && obj.origin.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.origin)
        }

        if ((obj.claim != null && obj.claim !== 0)) {
          w.uint32(48)
          w.uint32(obj.claim)
        }

        if ((obj.over != null && obj.over.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.over)
        }

        if ((obj.full != null && obj.full !== false)) {
          w.uint32(64)
          w.bool(obj.full)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          tracks: [],
          since: 0,
          hops: 0,
          origin: uint8ArrayAlloc(0),
          claim: 0,
          over: uint8ArrayAlloc(0),
          full: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks.length === opts.limits.tracks) {
                throw new MaxLengthError('Decode error - repeated field "tracks" had too many elements')
              }

              obj.tracks.push(AnnouncedTrack.codec().decode(reader, reader.uint32(), opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ }))
              break
            }
            case 3: {
              obj.since = reader.uint64Number()
              break
            }
            case 4: {
              obj.hops = reader.uint32()
              break
            }
            case 5: {
              obj.origin = reader.bytes()
              break
            }
            case 6: {
              obj.claim = reader.uint32()
              break
            }
            case 7: {
              obj.over = reader.bytes()
              break
            }
            case 8: {
              obj.full = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          tracks: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks === opts.limits.tracks) {
                throw new MaxLengthError('Streaming decode error - repeated field "tracks" had too many elements')
              }

              for (const evt of AnnouncedTrack.codec().stream(reader, reader.uint32(), `${prefix}.tracks[]`, opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ })) {
                yield {
                  ...evt,
                  index: obj.tracks
                }
              }

              obj.tracks++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.since`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.hops`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.origin`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.claim`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.over`,
                value: reader.bytes()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.full`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AnnouncementPathFieldEvent {
    field: '$.path'
    value: Uint8Array
  }

  export interface AnnouncementTracksKindFieldEvent {
    field: '$.tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface AnnouncementTracksCodecFieldEvent {
    field: '$.tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface AnnouncementTracksWidthFieldEvent {
    field: '$.tracks[].width'
    value: number
    index: number
  }

  export interface AnnouncementTracksHeightFieldEvent {
    field: '$.tracks[].height'
    value: number
    index: number
  }

  export interface AnnouncementSinceFieldEvent {
    field: '$.since'
    value: number
  }

  export interface AnnouncementHopsFieldEvent {
    field: '$.hops'
    value: number
  }

  export interface AnnouncementOriginFieldEvent {
    field: '$.origin'
    value: Uint8Array
  }

  export interface AnnouncementClaimFieldEvent {
    field: '$.claim'
    value: number
  }

  export interface AnnouncementOverFieldEvent {
    field: '$.over'
    value: Uint8Array
  }

  export interface AnnouncementFullFieldEvent {
    field: '$.full'
    value: boolean
  }

  export function encode (obj: Partial<Announcement>): Uint8Array {
    return encodeMessage(obj, Announcement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Announcement {
    return decodeMessage(buf, Announcement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Generator<AnnouncementPathFieldEvent | AnnouncementTracksKindFieldEvent | AnnouncementTracksCodecFieldEvent | AnnouncementTracksWidthFieldEvent | AnnouncementTracksHeightFieldEvent | AnnouncementSinceFieldEvent | AnnouncementHopsFieldEvent | AnnouncementOriginFieldEvent | AnnouncementClaimFieldEvent | AnnouncementOverFieldEvent | AnnouncementFullFieldEvent> {
    return streamMessage(buf, Announcement.codec(), opts)
  }
}

export interface AnnouncedTrack {
  kind: Uint8Array
  codec: Uint8Array
  width: number
  height: number
}

export namespace AnnouncedTrack {
  let _codec: Codec<AnnouncedTrack>

  export const codec = (): Codec<AnnouncedTrack> => {
    if (_codec == null) {
      _codec = message<AnnouncedTrack>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.kind != null && obj.kind.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.kind)
        }

        if ((obj.codec != null && obj.codec.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.codec)
        }

        if ((obj.width != null && obj.width !== 0)) {
          w.uint32(24)
          w.uint32(obj.width)
        }

        if ((obj.height != null && obj.height !== 0)) {
          w.uint32(32)
          w.uint32(obj.height)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          kind: uint8ArrayAlloc(0),
          codec: uint8ArrayAlloc(0),
          width: 0,
          height: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.kind = reader.bytes()
              break
            }
            case 2: {
              obj.codec = reader.bytes()
              break
            }
            case 3: {
              obj.width = reader.uint32()
              break
            }
            case 4: {
              obj.height = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.kind`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.codec`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.width`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.height`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AnnouncedTrackKindFieldEvent {
    field: '$.kind'
    value: Uint8Array
  }

  export interface AnnouncedTrackCodecFieldEvent {
    field: '$.codec'
    value: Uint8Array
  }

  export interface AnnouncedTrackWidthFieldEvent {
    field: '$.width'
    value: number
  }

  export interface AnnouncedTrackHeightFieldEvent {
    field: '$.height'
    value: number
  }

  export function encode (obj: Partial<AnnouncedTrack>): Uint8Array {
    return encodeMessage(obj, AnnouncedTrack.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedTrack>): AnnouncedTrack {
    return decodeMessage(buf, AnnouncedTrack.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncedTrack>): Generator<AnnouncedTrackKindFieldEvent | AnnouncedTrackCodecFieldEvent | AnnouncedTrackWidthFieldEvent | AnnouncedTrackHeightFieldEvent> {
    return streamMessage(buf, AnnouncedTrack.codec(), opts)
  }
}
