/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface StreamMessage {
  open?: StreamOpen
  accept?: StreamAccept
  refuse?: StreamRefuse
  report?: ReceiverReport
  key?: KeyRequest
}

export namespace StreamMessage {
  let _codec: Codec<StreamMessage>

  export const codec = (): Codec<StreamMessage> => {
    if (_codec == null) {
      _codec = message<StreamMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.open != null) {
          w.uint32(10)
          StreamOpen.codec().encode(obj.open, w)
        }

        if (obj.accept != null) {
          w.uint32(18)
          StreamAccept.codec().encode(obj.accept, w)
        }

        if (obj.refuse != null) {
          w.uint32(26)
          StreamRefuse.codec().encode(obj.refuse, w)
        }

        if (obj.report != null) {
          w.uint32(34)
          ReceiverReport.codec().encode(obj.report, w)
        }

        if (obj.key != null) {
          w.uint32(42)
          KeyRequest.codec().encode(obj.key, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.open = StreamOpen.codec().decode(reader, reader.uint32(), opts.limits?.open == null ? {} : { limits: opts.limits.open })
              break
            }
            case 2: {
              obj.accept = StreamAccept.codec().decode(reader, reader.uint32(), opts.limits?.accept == null ? {} : { limits: opts.limits.accept })
              break
            }
            case 3: {
              obj.refuse = StreamRefuse.codec().decode(reader, reader.uint32(), opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })
              break
            }
            case 4: {
              obj.report = ReceiverReport.codec().decode(reader, reader.uint32(), opts.limits?.report == null ? {} : { limits: opts.limits.report })
              break
            }
            case 5: {
              obj.key = KeyRequest.codec().decode(reader, reader.uint32(), opts.limits?.key == null ? {} : { limits: opts.limits.key })
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
              yield * StreamOpen.codec().stream(reader, reader.uint32(), `${prefix}.open`, opts.limits?.open == null ? {} : { limits: opts.limits.open })

              break
            }
            case 2: {
              yield * StreamAccept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, opts.limits?.accept == null ? {} : { limits: opts.limits.accept })

              break
            }
            case 3: {
              yield * StreamRefuse.codec().stream(reader, reader.uint32(), `${prefix}.refuse`, opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })

