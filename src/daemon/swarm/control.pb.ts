/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Envelope {
  hello?: Hello
  payload?: Payload
  receipt?: Receipt
  keepAlive?: KeepAlive
  records?: Records
  digest?: Digest
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

        if (obj.keepAlive != null) {
          w.uint32(42)
          KeepAlive.codec().encode(obj.keepAlive, w)
        }

        if (obj.records != null) {
          w.uint32(50)
          Records.codec().encode(obj.records, w)
        }

        if (obj.digest != null) {
          w.uint32(58)
          Digest.codec().encode(obj.digest, w)
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
            case 5: {
              obj.keepAlive = KeepAlive.codec().decode(reader, reader.uint32(), opts.limits?.keepAlive == null ? {} : { limits: opts.limits.keepAlive })
              break
            }
            case 6: {
              obj.records = Records.codec().decode(reader, reader.uint32(), opts.limits?.records == null ? {} : { limits: opts.limits.records })
              break
            }
            case 7: {
              obj.digest = Digest.codec().decode(reader, reader.uint32(), opts.limits?.digest == null ? {} : { limits: opts.limits.digest })
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
            case 5: {
              yield * KeepAlive.codec().stream(reader, reader.uint32(), `${prefix}.keepAlive`, opts.limits?.keepAlive == null ? {} : { limits: opts.limits.keepAlive })

              break
            }
            case 6: {
              yield * Records.codec().stream(reader, reader.uint32(), `${prefix}.records`, opts.limits?.records == null ? {} : { limits: opts.limits.records })

              break
            }
            case 7: {
              yield * Digest.codec().stream(reader, reader.uint32(), `${prefix}.digest`, opts.limits?.digest == null ? {} : { limits: opts.limits.digest })

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

  export interface EnvelopeRecordsRecordsAuthorFieldEvent {
    field: '$.records.records[].author'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeRecordsRecordsEpochFieldEvent {
    field: '$.records.records[].epoch'
    value: number
    index: number
  }

  export interface EnvelopeRecordsRecordsSequenceFieldEvent {
    field: '$.records.records[].sequence'
    value: number
    index: number
  }

  export interface EnvelopeRecordsRecordsSlotFieldEvent {
    field: '$.records.records[].slot'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeRecordsRecordsBodyFieldEvent {
    field: '$.records.records[].body'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeRecordsRecordsSignatureFieldEvent {
    field: '$.records.records[].signature'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeDigestRootFieldEvent {
    field: '$.digest.root'
    value: Uint8Array
  }

  export interface EnvelopeDigestAuthorsAuthorFieldEvent {
    field: '$.digest.authors[].author'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeDigestAuthorsMarkFieldEvent {
    field: '$.digest.authors[].mark'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeDigestAllFieldEvent {
    field: '$.digest.all'
    value: boolean
  }

  export interface EnvelopeDigestWantsAuthorFieldEvent {
    field: '$.digest.wants[].author'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeDigestWantsHeldSlotFieldEvent {
    field: '$.digest.wants[].held[].slot'
    value: Uint8Array
    index: number
  }

  export interface EnvelopeDigestWantsHeldEpochFieldEvent {
    field: '$.digest.wants[].held[].epoch'
    value: number
    index: number
  }

  export interface EnvelopeDigestWantsHeldSequenceFieldEvent {
    field: '$.digest.wants[].held[].sequence'
    value: number
    index: number
  }

  export interface EnvelopeDigestWantsHeldMarkFieldEvent {
    field: '$.digest.wants[].held[].mark'
    value: Uint8Array
    index: number
  }

  export function encode (obj: Partial<Envelope>): Uint8Array {
    return encodeMessage(obj, Envelope.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Envelope {
    return decodeMessage(buf, Envelope.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Envelope>): Generator<EnvelopeHelloVersionFieldEvent | EnvelopeHelloMinVersionFieldEvent | EnvelopeHelloNameFieldEvent | EnvelopeHelloAgentFieldEvent | EnvelopeHelloKindsFieldEvent | EnvelopeHelloLimitsMaxPayloadFieldEvent | EnvelopeHelloFeaturesFieldEvent | EnvelopeHelloInstanceFieldEvent | EnvelopePayloadIdFieldEvent | EnvelopePayloadKindFieldEvent | EnvelopePayloadBodyFieldEvent | EnvelopePayloadWantsReplyFieldEvent | EnvelopeReceiptInstanceFieldEvent | EnvelopeReceiptIdFieldEvent | EnvelopeReceiptCodeFieldEvent | EnvelopeReceiptMessageFieldEvent | EnvelopeReceiptReplyFieldEvent | EnvelopeRecordsRecordsAuthorFieldEvent | EnvelopeRecordsRecordsEpochFieldEvent | EnvelopeRecordsRecordsSequenceFieldEvent | EnvelopeRecordsRecordsSlotFieldEvent | EnvelopeRecordsRecordsBodyFieldEvent | EnvelopeRecordsRecordsSignatureFieldEvent | EnvelopeDigestRootFieldEvent | EnvelopeDigestAuthorsAuthorFieldEvent | EnvelopeDigestAuthorsMarkFieldEvent | EnvelopeDigestAllFieldEvent | EnvelopeDigestWantsAuthorFieldEvent | EnvelopeDigestWantsHeldSlotFieldEvent | EnvelopeDigestWantsHeldEpochFieldEvent | EnvelopeDigestWantsHeldSequenceFieldEvent | EnvelopeDigestWantsHeldMarkFieldEvent> {
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

export interface Records {
  records: SignedRecord[]
}

export namespace Records {
  let _codec: Codec<Records>

  export const codec = (): Codec<Records> => {
    if (_codec == null) {
      _codec = message<Records>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.records != null && obj.records.length > 0) {
          for (const value of obj.records) {
            w.uint32(10)
            SignedRecord.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          records: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records.length === opts.limits.records) {
                throw new MaxLengthError('Decode error - repeated field "records" had too many elements')
              }

              obj.records.push(SignedRecord.codec().decode(reader, reader.uint32(), opts.limits?.records$ == null ? {} : { limits: opts.limits.records$ }))
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
          records: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.records != null && obj.records === opts.limits.records) {
                throw new MaxLengthError('Streaming decode error - repeated field "records" had too many elements')
              }

              for (const evt of SignedRecord.codec().stream(reader, reader.uint32(), `${prefix}.records[]`, opts.limits?.records$ == null ? {} : { limits: opts.limits.records$ })) {
                yield {
                  ...evt,
                  index: obj.records
                }
              }

              obj.records++

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

  export interface RecordsRecordsAuthorFieldEvent {
    field: '$.records[].author'
    value: Uint8Array
    index: number
  }

  export interface RecordsRecordsEpochFieldEvent {
    field: '$.records[].epoch'
    value: number
    index: number
  }

  export interface RecordsRecordsSequenceFieldEvent {
    field: '$.records[].sequence'
    value: number
    index: number
  }

  export interface RecordsRecordsSlotFieldEvent {
    field: '$.records[].slot'
    value: Uint8Array
    index: number
  }

  export interface RecordsRecordsBodyFieldEvent {
    field: '$.records[].body'
    value: Uint8Array
    index: number
  }

  export interface RecordsRecordsSignatureFieldEvent {
    field: '$.records[].signature'
    value: Uint8Array
    index: number
  }

  export function encode (obj: Partial<Records>): Uint8Array {
    return encodeMessage(obj, Records.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Records {
    return decodeMessage(buf, Records.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Records>): Generator<RecordsRecordsAuthorFieldEvent | RecordsRecordsEpochFieldEvent | RecordsRecordsSequenceFieldEvent | RecordsRecordsSlotFieldEvent | RecordsRecordsBodyFieldEvent | RecordsRecordsSignatureFieldEvent> {
    return streamMessage(buf, Records.codec(), opts)
  }
}

export interface SignedRecord {
  author: Uint8Array
  epoch: number
  sequence: number
  slot: Uint8Array
  body: Uint8Array
  signature: Uint8Array
}

export namespace SignedRecord {
  let _codec: Codec<SignedRecord>

  export const codec = (): Codec<SignedRecord> => {
    if (_codec == null) {
      _codec = message<SignedRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.author != null && obj.author.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.author)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if ((obj.slot != null && obj.slot.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.slot)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.body)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          author: uint8ArrayAlloc(0),
          epoch: 0,
          sequence: 0,
          slot: uint8ArrayAlloc(0),
          body: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.author = reader.bytes()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.slot = reader.bytes()
              break
            }
            case 5: {
              obj.body = reader.bytes()
              break
            }
            case 6: {
              obj.signature = reader.bytes()
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
                field: `${prefix}.author`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.slot`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.signature`,
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

  export interface SignedRecordAuthorFieldEvent {
    field: '$.author'
    value: Uint8Array
  }

  export interface SignedRecordEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface SignedRecordSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface SignedRecordSlotFieldEvent {
    field: '$.slot'
    value: Uint8Array
  }

  export interface SignedRecordBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }

  export interface SignedRecordSignatureFieldEvent {
    field: '$.signature'
    value: Uint8Array
  }

  export function encode (obj: Partial<SignedRecord>): Uint8Array {
    return encodeMessage(obj, SignedRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedRecord>): SignedRecord {
    return decodeMessage(buf, SignedRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedRecord>): Generator<SignedRecordAuthorFieldEvent | SignedRecordEpochFieldEvent | SignedRecordSequenceFieldEvent | SignedRecordSlotFieldEvent | SignedRecordBodyFieldEvent | SignedRecordSignatureFieldEvent> {
    return streamMessage(buf, SignedRecord.codec(), opts)
  }
}

export interface Digest {
  root: Uint8Array
  authors: AuthorDigest[]
  all: boolean
  wants: Want[]
}

export namespace Digest {
  let _codec: Codec<Digest>

  export const codec = (): Codec<Digest> => {
    if (_codec == null) {
      _codec = message<Digest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.root)
        }

        if (obj.authors != null && obj.authors.length > 0) {
          for (const value of obj.authors) {
            w.uint32(18)
            AuthorDigest.codec().encode(value, w)
          }
        }

        if ((obj.all != null && obj.all !== false)) {
          w.uint32(24)
          w.bool(obj.all)
        }

        if (obj.wants != null && obj.wants.length > 0) {
          for (const value of obj.wants) {
            w.uint32(34)
            Want.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: uint8ArrayAlloc(0),
          authors: [],
          all: false,
          wants: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.authors != null && obj.authors.length === opts.limits.authors) {
                throw new MaxLengthError('Decode error - repeated field "authors" had too many elements')
              }

              obj.authors.push(AuthorDigest.codec().decode(reader, reader.uint32(), opts.limits?.authors$ == null ? {} : { limits: opts.limits.authors$ }))
              break
            }
            case 3: {
              obj.all = reader.bool()
              break
            }
            case 4: {
              if (opts.limits?.wants != null && obj.wants.length === opts.limits.wants) {
                throw new MaxLengthError('Decode error - repeated field "wants" had too many elements')
              }

              obj.wants.push(Want.codec().decode(reader, reader.uint32(), opts.limits?.wants$ == null ? {} : { limits: opts.limits.wants$ }))
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
          authors: 0,
          wants: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.authors != null && obj.authors === opts.limits.authors) {
                throw new MaxLengthError('Streaming decode error - repeated field "authors" had too many elements')
              }

              for (const evt of AuthorDigest.codec().stream(reader, reader.uint32(), `${prefix}.authors[]`, opts.limits?.authors$ == null ? {} : { limits: opts.limits.authors$ })) {
                yield {
                  ...evt,
                  index: obj.authors
                }
              }

              obj.authors++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.all`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              if (opts.limits?.wants != null && obj.wants === opts.limits.wants) {
                throw new MaxLengthError('Streaming decode error - repeated field "wants" had too many elements')
              }

              for (const evt of Want.codec().stream(reader, reader.uint32(), `${prefix}.wants[]`, opts.limits?.wants$ == null ? {} : { limits: opts.limits.wants$ })) {
                yield {
                  ...evt,
                  index: obj.wants
                }
              }

              obj.wants++

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

  export interface DigestRootFieldEvent {
    field: '$.root'
    value: Uint8Array
  }

  export interface DigestAuthorsAuthorFieldEvent {
    field: '$.authors[].author'
    value: Uint8Array
    index: number
  }

  export interface DigestAuthorsMarkFieldEvent {
    field: '$.authors[].mark'
    value: Uint8Array
    index: number
  }

  export interface DigestAllFieldEvent {
    field: '$.all'
    value: boolean
  }

  export interface DigestWantsAuthorFieldEvent {
    field: '$.wants[].author'
    value: Uint8Array
    index: number
  }

  export interface DigestWantsHeldSlotFieldEvent {
    field: '$.wants[].held[].slot'
    value: Uint8Array
    index: number
  }

  export interface DigestWantsHeldEpochFieldEvent {
    field: '$.wants[].held[].epoch'
    value: number
    index: number
  }

  export interface DigestWantsHeldSequenceFieldEvent {
    field: '$.wants[].held[].sequence'
    value: number
    index: number
  }

  export interface DigestWantsHeldMarkFieldEvent {
    field: '$.wants[].held[].mark'
    value: Uint8Array
    index: number
  }

  export function encode (obj: Partial<Digest>): Uint8Array {
    return encodeMessage(obj, Digest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Digest {
    return decodeMessage(buf, Digest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Generator<DigestRootFieldEvent | DigestAuthorsAuthorFieldEvent | DigestAuthorsMarkFieldEvent | DigestAllFieldEvent | DigestWantsAuthorFieldEvent | DigestWantsHeldSlotFieldEvent | DigestWantsHeldEpochFieldEvent | DigestWantsHeldSequenceFieldEvent | DigestWantsHeldMarkFieldEvent> {
    return streamMessage(buf, Digest.codec(), opts)
  }
}

export interface AuthorDigest {
  author: Uint8Array
  mark: Uint8Array
}

export namespace AuthorDigest {
  let _codec: Codec<AuthorDigest>

  export const codec = (): Codec<AuthorDigest> => {
    if (_codec == null) {
      _codec = message<AuthorDigest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.author != null && obj.author.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.author)
        }

        if ((obj.mark != null && obj.mark.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.mark)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          author: uint8ArrayAlloc(0),
          mark: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.author = reader.bytes()
              break
            }
            case 2: {
              obj.mark = reader.bytes()
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
                field: `${prefix}.author`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.mark`,
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

  export interface AuthorDigestAuthorFieldEvent {
    field: '$.author'
    value: Uint8Array
  }

  export interface AuthorDigestMarkFieldEvent {
    field: '$.mark'
    value: Uint8Array
  }

  export function encode (obj: Partial<AuthorDigest>): Uint8Array {
    return encodeMessage(obj, AuthorDigest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AuthorDigest>): AuthorDigest {
    return decodeMessage(buf, AuthorDigest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AuthorDigest>): Generator<AuthorDigestAuthorFieldEvent | AuthorDigestMarkFieldEvent> {
    return streamMessage(buf, AuthorDigest.codec(), opts)
  }
}

export interface Want {
  author: Uint8Array
  held: Held[]
}

export namespace Want {
  let _codec: Codec<Want>

  export const codec = (): Codec<Want> => {
    if (_codec == null) {
      _codec = message<Want>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.author != null && obj.author.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.author)
        }

        if (obj.held != null && obj.held.length > 0) {
          for (const value of obj.held) {
            w.uint32(18)
            Held.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          author: uint8ArrayAlloc(0),
          held: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.author = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.held != null && obj.held.length === opts.limits.held) {
                throw new MaxLengthError('Decode error - repeated field "held" had too many elements')
              }

              obj.held.push(Held.codec().decode(reader, reader.uint32(), opts.limits?.held$ == null ? {} : { limits: opts.limits.held$ }))
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
          held: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.author`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.held != null && obj.held === opts.limits.held) {
                throw new MaxLengthError('Streaming decode error - repeated field "held" had too many elements')
              }

              for (const evt of Held.codec().stream(reader, reader.uint32(), `${prefix}.held[]`, opts.limits?.held$ == null ? {} : { limits: opts.limits.held$ })) {
                yield {
                  ...evt,
                  index: obj.held
                }
              }

              obj.held++

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

  export interface WantAuthorFieldEvent {
    field: '$.author'
    value: Uint8Array
  }

  export interface WantHeldSlotFieldEvent {
    field: '$.held[].slot'
    value: Uint8Array
    index: number
  }

  export interface WantHeldEpochFieldEvent {
    field: '$.held[].epoch'
    value: number
    index: number
  }

  export interface WantHeldSequenceFieldEvent {
    field: '$.held[].sequence'
    value: number
    index: number
  }

  export interface WantHeldMarkFieldEvent {
    field: '$.held[].mark'
    value: Uint8Array
    index: number
  }

  export function encode (obj: Partial<Want>): Uint8Array {
    return encodeMessage(obj, Want.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want {
    return decodeMessage(buf, Want.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantAuthorFieldEvent | WantHeldSlotFieldEvent | WantHeldEpochFieldEvent | WantHeldSequenceFieldEvent | WantHeldMarkFieldEvent> {
    return streamMessage(buf, Want.codec(), opts)
  }
}

export interface Held {
  slot: Uint8Array
  epoch: number
  sequence: number
  mark: Uint8Array
}

export namespace Held {
  let _codec: Codec<Held>

  export const codec = (): Codec<Held> => {
    if (_codec == null) {
      _codec = message<Held>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.slot != null && obj.slot.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.slot)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if ((obj.mark != null && obj.mark.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.mark)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          slot: uint8ArrayAlloc(0),
          epoch: 0,
          sequence: 0,
          mark: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.slot = reader.bytes()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.mark = reader.bytes()
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
                field: `${prefix}.slot`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.mark`,
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

  export interface HeldSlotFieldEvent {
    field: '$.slot'
    value: Uint8Array
  }

  export interface HeldEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface HeldSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface HeldMarkFieldEvent {
    field: '$.mark'
    value: Uint8Array
  }

  export function encode (obj: Partial<Held>): Uint8Array {
    return encodeMessage(obj, Held.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Held {
    return decodeMessage(buf, Held.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Held>): Generator<HeldSlotFieldEvent | HeldEpochFieldEvent | HeldSequenceFieldEvent | HeldMarkFieldEvent> {
    return streamMessage(buf, Held.codec(), opts)
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
