/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Envelope {
  hello?: Hello
  payload?: Payload
  receipt?: Receipt
  streams?: StreamRecord
  keepAlive?: KeepAlive
}

export namespace Envelope {
  let _codec: Codec<Envelope>

  export const codec = (): Codec<Envelope> => {
    if (_codec == null) {
      _codec = message<Envelope>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.hello != null) {
          w.uint32(10)
          Hello.codec().encode(obj.hello, w)
        }

        if (obj.payload != null) {
          w.uint32(18)
          Payload.codec().encode(obj.payload, w)
        }

        if (obj.receipt != null) {
          w.uint32(26)
          Receipt.codec().encode(obj.receipt, w)
        }

        if (obj.streams != null) {
          w.uint32(34)
          StreamRecord.codec().encode(obj.streams, w)
        }

        if (obj.keepAlive != null) {
          w.uint32(42)
          KeepAlive.codec().encode(obj.keepAlive, w)
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
              obj.hello = Hello.codec().decode(reader, reader.uint32(), opts.limits?.hello == null ? {} : { limits: opts.limits.hello })
              break
            }
            case 2: {
              obj.payload = Payload.codec().decode(reader, reader.uint32(), opts.limits?.payload == null ? {} : { limits: opts.limits.payload })
              break
            }
            case 3: {
              obj.receipt = Receipt.codec().decode(reader, reader.uint32(), opts.limits?.receipt == null ? {} : { limits: opts.limits.receipt })
              break
            }
            case 4: {
              obj.streams = StreamRecord.codec().decode(reader, reader.uint32(), opts.limits?.streams == null ? {} : { limits: opts.limits.streams })
              break
            }
            case 5: {
              obj.keepAlive = KeepAlive.codec().decode(reader, reader.uint32(), opts.limits?.keepAlive == null ? {} : { limits: opts.limits.keepAlive })
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
              yield * Hello.codec().stream(reader, reader.uint32(), `${prefix}.hello`, opts.limits?.hello == null ? {} : { limits: opts.limits.hello })

              break
            }
            case 2: {
              yield * Payload.codec().stream(reader, reader.uint32(), `${prefix}.payload`, opts.limits?.payload == null ? {} : { limits: opts.limits.payload })

              break
            }
            case 3: {
              yield * Receipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, opts.limits?.receipt == null ? {} : { limits: opts.limits.receipt })

              break
            }
            case 4: {
              yield * StreamRecord.codec().stream(reader, reader.uint32(), `${prefix}.streams`, opts.limits?.streams == null ? {} : { limits: opts.limits.streams })

              break
            }
            case 5: {
              yield * KeepAlive.codec().stream(reader, reader.uint32(), `${prefix}.keepAlive`, opts.limits?.keepAlive == null ? {} : { limits: opts.limits.keepAlive })

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

  export interface EnvelopeHelloVersionFieldEvent {
    field: '$.hello.version'
    value: number
  }

  export interface EnvelopeHelloMinVersionFieldEvent {
    field: '$.hello.minVersion'
    value: number
  }

  export interface EnvelopeHelloNameFieldEvent {
    field: '$.hello.name'
    value: Uint8Array
  }

  export interface EnvelopeHelloAgentFieldEvent {
    field: '$.hello.agent'
    value: Uint8Array
  }

  export interface EnvelopeHelloKindsFieldEvent {
    field: '$.hello.kinds[]'
    index: number
    value: Uint8Array
  }

  export interface EnvelopeHelloLimitsMaxPayloadFieldEvent {
    field: '$.hello.limits.maxPayload'
    value: number
  }

  export interface EnvelopeHelloFeaturesFieldEvent {
    field: '$.hello.features[]'
    index: number
    value: Uint8Array
  }

  export interface EnvelopeHelloInstanceFieldEvent {
    field: '$.hello.instance'
    value: Uint8Array
  }

  export interface EnvelopePayloadIdFieldEvent {
    field: '$.payload.id'
    value: number
  }

  export interface EnvelopePayloadKindFieldEvent {
    field: '$.payload.kind'
    value: Uint8Array
  }

  export interface EnvelopePayloadBodyFieldEvent {
    field: '$.payload.body'
    value: Uint8Array
  }

  export interface EnvelopePayloadWantsReplyFieldEvent {
    field: '$.payload.wantsReply'
    value: boolean
  }

  export interface EnvelopeReceiptInstanceFieldEvent {
    field: '$.receipt.instance'
    value: Uint8Array
  }

  export interface EnvelopeReceiptIdFieldEvent {
    field: '$.receipt.id'
    value: number
  }

  export interface EnvelopeReceiptCodeFieldEvent {
    field: '$.receipt.code'
    value: Uint8Array
  }

  export interface EnvelopeReceiptMessageFieldEvent {
    field: '$.receipt.message'
    value: Uint8Array
  }

  export interface EnvelopeReceiptReplyFieldEvent {
    field: '$.receipt.reply'
    value: Uint8Array
  }

  export interface EnvelopeStreamsEpochFieldEvent {
    field: '$.streams.epoch'
    value: Uint8Array
  }

  export interface EnvelopeStreamsSequenceFieldEvent {
    field: '$.streams.sequence'
    value: number
  }

  export interface EnvelopeStreamsSnapshotFieldEvent {
    field: '$.streams.snapshot'
    value: boolean
  }

  export interface EnvelopeStreamsAskFieldEvent {
    field: '$.streams.ask'
    value: boolean
  }

  export interface EnvelopeStreamsStreamsPathFieldEvent {
    field: '$.streams.streams[].path'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeStreamsStreamsTracksKindFieldEvent {
    field: '$.streams.streams[].tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeStreamsStreamsTracksCodecFieldEvent {
    field: '$.streams.streams[].tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeStreamsStreamsTracksWidthFieldEvent {
    field: '$.streams.streams[].tracks[].width'
    value: number
    index: number
  }

  export interface EnvelopeStreamsStreamsTracksHeightFieldEvent {
    field: '$.streams.streams[].tracks[].height'
    value: number
    index: number
  }

  export interface EnvelopeStreamsStreamsSinceFieldEvent {
    field: '$.streams.streams[].since'
    value: number
    index: number
  }

  export interface EnvelopeStreamsStreamsHopsFieldEvent {
    field: '$.streams.streams[].hops'
    value: number
    index: number
  }

  export interface EnvelopeStreamsStreamsOriginFieldEvent {
    field: '$.streams.streams[].origin'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeStreamsRemovedFieldEvent {
    field: '$.streams.removed[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Envelope>): Uint8Array {
    return encodeMessage(obj, Envelope.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Envelope {
    return decodeMessage(buf, Envelope.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Generator<EnvelopeHelloVersionFieldEvent | EnvelopeHelloMinVersionFieldEvent | EnvelopeHelloNameFieldEvent | EnvelopeHelloAgentFieldEvent | EnvelopeHelloKindsFieldEvent | EnvelopeHelloLimitsMaxPayloadFieldEvent | EnvelopeHelloFeaturesFieldEvent | EnvelopeHelloInstanceFieldEvent | EnvelopePayloadIdFieldEvent | EnvelopePayloadKindFieldEvent | EnvelopePayloadBodyFieldEvent | EnvelopePayloadWantsReplyFieldEvent | EnvelopeReceiptInstanceFieldEvent | EnvelopeReceiptIdFieldEvent | EnvelopeReceiptCodeFieldEvent | EnvelopeReceiptMessageFieldEvent | EnvelopeReceiptReplyFieldEvent | EnvelopeStreamsEpochFieldEvent | EnvelopeStreamsSequenceFieldEvent | EnvelopeStreamsSnapshotFieldEvent | EnvelopeStreamsAskFieldEvent | EnvelopeStreamsStreamsPathFieldEvent | EnvelopeStreamsStreamsTracksKindFieldEvent | EnvelopeStreamsStreamsTracksCodecFieldEvent | EnvelopeStreamsStreamsTracksWidthFieldEvent | EnvelopeStreamsStreamsTracksHeightFieldEvent | EnvelopeStreamsStreamsSinceFieldEvent | EnvelopeStreamsStreamsHopsFieldEvent | EnvelopeStreamsStreamsOriginFieldEvent | EnvelopeStreamsRemovedFieldEvent> {
    return streamMessage(buf, Envelope.codec(), opts)
  }
}

export interface Hello {
  version: number
  minVersion: number
  name: Uint8Array
  agent: Uint8Array
  kinds: Uint8Array[]
  limits?: Limits
  features: Uint8Array[]
  instance: Uint8Array
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.minVersion != null && obj.minVersion !== 0)) {
          w.uint32(16)
          w.uint32(obj.minVersion)
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.name)
        }

        if ((obj.agent != null && obj.agent.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.agent)
        }

        if (obj.kinds != null && obj.kinds.length > 0) {
          for (const value of obj.kinds) {
            w.uint32(42)
            w.bytes(value)
          }
        }

        if (obj.limits != null) {
          w.uint32(50)
          Limits.codec().encode(obj.limits, w)
        }

        if (obj.features != null && obj.features.length > 0) {
          for (const value of obj.features) {
            w.uint32(58)
            w.bytes(value)
          }
        }

        if ((obj.instance != null && obj.instance.byteLength > 0)) {
          w.uint32(66)
          w.bytes(obj.instance)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          minVersion: 0,
          name: uint8ArrayAlloc(0),
          agent: uint8ArrayAlloc(0),
          kinds: [],
          features: [],
          instance: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.minVersion = reader.uint32()
              break
            }
            case 3: {
              obj.name = reader.bytes()
              break
            }
            case 4: {
              obj.agent = reader.bytes()
              break
            }
            case 5: {
              if (opts.limits?.kinds != null && obj.kinds.length === opts.limits.kinds) {
                throw new MaxLengthError('Decode error - repeated field "kinds" had too many elements')
              }

              obj.kinds.push(reader.bytes())
              break
            }
            case 6: {
              obj.limits = Limits.codec().decode(reader, reader.uint32(), opts.limits?.limits == null ? {} : { limits: opts.limits.limits })
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
              obj.instance = reader.bytes()
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
          kinds: 0,
          features: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.minVersion`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.agent`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              if (opts.limits?.kinds != null && obj.kinds === opts.limits.kinds) {
                throw new MaxLengthError('Streaming decode error - repeated field "kinds" had too many elements')
              }

              yield {
                field: `${prefix}.kinds[]`,
                index: obj.kinds,
                value: reader.bytes()
              }

              obj.kinds++

              break
            }
            case 6: {
              yield * Limits.codec().stream(reader, reader.uint32(), `${prefix}.limits`, opts.limits?.limits == null ? {} : { limits: opts.limits.limits })

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
                field: `${prefix}.instance`,
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

  export interface HelloVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface HelloMinVersionFieldEvent {
    field: '$.minVersion'
    value: number
  }

  export interface HelloNameFieldEvent {
    field: '$.name'
    value: Uint8Array
  }

  export interface HelloAgentFieldEvent {
    field: '$.agent'
    value: Uint8Array
  }

  export interface HelloKindsFieldEvent {
    field: '$.kinds[]'
    index: number
    value: Uint8Array
  }

  export interface HelloLimitsMaxPayloadFieldEvent {
    field: '$.limits.maxPayload'
    value: number
  }

  export interface HelloFeaturesFieldEvent {
    field: '$.features[]'
    index: number
    value: Uint8Array
  }

  export interface HelloInstanceFieldEvent {
    field: '$.instance'
    value: Uint8Array
  }

  export function encode (obj: Partial<Hello>): Uint8Array {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloVersionFieldEvent | HelloMinVersionFieldEvent | HelloNameFieldEvent | HelloAgentFieldEvent | HelloKindsFieldEvent | HelloLimitsMaxPayloadFieldEvent | HelloFeaturesFieldEvent | HelloInstanceFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}

export interface Limits {
  maxPayload: number
}

export namespace Limits {
  let _codec: Codec<Limits>

  export const codec = (): Codec<Limits> => {
    if (_codec == null) {
      _codec = message<Limits>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.maxPayload != null && obj.maxPayload !== 0)) {
          w.uint32(8)
          w.uint32(obj.maxPayload)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          maxPayload: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.maxPayload = reader.uint32()
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
                field: `${prefix}.maxPayload`,
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

  export interface LimitsMaxPayloadFieldEvent {
    field: '$.maxPayload'
    value: number
  }

  export function encode (obj: Partial<Limits>): Uint8Array {
    return encodeMessage(obj, Limits.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Limits>): Limits {
    return decodeMessage(buf, Limits.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Limits>): Generator<LimitsMaxPayloadFieldEvent> {
    return streamMessage(buf, Limits.codec(), opts)
  }
}

export interface Payload {
  id: number
  kind: Uint8Array
  body: Uint8Array
  wantsReply: boolean
}

export namespace Payload {
  let _codec: Codec<Payload>

  export const codec = (): Codec<Payload> => {
    if (_codec == null) {
      _codec = message<Payload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.id)
        }

        if ((obj.kind != null && obj.kind.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.kind)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.body)
        }

        if ((obj.wantsReply != null && obj.wantsReply !== false)) {
          w.uint32(32)
          w.bool(obj.wantsReply)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          kind: uint8ArrayAlloc(0),
          body: uint8ArrayAlloc(0),
          wantsReply: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint64Number()
              break
            }
            case 2: {
              obj.kind = reader.bytes()
              break
            }
            case 3: {
              obj.body = reader.bytes()
              break
            }
            case 4: {
              obj.wantsReply = reader.bool()
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
                value: reader.uint64Number()
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
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.wantsReply`,
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

  export interface PayloadIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface PayloadKindFieldEvent {
    field: '$.kind'
    value: Uint8Array
  }

  export interface PayloadBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }

  export interface PayloadWantsReplyFieldEvent {
    field: '$.wantsReply'
    value: boolean
  }

  export function encode (obj: Partial<Payload>): Uint8Array {
    return encodeMessage(obj, Payload.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Payload>): Payload {
    return decodeMessage(buf, Payload.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Payload>): Generator<PayloadIdFieldEvent | PayloadKindFieldEvent | PayloadBodyFieldEvent | PayloadWantsReplyFieldEvent> {
    return streamMessage(buf, Payload.codec(), opts)
  }
}

export interface Receipt {
  instance: Uint8Array
  id: number
  code: Uint8Array
  message: Uint8Array
  reply: Uint8Array
}

export namespace Receipt {
  let _codec: Codec<Receipt>

  export const codec = (): Codec<Receipt> => {
    if (_codec == null) {
      _codec = message<Receipt>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.instance != null && obj.instance.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.instance)
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.id)
        }

        if ((obj.code != null && obj.code.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.code)
        }

        if ((obj.message != null && obj.message.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.message)
        }

        if ((obj.reply != null && obj.reply.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.reply)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          instance: uint8ArrayAlloc(0),
          id: 0,
          code: uint8ArrayAlloc(0),
          message: uint8ArrayAlloc(0),
          reply: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.instance = reader.bytes()
              break
            }
            case 2: {
              obj.id = reader.uint64Number()
              break
            }
            case 3: {
              obj.code = reader.bytes()
              break
            }
            case 4: {
              obj.message = reader.bytes()
              break
            }
            case 5: {
              obj.reply = reader.bytes()
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
                field: `${prefix}.instance`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.code`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.message`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.reply`,
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

  export interface ReceiptInstanceFieldEvent {
    field: '$.instance'
    value: Uint8Array
  }

  export interface ReceiptIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface ReceiptCodeFieldEvent {
    field: '$.code'
    value: Uint8Array
  }

  export interface ReceiptMessageFieldEvent {
    field: '$.message'
    value: Uint8Array
  }

  export interface ReceiptReplyFieldEvent {
    field: '$.reply'
    value: Uint8Array
  }

  export function encode (obj: Partial<Receipt>): Uint8Array {
    return encodeMessage(obj, Receipt.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Receipt {
    return decodeMessage(buf, Receipt.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Generator<ReceiptInstanceFieldEvent | ReceiptIdFieldEvent | ReceiptCodeFieldEvent | ReceiptMessageFieldEvent | ReceiptReplyFieldEvent> {
    return streamMessage(buf, Receipt.codec(), opts)
  }
}

export interface StreamRecord {
  epoch: Uint8Array
  sequence: number
  snapshot: boolean
  ask: boolean
  streams: Announcement[]
  removed: Uint8Array[]
}

export namespace StreamRecord {
  let _codec: Codec<StreamRecord>

  export const codec = (): Codec<StreamRecord> => {
    if (_codec == null) {
      _codec = message<StreamRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.epoch != null && obj.epoch.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.sequence)
        }

        if ((obj.snapshot != null && obj.snapshot !== false)) {
          w.uint32(24)
          w.bool(obj.snapshot)
        }

        if ((obj.ask != null && obj.ask !== false)) {
          w.uint32(32)
          w.bool(obj.ask)
        }

        if (obj.streams != null && obj.streams.length > 0) {
          for (const value of obj.streams) {
            w.uint32(42)
            Announcement.codec().encode(value, w)
          }
        }

        if (obj.removed != null && obj.removed.length > 0) {
          for (const value of obj.removed) {
            w.uint32(50)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          epoch: uint8ArrayAlloc(0),
          sequence: 0,
          snapshot: false,
          ask: false,
          streams: [],
          removed: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.epoch = reader.bytes()
              break
            }
            case 2: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 3: {
              obj.snapshot = reader.bool()
              break
            }
            case 4: {
              obj.ask = reader.bool()
              break
            }
            case 5: {
              if (opts.limits?.streams != null && obj.streams.length === opts.limits.streams) {
                throw new MaxLengthError('Decode error - repeated field "streams" had too many elements')
              }

              obj.streams.push(Announcement.codec().decode(reader, reader.uint32(), opts.limits?.streams$ == null ? {} : { limits: opts.limits.streams$ }))
              break
            }
            case 6: {
              if (opts.limits?.removed != null && obj.removed.length === opts.limits.removed) {
                throw new MaxLengthError('Decode error - repeated field "removed" had too many elements')
              }

              obj.removed.push(reader.bytes())
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
          streams: 0,
          removed: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.snapshot`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.ask`,
                value: reader.bool()
              }
              break
            }
            case 5: {
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
            case 6: {
              if (opts.limits?.removed != null && obj.removed === opts.limits.removed) {
                throw new MaxLengthError('Streaming decode error - repeated field "removed" had too many elements')
              }

              yield {
                field: `${prefix}.removed[]`,
                index: obj.removed,
                value: reader.bytes()
              }

              obj.removed++

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

  export interface StreamRecordEpochFieldEvent {
    field: '$.epoch'
    value: Uint8Array
  }

  export interface StreamRecordSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface StreamRecordSnapshotFieldEvent {
    field: '$.snapshot'
    value: boolean
  }

  export interface StreamRecordAskFieldEvent {
    field: '$.ask'
    value: boolean
  }

  export interface StreamRecordStreamsPathFieldEvent {
    field: '$.streams[].path'
    value: Uint8Array
    index: number
  }

  export interface StreamRecordStreamsTracksKindFieldEvent {
    field: '$.streams[].tracks[].kind'
    value: Uint8Array
    index: number
  }

  export interface StreamRecordStreamsTracksCodecFieldEvent {
    field: '$.streams[].tracks[].codec'
    value: Uint8Array
    index: number
  }

  export interface StreamRecordStreamsTracksWidthFieldEvent {
    field: '$.streams[].tracks[].width'
    value: number
    index: number
  }

  export interface StreamRecordStreamsTracksHeightFieldEvent {
    field: '$.streams[].tracks[].height'
    value: number
    index: number
  }

  export interface StreamRecordStreamsSinceFieldEvent {
    field: '$.streams[].since'
    value: number
    index: number
  }

  export interface StreamRecordStreamsHopsFieldEvent {
    field: '$.streams[].hops'
    value: number
    index: number
  }

  export interface StreamRecordStreamsOriginFieldEvent {
    field: '$.streams[].origin'
    value: Uint8Array
    index: number
  }

  export interface StreamRecordRemovedFieldEvent {
    field: '$.removed[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<StreamRecord>): Uint8Array {
    return encodeMessage(obj, StreamRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRecord>): StreamRecord {
    return decodeMessage(buf, StreamRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StreamRecord>): Generator<StreamRecordEpochFieldEvent | StreamRecordSequenceFieldEvent | StreamRecordSnapshotFieldEvent | StreamRecordAskFieldEvent | StreamRecordStreamsPathFieldEvent | StreamRecordStreamsTracksKindFieldEvent | StreamRecordStreamsTracksCodecFieldEvent | StreamRecordStreamsTracksWidthFieldEvent | StreamRecordStreamsTracksHeightFieldEvent | StreamRecordStreamsSinceFieldEvent | StreamRecordStreamsHopsFieldEvent | StreamRecordStreamsOriginFieldEvent | StreamRecordRemovedFieldEvent> {
    return streamMessage(buf, StreamRecord.codec(), opts)
  }
}

export interface Announcement {
  path: Uint8Array
  tracks: AnnouncedTrack[]
  since: number
  hops: number
  origin: Uint8Array
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

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          tracks: [],
          since: 0,
          hops: 0,
          origin: uint8ArrayAlloc(0)
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

  export function encode (obj: Partial<Announcement>): Uint8Array {
    return encodeMessage(obj, Announcement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Announcement {
    return decodeMessage(buf, Announcement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Announcement>): Generator<AnnouncementPathFieldEvent | AnnouncementTracksKindFieldEvent | AnnouncementTracksCodecFieldEvent | AnnouncementTracksWidthFieldEvent | AnnouncementTracksHeightFieldEvent | AnnouncementSinceFieldEvent | AnnouncementHopsFieldEvent | AnnouncementOriginFieldEvent> {
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

export interface KeepAlive {}

export namespace KeepAlive {
  let _codec: Codec<KeepAlive>

  export const codec = (): Codec<KeepAlive> => {
    if (_codec == null) {
      _codec = message<KeepAlive>((obj, w, opts = {}) => {
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

  export function encode (obj: Partial<KeepAlive>): Uint8Array {
    return encodeMessage(obj, KeepAlive.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeepAlive>): KeepAlive {
    return decodeMessage(buf, KeepAlive.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeepAlive>): Generator<{}> {
    return streamMessage(buf, KeepAlive.codec(), opts)
  }
}