              break
            }
            case 4: {
              yield * ReceiverReport.codec().stream(reader, reader.uint32(), `${prefix}.report`, opts.limits?.report == null ? {} : { limits: opts.limits.report })

              break
            }
            case 5: {
              yield * KeyRequest.codec().stream(reader, reader.uint32(), `${prefix}.key`, opts.limits?.key == null ? {} : { limits: opts.limits.key })

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

  export interface StreamMessageOpenPathFieldEvent {
    field: '$.open.path'
    value: Uint8Array
  }

  export interface StreamMessageOpenTracksFieldEvent {
    field: '$.open.tracks[]'
    index: number
    value: Uint8Array
  }

  export interface StreamMessageOpenStartModeFieldEvent {
    field: '$.open.start.mode'
    value: number
  }

  export interface StreamMessageOpenStartBufferedFieldEvent {
    field: '$.open.start.buffered'
    value: number
  }

  export interface StreamMessageOpenMaxLatencyFieldEvent {
    field: '$.open.maxLatency'
    value: number
  }

  export interface StreamMessageOpenResumeEpochFieldEvent {
    field: '$.open.resume.epoch'
    value: number
  }

  export interface StreamMessageOpenResumeGroupFieldEvent {
    field: '$.open.resume.group'
    value: number
  }

  export interface StreamMessageOpenResumeIndexFieldEvent {
    field: '$.open.resume.index'
    value: number
  }

  export interface StreamMessageOpenWaitFieldEvent {
    field: '$.open.wait'
    value: number
  }

  export interface StreamMessageOpenCopyFieldEvent {
    field: '$.open.copy'
    value: Uint8Array
  }

  export interface StreamMessageAcceptEpochFieldEvent {
    field: '$.accept.epoch'
    value: number
  }

  export interface StreamMessageAcceptTracksIdFieldEvent {
    field: '$.accept.tracks[].id'
    value: number
    index: number
  }

  export interface StreamMessageAcceptTracksKindFieldEvent {
    field: '$.accept.tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface StreamMessageAcceptTracksCodecFieldEvent {
    field: '$.accept.tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface StreamMessageAcceptTracksDescriptionFieldEvent {
    field: '$.accept.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface StreamMessageAcceptTracksWidthFieldEvent {
    field: '$.accept.tracks[].width'
    value: number
    index: number
  }

  export interface StreamMessageAcceptTracksHeightFieldEvent {
    field: '$.accept.tracks[].height'
    value: number
    index: number
  }

  export interface StreamMessageAcceptTracksSampleRateFieldEvent {
    field: '$.accept.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface StreamMessageAcceptTracksChannelsFieldEvent {
    field: '$.accept.tracks[].channels'
    value: number
    index: number
  }

  export interface StreamMessageAcceptHopsFieldEvent {
    field: '$.accept.hops[]'
    index: number
    value: Uint8Array
  }

  export interface StreamMessageAcceptOriginEpochFieldEvent {
    field: '$.accept.originEpoch'
    value: number
  }

  export interface StreamMessageAcceptOriginPathFieldEvent {
    field: '$.accept.originPath'
    value: Uint8Array
  }

  export interface StreamMessageAcceptSealedFieldEvent {
    field: '$.accept.sealed'
    value: boolean
  }

  export interface StreamMessageAcceptResumedFieldEvent {
    field: '$.accept.resumed'
    value: boolean
  }

  export interface StreamMessageAcceptKeyRequestsFieldEvent {
    field: '$.accept.keyRequests'
    value: boolean
  }

  export interface StreamMessageRefuseCodeFieldEvent {
    field: '$.refuse.code'
    value: Uint8Array
  }

  export interface StreamMessageRefuseMessageFieldEvent {
    field: '$.refuse.message'
    value: Uint8Array
  }

  export interface StreamMessageRefuseAlternativesPeerFieldEvent {
    field: '$.refuse.alternatives[].peer'
    value: Uint8Array
    index: number
  }

  export interface StreamMessageRefuseAlternativesPathFieldEvent {
    field: '$.refuse.alternatives[].path'
    value: Uint8Array
    index: number
  }

  export interface StreamMessageRefusePublicationOriginFieldEvent {
    field: '$.refuse.publication.origin'
    value: Uint8Array
  }

  export interface StreamMessageRefusePublicationPathFieldEvent {
    field: '$.refuse.publication.path'
    value: Uint8Array
  }

  export interface StreamMessageRefusePublicationEpochFieldEvent {
    field: '$.refuse.publication.epoch'
    value: number
  }

  export interface StreamMessageReportGroupFieldEvent {
    field: '$.report.group'
    value: number
  }

  export interface StreamMessageReportIndexFieldEvent {
    field: '$.report.index'
    value: number
  }

  export interface StreamMessageReportAgeFieldEvent {
    field: '$.report.age'
    value: number
  }

  export interface StreamMessageReportReceivedFieldEvent {
    field: '$.report.received'
    value: number
  }

  export interface StreamMessageReportBufferedFieldEvent {
    field: '$.report.buffered'
    value: number
  }

  export interface StreamMessageReportRoomFieldEvent {
    field: '$.report.room'
    value: number
  }

  export function encode (obj: Partial<StreamMessage>): Uint8Array {
    return encodeMessage(obj, StreamMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamMessage>): StreamMessage {
    return decodeMessage(buf, StreamMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamMessage>): Generator<StreamMessageOpenPathFieldEvent | StreamMessageOpenTracksFieldEvent | StreamMessageOpenStartModeFieldEvent | StreamMessageOpenStartBufferedFieldEvent | StreamMessageOpenMaxLatencyFieldEvent | StreamMessageOpenResumeEpochFieldEvent | StreamMessageOpenResumeGroupFieldEvent | StreamMessageOpenResumeIndexFieldEvent | StreamMessageOpenWaitFieldEvent | StreamMessageOpenCopyFieldEvent | StreamMessageAcceptEpochFieldEvent | StreamMessageAcceptTracksIdFieldEvent | StreamMessageAcceptTracksKindFieldEvent | StreamMessageAcceptTracksCodecFieldEvent | StreamMessageAcceptTracksDescriptionFieldEvent | StreamMessageAcceptTracksWidthFieldEvent | StreamMessageAcceptTracksHeightFieldEvent | StreamMessageAcceptTracksSampleRateFieldEvent | StreamMessageAcceptTracksChannelsFieldEvent | StreamMessageAcceptHopsFieldEvent | StreamMessageAcceptOriginEpochFieldEvent | StreamMessageAcceptOriginPathFieldEvent | StreamMessageAcceptSealedFieldEvent | StreamMessageAcceptResumedFieldEvent | StreamMessageAcceptKeyRequestsFieldEvent | StreamMessageRefuseCodeFieldEvent | StreamMessageRefuseMessageFieldEvent | StreamMessageRefuseAlternativesPeerFieldEvent | StreamMessageRefuseAlternativesPathFieldEvent | StreamMessageRefusePublicationOriginFieldEvent | StreamMessageRefusePublicationPathFieldEvent | StreamMessageRefusePublicationEpochFieldEvent | StreamMessageReportGroupFieldEvent | StreamMessageReportIndexFieldEvent | StreamMessageReportAgeFieldEvent | StreamMessageReportReceivedFieldEvent | StreamMessageReportBufferedFieldEvent | StreamMessageReportRoomFieldEvent> {
    return streamMessage(buf, StreamMessage.codec(), opts)
  }
}

export interface StreamOpen {
  path: Uint8Array
  tracks: Uint8Array[]
  start?: Start
  maxLatency: number
  resume?: Position
  wait: number
  copy: Uint8Array
}

export namespace StreamOpen {
  let _codec: Codec<StreamOpen>

  export const codec = (): Codec<StreamOpen> => {
    if (_codec == null) {
      _codec = message<StreamOpen>((obj, w, opts = {}) => {
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
            w.bytes(value)
          }
        }

        if (obj.start != null) {
          w.uint32(26)
          Start.codec().encode(obj.start, w)
        }

        if ((obj.maxLatency != null && obj.maxLatency !== 0)) {
          w.uint32(32)
          w.uint32(obj.maxLatency)
        }

        if (obj.resume != null) {
          w.uint32(42)
          Position.codec().encode(obj.resume, w)
        }

        if ((obj.wait != null && obj.wait !== 0)) {
          w.uint32(48)
          w.uint32(obj.wait)
        }

        if ((obj.copy != null && obj.copy.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.copy)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          tracks: [],
          maxLatency: 0,
          wait: 0,
          copy: uint8ArrayAlloc(0)
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

              obj.tracks.push(reader.bytes())
              break
            }
            case 3: {
              obj.start = Start.codec().decode(reader, reader.uint32(), opts.limits?.start == null ? {} : { limits: opts.limits.start })
              break
            }
            case 4: {
              obj.maxLatency = reader.uint32()
              break
            }
            case 5: {
              obj.resume = Position.codec().decode(reader, reader.uint32(), opts.limits?.resume == null ? {} : { limits: opts.limits.resume })
              break
            }
            case 6: {
              obj.wait = reader.uint32()
              break
            }
            case 7: {
              obj.copy = reader.bytes()
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

              yield {
                field: `${prefix}.tracks[]`,
                index: obj.tracks,
                value: reader.bytes()
              }

              obj.tracks++

              break
            }
            case 3: {
              yield * Start.codec().stream(reader, reader.uint32(), `${prefix}.start`, opts.limits?.start == null ? {} : { limits: opts.limits.start })

              break
            }
            case 4: {
              yield {
                field: `${prefix}.maxLatency`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield * Position.codec().stream(reader, reader.uint32(), `${prefix}.resume`, opts.limits?.resume == null ? {} : { limits: opts.limits.resume })

              break
            }
            case 6: {
              yield {
                field: `${prefix}.wait`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.copy`,
                value: reader.bytes()
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

  export interface StreamOpenPathFieldEvent {
    field: '$.path'
    value: Uint8Array
  }

  export interface StreamOpenTracksFieldEvent {
    field: '$.tracks[]'
    index: number
    value: Uint8Array
  }

  export interface StreamOpenStartModeFieldEvent {
    field: '$.start.mode'
    value: number
  }

  export interface StreamOpenStartBufferedFieldEvent {
    field: '$.start.buffered'
    value: number
  }

  export interface StreamOpenMaxLatencyFieldEvent {
    field: '$.maxLatency'
    value: number
  }

  export interface StreamOpenResumeEpochFieldEvent {
    field: '$.resume.epoch'
    value: number
  }

  export interface StreamOpenResumeGroupFieldEvent {
    field: '$.resume.group'
    value: number
  }

  export interface StreamOpenResumeIndexFieldEvent {
    field: '$.resume.index'
    value: number
  }

  export interface StreamOpenWaitFieldEvent {
    field: '$.wait'
    value: number
  }

  export interface StreamOpenCopyFieldEvent {
    field: '$.copy'
    value: Uint8Array
  }

  export function encode (obj: Partial<StreamOpen>): Uint8Array {
    return encodeMessage(obj, StreamOpen.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamOpen>): StreamOpen {
    return decodeMessage(buf, StreamOpen.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamOpen>): Generator<StreamOpenPathFieldEvent | StreamOpenTracksFieldEvent | StreamOpenStartModeFieldEvent | StreamOpenStartBufferedFieldEvent | StreamOpenMaxLatencyFieldEvent | StreamOpenResumeEpochFieldEvent | StreamOpenResumeGroupFieldEvent | StreamOpenResumeIndexFieldEvent | StreamOpenWaitFieldEvent | StreamOpenCopyFieldEvent> {
    return streamMessage(buf, StreamOpen.codec(), opts)
  }
}

export interface Start {
  mode: number
  buffered: number
}

export namespace Start {
  let _codec: Codec<Start>

  export const codec = (): Codec<Start> => {
    if (_codec == null) {
      _codec = message<Start>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mode != null && obj.mode !== 0)) {
          w.uint32(8)
          w.uint32(obj.mode)
        }

        if ((obj.buffered != null && obj.buffered !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.buffered)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mode: 0,
          buffered: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mode = reader.uint32()
              break
            }
            case 2: {
              obj.buffered = reader.uint64Number()
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
                field: `${prefix}.mode`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.buffered`,
                value: reader.uint64Number()
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

  export interface StartModeFieldEvent {
    field: '$.mode'
    value: number
  }

  export interface StartBufferedFieldEvent {
    field: '$.buffered'
    value: number
  }

  export function encode (obj: Partial<Start>): Uint8Array {
    return encodeMessage(obj, Start.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Start>): Start {
    return decodeMessage(buf, Start.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Start>): Generator<StartModeFieldEvent | StartBufferedFieldEvent> {
    return streamMessage(buf, Start.codec(), opts)
  }
}

export interface Position {
  epoch: number
  group: number
  index: number
}

export namespace Position {
  let _codec: Codec<Position>

  export const codec = (): Codec<Position> => {
    if (_codec == null) {
      _codec = message<Position>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(8)
          w.uint32(obj.epoch)
        }

        if ((obj.group != null && obj.group !== 0)) {
          w.uint32(16)
          w.uint32(obj.group)
        }

        if ((obj.index != null && obj.index !== 0)) {
          w.uint32(24)
          w.uint32(obj.index)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          epoch: 0,
          group: 0,
          index: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.epoch = reader.uint32()
              break
            }
            case 2: {
              obj.group = reader.uint32()
              break
            }
            case 3: {
              obj.index = reader.uint32()
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
                field: `${prefix}.epoch`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.group`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.index`,
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

  export interface PositionEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface PositionGroupFieldEvent {
    field: '$.group'
    value: number
  }

  export interface PositionIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export function encode (obj: Partial<Position>): Uint8Array {
    return encodeMessage(obj, Position.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Position>): Position {
    return decodeMessage(buf, Position.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Position>): Generator<PositionEpochFieldEvent | PositionGroupFieldEvent | PositionIndexFieldEvent> {
    return streamMessage(buf, Position.codec(), opts)
  }
}

export interface StreamAccept {
  epoch: number
  tracks: StreamTrack[]
  hops: Uint8Array[]
  originEpoch: number
  originPath: Uint8Array
  sealed: boolean
  resumed: boolean
  keyRequests: boolean
}

export namespace StreamAccept {
  let _codec: Codec<StreamAccept>

  export const codec = (): Codec<StreamAccept> => {
    if (_codec == null) {
      _codec = message<StreamAccept>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(8)
          w.uint32(obj.epoch)
        }

        if (obj.tracks != null && obj.tracks.length > 0) {
          for (const value of obj.tracks) {
            w.uint32(18)
            StreamTrack.codec().encode(value, w)
          }
        }

        if (obj.hops != null && obj.hops.length > 0) {
          for (const value of obj.hops) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if ((obj.originEpoch != null && obj.originEpoch !== 0)) {
          w.uint32(32)
          w.uint32(obj.originEpoch)
        }

        if ((obj.originPath != null && obj.originPath.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.originPath)
        }

        if ((obj.sealed != null && obj.sealed !== false)) {
          w.uint32(48)
          w.bool(obj.sealed)
        }

        if ((obj.resumed != null && obj.resumed !== false)) {
          w.uint32(56)
          w.bool(obj.resumed)
        }

        if ((obj.keyRequests != null && obj.keyRequests !== false)) {
          w.uint32(64)
          w.bool(obj.keyRequests)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          epoch: 0,
          tracks: [],
          hops: [],
          originEpoch: 0,
          originPath: uint8ArrayAlloc(0),
          sealed: false,
          resumed: false,
          keyRequests: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.epoch = reader.uint32()
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks.length === opts.limits.tracks) {
                throw new MaxLengthError('Decode error - repeated field "tracks" had too many elements')
              }

              obj.tracks.push(StreamTrack.codec().decode(reader, reader.uint32(), opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ }))
              break
            }
            case 3: {
              if (opts.limits?.hops != null && obj.hops.length === opts.limits.hops) {
                throw new MaxLengthError('Decode error - repeated field "hops" had too many elements')
              }

              obj.hops.push(reader.bytes())
              break
            }
            case 4: {
              obj.originEpoch = reader.uint32()
              break
            }
            case 5: {
              obj.originPath = reader.bytes()
              break
            }
            case 6: {
              obj.sealed = reader.bool()
              break
            }
            case 7: {
              obj.resumed = reader.bool()
              break
            }
            case 8: {
              obj.keyRequests = reader.bool()
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
          tracks: 0,
          hops: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks === opts.limits.tracks) {
                throw new MaxLengthError('Streaming decode error - repeated field "tracks" had too many elements')
              }

              for (const evt of StreamTrack.codec().stream(reader, reader.uint32(), `${prefix}.tracks[]`, opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ })) {
                yield {
                  ...evt,
                  index: obj.tracks
                }
              }

              obj.tracks++

              break
            }
            case 3: {
              if (opts.limits?.hops != null && obj.hops === opts.limits.hops) {
                throw new MaxLengthError('Streaming decode error - repeated field "hops" had too many elements')
              }

              yield {
                field: `${prefix}.hops[]`,
                index: obj.hops,
                value: reader.bytes()
              }

              obj.hops++

              break
            }
            case 4: {
              yield {
                field: `${prefix}.originEpoch`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.originPath`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.sealed`,
                value: reader.bool()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.resumed`,
                value: reader.bool()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.keyRequests`,
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

  export interface StreamAcceptEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface StreamAcceptTracksIdFieldEvent {
    field: '$.tracks[].id'
    value: number
    index: number
  }

  export interface StreamAcceptTracksKindFieldEvent {
    field: '$.tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface StreamAcceptTracksCodecFieldEvent {
    field: '$.tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface StreamAcceptTracksDescriptionFieldEvent {
    field: '$.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface StreamAcceptTracksWidthFieldEvent {
    field: '$.tracks[].width'
    value: number
    index: number
  }

  export interface StreamAcceptTracksHeightFieldEvent {
    field: '$.tracks[].height'
    value: number
    index: number
  }

  export interface StreamAcceptTracksSampleRateFieldEvent {
    field: '$.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface StreamAcceptTracksChannelsFieldEvent {
    field: '$.tracks[].channels'
    value: number
    index: number
  }

  export interface StreamAcceptHopsFieldEvent {
    field: '$.hops[]'
    index: number
    value: Uint8Array
  }

  export interface StreamAcceptOriginEpochFieldEvent {
    field: '$.originEpoch'
    value: number
  }

  export interface StreamAcceptOriginPathFieldEvent {
    field: '$.originPath'
    value: Uint8Array
  }

  export interface StreamAcceptSealedFieldEvent {
    field: '$.sealed'
    value: boolean
  }

  export interface StreamAcceptResumedFieldEvent {
    field: '$.resumed'
    value: boolean
  }

  export interface StreamAcceptKeyRequestsFieldEvent {
    field: '$.keyRequests'
    value: boolean
  }

  export function encode (obj: Partial<StreamAccept>): Uint8Array {
    return encodeMessage(obj, StreamAccept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamAccept>): StreamAccept {
    return decodeMessage(buf, StreamAccept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamAccept>): Generator<StreamAcceptEpochFieldEvent | StreamAcceptTracksIdFieldEvent | StreamAcceptTracksKindFieldEvent | StreamAcceptTracksCodecFieldEvent | StreamAcceptTracksDescriptionFieldEvent | StreamAcceptTracksWidthFieldEvent | StreamAcceptTracksHeightFieldEvent | StreamAcceptTracksSampleRateFieldEvent | StreamAcceptTracksChannelsFieldEvent | StreamAcceptHopsFieldEvent | StreamAcceptOriginEpochFieldEvent | StreamAcceptOriginPathFieldEvent | StreamAcceptSealedFieldEvent | StreamAcceptResumedFieldEvent | StreamAcceptKeyRequestsFieldEvent> {
    return streamMessage(buf, StreamAccept.codec(), opts)
  }
}

export interface StreamRoute {
  hops: Uint8Array[]
}

export namespace StreamRoute {
  let _codec: Codec<StreamRoute>

  export const codec = (): Codec<StreamRoute> => {
    if (_codec == null) {
      _codec = message<StreamRoute>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.hops != null && obj.hops.length > 0) {
          for (const value of obj.hops) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          hops: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.hops != null && obj.hops.length === opts.limits.hops) {
                throw new MaxLengthError('Decode error - repeated field "hops" had too many elements')
              }

              obj.hops.push(reader.bytes())
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
          hops: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.hops != null && obj.hops === opts.limits.hops) {
                throw new MaxLengthError('Streaming decode error - repeated field "hops" had too many elements')
              }

              yield {
                field: `${prefix}.hops[]`,
                index: obj.hops,
                value: reader.bytes()
              }

              obj.hops++

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

  export interface StreamRouteHopsFieldEvent {
    field: '$.hops[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<StreamRoute>): Uint8Array {
    return encodeMessage(obj, StreamRoute.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRoute>): StreamRoute {
    return decodeMessage(buf, StreamRoute.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRoute>): Generator<StreamRouteHopsFieldEvent> {
    return streamMessage(buf, StreamRoute.codec(), opts)
  }
}

export interface StreamRefuse {
  code: Uint8Array
  message: Uint8Array
  alternatives: StreamCopy[]
  publication?: PublicationId
}

export namespace StreamRefuse {
  let _codec: Codec<StreamRefuse>

  export const codec = (): Codec<StreamRefuse> => {
    if (_codec == null) {
      _codec = message<StreamRefuse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.code)
        }

        if ((obj.message != null && obj.message.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.message)
        }

        if (obj.alternatives != null && obj.alternatives.length > 0) {
          for (const value of obj.alternatives) {
            w.uint32(26)
            StreamCopy.codec().encode(value, w)
          }
        }

        if (obj.publication != null) {
          w.uint32(34)
          PublicationId.codec().encode(obj.publication, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: uint8ArrayAlloc(0),
          message: uint8ArrayAlloc(0),
          alternatives: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.bytes()
              break
            }
            case 2: {
              obj.message = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.alternatives != null && obj.alternatives.length === opts.limits.alternatives) {
                throw new MaxLengthError('Decode error - repeated field "alternatives" had too many elements')
              }

              obj.alternatives.push(StreamCopy.codec().decode(reader, reader.uint32(), opts.limits?.alternatives$ == null ? {} : { limits: opts.limits.alternatives$ }))
              break
            }
            case 4: {
              obj.publication = PublicationId.codec().decode(reader, reader.uint32(), opts.limits?.publication == null ? {} : { limits: opts.limits.publication })
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
          alternatives: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              if (opts.limits?.alternatives != null && obj.alternatives === opts.limits.alternatives) {
                throw new MaxLengthError('Streaming decode error - repeated field "alternatives" had too many elements')
              }

              for (const evt of StreamCopy.codec().stream(reader, reader.uint32(), `${prefix}.alternatives[]`, opts.limits?.alternatives$ == null ? {} : { limits: opts.limits.alternatives$ })) {
                yield {
                  ...evt,
                  index: obj.alternatives
                }
              }

              obj.alternatives++

              break
            }
            case 4: {
              yield * PublicationId.codec().stream(reader, reader.uint32(), `${prefix}.publication`, opts.limits?.publication == null ? {} : { limits: opts.limits.publication })

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

  export interface StreamRefuseCodeFieldEvent {
    field: '$.code'
    value: Uint8Array
  }

  export interface StreamRefuseMessageFieldEvent {
    field: '$.message'
    value: Uint8Array
  }

  export interface StreamRefuseAlternativesPeerFieldEvent {
    field: '$.alternatives[].peer'
    value: Uint8Array
    index: number
  }

  export interface StreamRefuseAlternativesPathFieldEvent {
    field: '$.alternatives[].path'
    value: Uint8Array
    index: number
  }

  export interface StreamRefusePublicationOriginFieldEvent {
    field: '$.publication.origin'
    value: Uint8Array
  }

  export interface StreamRefusePublicationPathFieldEvent {
    field: '$.publication.path'
    value: Uint8Array
  }

  export interface StreamRefusePublicationEpochFieldEvent {
    field: '$.publication.epoch'
    value: number
  }

  export function encode (obj: Partial<StreamRefuse>): Uint8Array {
    return encodeMessage(obj, StreamRefuse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRefuse>): StreamRefuse {
    return decodeMessage(buf, StreamRefuse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRefuse>): Generator<StreamRefuseCodeFieldEvent | StreamRefuseMessageFieldEvent | StreamRefuseAlternativesPeerFieldEvent | StreamRefuseAlternativesPathFieldEvent | StreamRefusePublicationOriginFieldEvent | StreamRefusePublicationPathFieldEvent | StreamRefusePublicationEpochFieldEvent> {
    return streamMessage(buf, StreamRefuse.codec(), opts)
  }
}

export interface StreamCopy {
  peer: Uint8Array
  path: Uint8Array
}

export namespace StreamCopy {
  let _codec: Codec<StreamCopy>

  export const codec = (): Codec<StreamCopy> => {
    if (_codec == null) {
      _codec = message<StreamCopy>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.peer)
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.path)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: uint8ArrayAlloc(0),
          path: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.bytes()
              break
            }
            case 2: {
              obj.path = reader.bytes()
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
                field: `${prefix}.peer`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
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

  export interface StreamCopyPeerFieldEvent {
    field: '$.peer'
    value: Uint8Array
  }

  export interface StreamCopyPathFieldEvent {
    field: '$.path'
    value: Uint8Array
  }

  export function encode (obj: Partial<StreamCopy>): Uint8Array {
    return encodeMessage(obj, StreamCopy.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamCopy>): StreamCopy {
    return decodeMessage(buf, StreamCopy.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamCopy>): Generator<StreamCopyPeerFieldEvent | StreamCopyPathFieldEvent> {
    return streamMessage(buf, StreamCopy.codec(), opts)
  }
}

export interface PublicationId {
  origin: Uint8Array
  path: Uint8Array
  epoch: number
}

export namespace PublicationId {
  let _codec: Codec<PublicationId>

  export const codec = (): Codec<PublicationId> => {
    if (_codec == null) {
      _codec = message<PublicationId>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.origin != null && obj.origin.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.origin)
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.path)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(24)
          w.uint32(obj.epoch)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          origin: uint8ArrayAlloc(0),
          path: uint8ArrayAlloc(0),
          epoch: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.origin = reader.bytes()
              break
            }
            case 2: {
              obj.path = reader.bytes()
              break
            }
            case 3: {
              obj.epoch = reader.uint32()
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
                field: `${prefix}.origin`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.epoch`,
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

  export interface PublicationIdOriginFieldEvent {
    field: '$.origin'
    value: Uint8Array
  }

  export interface PublicationIdPathFieldEvent {
    field: '$.path'
    value: Uint8Array
  }

  export interface PublicationIdEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export function encode (obj: Partial<PublicationId>): Uint8Array {
    return encodeMessage(obj, PublicationId.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PublicationId>): PublicationId {
    return decodeMessage(buf, PublicationId.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PublicationId>): Generator<PublicationIdOriginFieldEvent | PublicationIdPathFieldEvent | PublicationIdEpochFieldEvent> {
    return streamMessage(buf, PublicationId.codec(), opts)
  }
}

export interface StreamTrack {
  id: number
  kind: Uint8Array
  codec: Uint8Array
  description: Uint8Array
  width: number
  height: number
  sampleRate: number
  channels: number
}

export namespace StreamTrack {
  let _codec: Codec<StreamTrack>

  export const codec = (): Codec<StreamTrack> => {
    if (_codec == null) {
      _codec = message<StreamTrack>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.kind != null && obj.kind.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.kind)
        }

        if ((obj.codec != null && obj.codec.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.codec)
        }

        if ((obj.description != null && obj.description.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.description)
        }

        if ((obj.width != null && obj.width !== 0)) {
          w.uint32(40)
          w.uint32(obj.width)
        }

        if ((obj.height != null && obj.height !== 0)) {
          w.uint32(48)
          w.uint32(obj.height)
        }

        if ((obj.sampleRate != null && obj.sampleRate !== 0)) {
          w.uint32(56)
          w.uint32(obj.sampleRate)
        }

        if ((obj.channels != null && obj.channels !== 0)) {
          w.uint32(64)
          w.uint32(obj.channels)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          kind: uint8ArrayAlloc(0),
          codec: uint8ArrayAlloc(0),
          description: uint8ArrayAlloc(0),
          width: 0,
          height: 0,
          sampleRate: 0,
          channels: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.kind = reader.bytes()
              break
            }
            case 3: {
              obj.codec = reader.bytes()
              break
            }
            case 4: {
              obj.description = reader.bytes()
              break
            }
            case 5: {
              obj.width = reader.uint32()
              break
            }
            case 6: {
              obj.height = reader.uint32()
              break
            }
            case 7: {
              obj.sampleRate = reader.uint32()
              break
            }
            case 8: {
              obj.channels = reader.uint32()
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
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.kind`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.codec`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.description`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.width`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.height`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.sampleRate`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.channels`,
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

  export interface StreamTrackIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface StreamTrackKindFieldEvent {
    field: '$.kind'
    value: Uint8Array
  }

  export interface StreamTrackCodecFieldEvent {
    field: '$.codec'
    value: Uint8Array
  }

  export interface StreamTrackDescriptionFieldEvent {
    field: '$.description'
    value: Uint8Array
  }

  export interface StreamTrackWidthFieldEvent {
    field: '$.width'
    value: number
  }

  export interface StreamTrackHeightFieldEvent {
    field: '$.height'
    value: number
  }

  export interface StreamTrackSampleRateFieldEvent {
    field: '$.sampleRate'
    value: number
  }

  export interface StreamTrackChannelsFieldEvent {
    field: '$.channels'
    value: number
  }

  export function encode (obj: Partial<StreamTrack>): Uint8Array {
    return encodeMessage(obj, StreamTrack.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamTrack>): StreamTrack {
    return decodeMessage(buf, StreamTrack.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamTrack>): Generator<StreamTrackIdFieldEvent | StreamTrackKindFieldEvent | StreamTrackCodecFieldEvent | StreamTrackDescriptionFieldEvent | StreamTrackWidthFieldEvent | StreamTrackHeightFieldEvent | StreamTrackSampleRateFieldEvent | StreamTrackChannelsFieldEvent> {
    return streamMessage(buf, StreamTrack.codec(), opts)
  }
}

export interface KeyRequest {}

export namespace KeyRequest {
  let _codec: Codec<KeyRequest>

  export const codec = (): Codec<KeyRequest> => {
    if (_codec == null) {
      _codec = message<KeyRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
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

  export function encode (obj: Partial<KeyRequest>): Uint8Array {
    return encodeMessage(obj, KeyRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeyRequest>): KeyRequest {
    return decodeMessage(buf, KeyRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeyRequest>): Generator<{}> {
    return streamMessage(buf, KeyRequest.codec(), opts)
  }
}

export interface ReceiverReport {
  group: number
  index: number
  age: number
  received: number
  buffered: number
  room: number
}

export namespace ReceiverReport {
  let _codec: Codec<ReceiverReport>

  export const codec = (): Codec<ReceiverReport> => {
    if (_codec == null) {
      _codec = message<ReceiverReport>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.group != null && obj.group !== 0)) {
          w.uint32(8)
          w.uint32(obj.group)
        }

        if ((obj.index != null && obj.index !== 0)) {
          w.uint32(16)
          w.uint32(obj.index)
        }

        if ((obj.age != null && obj.age !== 0)) {
          w.uint32(24)
          w.uint32(obj.age)
        }

        if ((obj.received != null && obj.received !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.received)
        }

        if ((obj.buffered != null && obj.buffered !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.buffered)
        }

        if ((obj.room != null && obj.room !== 0)) {
          w.uint32(48)
          w.uint32(obj.room)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          group: 0,
          index: 0,
          age: 0,
          received: 0,
          buffered: 0,
          room: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.group = reader.uint32()
              break
            }
            case 2: {
              obj.index = reader.uint32()
              break
            }
            case 3: {
              obj.age = reader.uint32()
              break
            }
            case 4: {
              obj.received = reader.uint64Number()
              break
            }
            case 5: {
              obj.buffered = reader.uint64Number()
              break
            }
            case 6: {
              obj.room = reader.uint32()
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
                field: `${prefix}.group`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.index`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.age`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.received`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.buffered`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.room`,
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

  export interface ReceiverReportGroupFieldEvent {
    field: '$.group'
    value: number
  }

  export interface ReceiverReportIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export interface ReceiverReportAgeFieldEvent {
    field: '$.age'
    value: number
  }

  export interface ReceiverReportReceivedFieldEvent {
    field: '$.received'
    value: number
  }

  export interface ReceiverReportBufferedFieldEvent {
    field: '$.buffered'
    value: number
  }

  export interface ReceiverReportRoomFieldEvent {
    field: '$.room'
    value: number
  }

  export function encode (obj: Partial<ReceiverReport>): Uint8Array {
    return encodeMessage(obj, ReceiverReport.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiverReport>): ReceiverReport {
    return decodeMessage(buf, ReceiverReport.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReceiverReport>): Generator<ReceiverReportGroupFieldEvent | ReceiverReportIndexFieldEvent | ReceiverReportAgeFieldEvent | ReceiverReportReceivedFieldEvent | ReceiverReportBufferedFieldEvent | ReceiverReportRoomFieldEvent> {
    return streamMessage(buf, ReceiverReport.codec(), opts)
  }
}
