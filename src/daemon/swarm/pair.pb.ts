/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Pairing {
  join?: Join
  challenge?: Challenge
  proof?: Proof
  welcome?: Welcome
  refuse?: Refuse
  ask?: Ask
  reveal?: Reveal
  open?: Open
  accept?: Accept
  resume?: Resume
}

export namespace Pairing {
  let _codec: Codec<Pairing>

  export const codec = (): Codec<Pairing> => {
    if (_codec == null) {
      _codec = message<Pairing>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.join != null) {
          w.uint32(10)
          Join.codec().encode(obj.join, w)
        }

        if (obj.challenge != null) {
          w.uint32(18)
          Challenge.codec().encode(obj.challenge, w)
        }

        if (obj.proof != null) {
          w.uint32(26)
          Proof.codec().encode(obj.proof, w)
        }

        if (obj.welcome != null) {
          w.uint32(34)
          Welcome.codec().encode(obj.welcome, w)
        }

        if (obj.refuse != null) {
          w.uint32(42)
          Refuse.codec().encode(obj.refuse, w)
        }

        if (obj.ask != null) {
          w.uint32(50)
          Ask.codec().encode(obj.ask, w)
        }

        if (obj.reveal != null) {
          w.uint32(58)
          Reveal.codec().encode(obj.reveal, w)
        }

        if (obj.open != null) {
          w.uint32(66)
          Open.codec().encode(obj.open, w)
        }

        if (obj.accept != null) {
          w.uint32(74)
          Accept.codec().encode(obj.accept, w)
        }

        if (obj.resume != null) {
          w.uint32(82)
          Resume.codec().encode(obj.resume, w)
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
              obj.join = Join.codec().decode(reader, reader.uint32(), opts.limits?.join == null ? {} : { limits: opts.limits.join })
              break
            }
            case 2: {
              obj.challenge = Challenge.codec().decode(reader, reader.uint32(), opts.limits?.challenge == null ? {} : { limits: opts.limits.challenge })
              break
            }
            case 3: {
              obj.proof = Proof.codec().decode(reader, reader.uint32(), opts.limits?.proof == null ? {} : { limits: opts.limits.proof })
              break
            }
            case 4: {
              obj.welcome = Welcome.codec().decode(reader, reader.uint32(), opts.limits?.welcome == null ? {} : { limits: opts.limits.welcome })
              break
            }
            case 5: {
              obj.refuse = Refuse.codec().decode(reader, reader.uint32(), opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })
              break
            }
            case 6: {
              obj.ask = Ask.codec().decode(reader, reader.uint32(), opts.limits?.ask == null ? {} : { limits: opts.limits.ask })
              break
            }
            case 7: {
              obj.reveal = Reveal.codec().decode(reader, reader.uint32(), opts.limits?.reveal == null ? {} : { limits: opts.limits.reveal })
              break
            }
            case 8: {
              obj.open = Open.codec().decode(reader, reader.uint32(), opts.limits?.open == null ? {} : { limits: opts.limits.open })
              break
            }
            case 9: {
              obj.accept = Accept.codec().decode(reader, reader.uint32(), opts.limits?.accept == null ? {} : { limits: opts.limits.accept })
              break
            }
            case 10: {
              obj.resume = Resume.codec().decode(reader, reader.uint32(), opts.limits?.resume == null ? {} : { limits: opts.limits.resume })
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
              yield * Join.codec().stream(reader, reader.uint32(), `${prefix}.join`, opts.limits?.join == null ? {} : { limits: opts.limits.join })

              break
            }
            case 2: {
              yield * Challenge.codec().stream(reader, reader.uint32(), `${prefix}.challenge`, opts.limits?.challenge == null ? {} : { limits: opts.limits.challenge })

              break
            }
            case 3: {
              yield * Proof.codec().stream(reader, reader.uint32(), `${prefix}.proof`, opts.limits?.proof == null ? {} : { limits: opts.limits.proof })

              break
            }
            case 4: {
              yield * Welcome.codec().stream(reader, reader.uint32(), `${prefix}.welcome`, opts.limits?.welcome == null ? {} : { limits: opts.limits.welcome })

              break
            }
            case 5: {
              yield * Refuse.codec().stream(reader, reader.uint32(), `${prefix}.refuse`, opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })

              break
            }
            case 6: {
              yield * Ask.codec().stream(reader, reader.uint32(), `${prefix}.ask`, opts.limits?.ask == null ? {} : { limits: opts.limits.ask })

              break
            }
            case 7: {
              yield * Reveal.codec().stream(reader, reader.uint32(), `${prefix}.reveal`, opts.limits?.reveal == null ? {} : { limits: opts.limits.reveal })

              break
            }
            case 8: {
              yield * Open.codec().stream(reader, reader.uint32(), `${prefix}.open`, opts.limits?.open == null ? {} : { limits: opts.limits.open })

              break
            }
            case 9: {
              yield * Accept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, opts.limits?.accept == null ? {} : { limits: opts.limits.accept })

              break
            }
            case 10: {
              yield * Resume.codec().stream(reader, reader.uint32(), `${prefix}.resume`, opts.limits?.resume == null ? {} : { limits: opts.limits.resume })

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

  export interface PairingJoinLookupFieldEvent {
    field: '$.join.lookup'
    value: Uint8Array
  }

  export interface PairingJoinNonceFieldEvent {
    field: '$.join.nonce'
    value: Uint8Array
  }

  export interface PairingJoinRecordNameFieldEvent {
    field: '$.join.record.name'
    value: Uint8Array
  }

  export interface PairingJoinRecordAddressesFieldEvent {
    field: '$.join.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export interface PairingChallengeNonceFieldEvent {
    field: '$.challenge.nonce'
    value: Uint8Array
  }

  export interface PairingChallengeProofFieldEvent {
    field: '$.challenge.proof'
    value: Uint8Array
  }

  export interface PairingProofProofFieldEvent {
    field: '$.proof.proof'
    value: Uint8Array
  }

  export interface PairingWelcomeRecordNameFieldEvent {
    field: '$.welcome.record.name'
    value: Uint8Array
  }

  export interface PairingWelcomeRecordAddressesFieldEvent {
    field: '$.welcome.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export interface PairingRefuseCodeFieldEvent {
    field: '$.refuse.code'
    value: Uint8Array
  }

  export interface PairingAskCommitmentFieldEvent {
    field: '$.ask.commitment'
    value: Uint8Array
  }

  export interface PairingAskRecordNameFieldEvent {
    field: '$.ask.record.name'
    value: Uint8Array
  }

  export interface PairingAskRecordAddressesFieldEvent {
    field: '$.ask.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export interface PairingRevealNonceFieldEvent {
    field: '$.reveal.nonce'
    value: Uint8Array
  }

  export interface PairingRevealRecordNameFieldEvent {
    field: '$.reveal.record.name'
    value: Uint8Array
  }

  export interface PairingRevealRecordAddressesFieldEvent {
    field: '$.reveal.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export interface PairingOpenNonceFieldEvent {
    field: '$.open.nonce'
    value: Uint8Array
  }

  export interface PairingResumeAttemptFieldEvent {
    field: '$.resume.attempt'
    value: Uint8Array
  }

  export function encode (obj: Partial<Pairing>): Uint8Array {
    return encodeMessage(obj, Pairing.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pairing>): Pairing {
    return decodeMessage(buf, Pairing.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pairing>): Generator<PairingJoinLookupFieldEvent | PairingJoinNonceFieldEvent | PairingJoinRecordNameFieldEvent | PairingJoinRecordAddressesFieldEvent | PairingChallengeNonceFieldEvent | PairingChallengeProofFieldEvent | PairingProofProofFieldEvent | PairingWelcomeRecordNameFieldEvent | PairingWelcomeRecordAddressesFieldEvent | PairingRefuseCodeFieldEvent | PairingAskCommitmentFieldEvent | PairingAskRecordNameFieldEvent | PairingAskRecordAddressesFieldEvent | PairingRevealNonceFieldEvent | PairingRevealRecordNameFieldEvent | PairingRevealRecordAddressesFieldEvent | PairingOpenNonceFieldEvent | PairingResumeAttemptFieldEvent> {
    return streamMessage(buf, Pairing.codec(), opts)
  }
}

export interface Join {
  lookup: Uint8Array
  nonce: Uint8Array
  record?: Member
}

export namespace Join {
  let _codec: Codec<Join>

  export const codec = (): Codec<Join> => {
    if (_codec == null) {
      _codec = message<Join>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.lookup != null && obj.lookup.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.lookup)
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.nonce)
        }

        if (obj.record != null) {
          w.uint32(26)
          Member.codec().encode(obj.record, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          lookup: uint8ArrayAlloc(0),
          nonce: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.lookup = reader.bytes()
              break
            }
            case 2: {
              obj.nonce = reader.bytes()
              break
            }
            case 3: {
              obj.record = Member.codec().decode(reader, reader.uint32(), opts.limits?.record == null ? {} : { limits: opts.limits.record })
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
                field: `${prefix}.lookup`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.nonce`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield * Member.codec().stream(reader, reader.uint32(), `${prefix}.record`, opts.limits?.record == null ? {} : { limits: opts.limits.record })

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

  export interface JoinLookupFieldEvent {
    field: '$.lookup'
    value: Uint8Array
  }

  export interface JoinNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array
  }

  export interface JoinRecordNameFieldEvent {
    field: '$.record.name'
    value: Uint8Array
  }

  export interface JoinRecordAddressesFieldEvent {
    field: '$.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Join>): Uint8Array {
    return encodeMessage(obj, Join.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Join>): Join {
    return decodeMessage(buf, Join.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Join>): Generator<JoinLookupFieldEvent | JoinNonceFieldEvent | JoinRecordNameFieldEvent | JoinRecordAddressesFieldEvent> {
    return streamMessage(buf, Join.codec(), opts)
  }
}

export interface Challenge {
  nonce: Uint8Array
  proof: Uint8Array
}

export namespace Challenge {
  let _codec: Codec<Challenge>

  export const codec = (): Codec<Challenge> => {
    if (_codec == null) {
      _codec = message<Challenge>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.nonce)
        }

        if ((obj.proof != null && obj.proof.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.proof)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nonce: uint8ArrayAlloc(0),
          proof: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.nonce = reader.bytes()
              break
            }
            case 2: {
              obj.proof = reader.bytes()
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
                field: `${prefix}.nonce`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.proof`,
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

  export interface ChallengeNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array
  }

  export interface ChallengeProofFieldEvent {
    field: '$.proof'
    value: Uint8Array
  }

  export function encode (obj: Partial<Challenge>): Uint8Array {
    return encodeMessage(obj, Challenge.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Challenge>): Challenge {
    return decodeMessage(buf, Challenge.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Challenge>): Generator<ChallengeNonceFieldEvent | ChallengeProofFieldEvent> {
    return streamMessage(buf, Challenge.codec(), opts)
  }
}

export interface Proof {
  proof: Uint8Array
}

export namespace Proof {
  let _codec: Codec<Proof>

  export const codec = (): Codec<Proof> => {
    if (_codec == null) {
      _codec = message<Proof>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.proof != null && obj.proof.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.proof)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          proof: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.proof = reader.bytes()
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
                field: `${prefix}.proof`,
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

  export interface ProofProofFieldEvent {
    field: '$.proof'
    value: Uint8Array
  }

  export function encode (obj: Partial<Proof>): Uint8Array {
    return encodeMessage(obj, Proof.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Proof>): Proof {
    return decodeMessage(buf, Proof.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Proof>): Generator<ProofProofFieldEvent> {
    return streamMessage(buf, Proof.codec(), opts)
  }
}

export interface Welcome {
  record?: Member
}

export namespace Welcome {
  let _codec: Codec<Welcome>

  export const codec = (): Codec<Welcome> => {
    if (_codec == null) {
      _codec = message<Welcome>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.record != null) {
          w.uint32(10)
          Member.codec().encode(obj.record, w)
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
              obj.record = Member.codec().decode(reader, reader.uint32(), opts.limits?.record == null ? {} : { limits: opts.limits.record })
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
              yield * Member.codec().stream(reader, reader.uint32(), `${prefix}.record`, opts.limits?.record == null ? {} : { limits: opts.limits.record })

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

  export interface WelcomeRecordNameFieldEvent {
    field: '$.record.name'
    value: Uint8Array
  }

  export interface WelcomeRecordAddressesFieldEvent {
    field: '$.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Welcome>): Uint8Array {
    return encodeMessage(obj, Welcome.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Welcome>): Welcome {
    return decodeMessage(buf, Welcome.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Welcome>): Generator<WelcomeRecordNameFieldEvent | WelcomeRecordAddressesFieldEvent> {
    return streamMessage(buf, Welcome.codec(), opts)
  }
}

export interface Refuse {
  code: Uint8Array
}

export namespace Refuse {
  let _codec: Codec<Refuse>

  export const codec = (): Codec<Refuse> => {
    if (_codec == null) {
      _codec = message<Refuse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.code)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.bytes()
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
                field: `${prefix}.code`,
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

  export interface RefuseCodeFieldEvent {
    field: '$.code'
    value: Uint8Array
  }

  export function encode (obj: Partial<Refuse>): Uint8Array {
    return encodeMessage(obj, Refuse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refuse>): Refuse {
    return decodeMessage(buf, Refuse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Refuse>): Generator<RefuseCodeFieldEvent> {
    return streamMessage(buf, Refuse.codec(), opts)
  }
}

export interface Ask {
  commitment: Uint8Array
  record?: Member
}

export namespace Ask {
  let _codec: Codec<Ask>

  export const codec = (): Codec<Ask> => {
    if (_codec == null) {
      _codec = message<Ask>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.commitment != null && obj.commitment.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.commitment)
        }

        if (obj.record != null) {
          w.uint32(18)
          Member.codec().encode(obj.record, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          commitment: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.commitment = reader.bytes()
              break
            }
            case 2: {
              obj.record = Member.codec().decode(reader, reader.uint32(), opts.limits?.record == null ? {} : { limits: opts.limits.record })
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
                field: `${prefix}.commitment`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * Member.codec().stream(reader, reader.uint32(), `${prefix}.record`, opts.limits?.record == null ? {} : { limits: opts.limits.record })

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

  export interface AskCommitmentFieldEvent {
    field: '$.commitment'
    value: Uint8Array
  }

  export interface AskRecordNameFieldEvent {
    field: '$.record.name'
    value: Uint8Array
  }

  export interface AskRecordAddressesFieldEvent {
    field: '$.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Ask>): Uint8Array {
    return encodeMessage(obj, Ask.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ask>): Ask {
    return decodeMessage(buf, Ask.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ask>): Generator<AskCommitmentFieldEvent | AskRecordNameFieldEvent | AskRecordAddressesFieldEvent> {
    return streamMessage(buf, Ask.codec(), opts)
  }
}

export interface Reveal {
  nonce: Uint8Array
  record?: Member
}

export namespace Reveal {
  let _codec: Codec<Reveal>

  export const codec = (): Codec<Reveal> => {
    if (_codec == null) {
      _codec = message<Reveal>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.nonce)
        }

        if (obj.record != null) {
          w.uint32(18)
          Member.codec().encode(obj.record, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nonce: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.nonce = reader.bytes()
              break
            }
            case 2: {
              obj.record = Member.codec().decode(reader, reader.uint32(), opts.limits?.record == null ? {} : { limits: opts.limits.record })
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
                field: `${prefix}.nonce`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * Member.codec().stream(reader, reader.uint32(), `${prefix}.record`, opts.limits?.record == null ? {} : { limits: opts.limits.record })

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

  export interface RevealNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array
  }

  export interface RevealRecordNameFieldEvent {
    field: '$.record.name'
    value: Uint8Array
  }

  export interface RevealRecordAddressesFieldEvent {
    field: '$.record.addresses[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Reveal>): Uint8Array {
    return encodeMessage(obj, Reveal.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reveal>): Reveal {
    return decodeMessage(buf, Reveal.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reveal>): Generator<RevealNonceFieldEvent | RevealRecordNameFieldEvent | RevealRecordAddressesFieldEvent> {
    return streamMessage(buf, Reveal.codec(), opts)
  }
}

export interface Open {
  nonce: Uint8Array
}

export namespace Open {
  let _codec: Codec<Open>

  export const codec = (): Codec<Open> => {
    if (_codec == null) {
      _codec = message<Open>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.nonce)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nonce: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.nonce = reader.bytes()
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
                field: `${prefix}.nonce`,
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

  export interface OpenNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array
  }

  export function encode (obj: Partial<Open>): Uint8Array {
    return encodeMessage(obj, Open.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Open>): Open {
    return decodeMessage(buf, Open.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Open>): Generator<OpenNonceFieldEvent> {
    return streamMessage(buf, Open.codec(), opts)
  }
}

export interface Accept {}

export namespace Accept {
  let _codec: Codec<Accept>

  export const codec = (): Codec<Accept> => {
    if (_codec == null) {
      _codec = message<Accept>((obj, w, opts = {}) => {
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

  export function encode (obj: Partial<Accept>): Uint8Array {
    return encodeMessage(obj, Accept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Accept {
    return decodeMessage(buf, Accept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Accept>): Generator<{}> {
    return streamMessage(buf, Accept.codec(), opts)
  }
}

export interface Resume {
  attempt: Uint8Array
}

export namespace Resume {
  let _codec: Codec<Resume>

  export const codec = (): Codec<Resume> => {
    if (_codec == null) {
      _codec = message<Resume>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.attempt != null && obj.attempt.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.attempt)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          attempt: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.attempt = reader.bytes()
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
                field: `${prefix}.attempt`,
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

  export interface ResumeAttemptFieldEvent {
    field: '$.attempt'
    value: Uint8Array
  }

  export function encode (obj: Partial<Resume>): Uint8Array {
    return encodeMessage(obj, Resume.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Resume>): Resume {
    return decodeMessage(buf, Resume.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Resume>): Generator<ResumeAttemptFieldEvent> {
    return streamMessage(buf, Resume.codec(), opts)
  }
}

export interface Member {
  name: Uint8Array
  addresses: Uint8Array[]
}

export namespace Member {
  let _codec: Codec<Member>

  export const codec = (): Codec<Member> => {
    if (_codec == null) {
      _codec = message<Member>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.name)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: uint8ArrayAlloc(0),
          addresses: []
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
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.bytes())
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
          addresses: 0
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

  export interface MemberNameFieldEvent {
    field: '$.name'
    value: Uint8Array
  }

  export interface MemberAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Member>): Uint8Array {
    return encodeMessage(obj, Member.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Member>): Member {
    return decodeMessage(buf, Member.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Member>): Generator<MemberNameFieldEvent | MemberAddressesFieldEvent> {
    return streamMessage(buf, Member.codec(), opts)
  }
}
