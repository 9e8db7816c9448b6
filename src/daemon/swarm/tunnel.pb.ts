import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Tunnel {
  open?: TunnelOpen
  accept?: TunnelAccept
  refuse?: TunnelRefuse
}

export namespace Tunnel {
  let _codec: Codec<Tunnel>

  export const codec = (): Codec<Tunnel> => {
    if (_codec == null) {
      _codec = message<Tunnel>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.open != null) {
          w.uint32(10)
          TunnelOpen.codec().encode(obj.open, w)
        }

        if (obj.accept != null) {
          w.uint32(18)
          TunnelAccept.codec().encode(obj.accept, w)
        }

        if (obj.refuse != null) {
          w.uint32(26)
          TunnelRefuse.codec().encode(obj.refuse, w)
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
              obj.open = TunnelOpen.codec().decode(reader, reader.uint32(), opts.limits?.open == null ? {} : { limits: opts.limits.open })
              break
            }
            case 2: {
              obj.accept = TunnelAccept.codec().decode(reader, reader.uint32(), opts.limits?.accept == null ? {} : { limits: opts.limits.accept })
              break
            }
            case 3: {
              obj.refuse = TunnelRefuse.codec().decode(reader, reader.uint32(), opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })
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
              yield * TunnelOpen.codec().stream(reader, reader.uint32(), `${prefix}.open`, opts.limits?.open == null ? {} : { limits: opts.limits.open })

              break
            }
            case 2: {
              yield * TunnelAccept.codec().stream(reader, reader.uint32(), `${prefix}.accept`, opts.limits?.accept == null ? {} : { limits: opts.limits.accept })

              break
            }
            case 3: {
              yield * TunnelRefuse.codec().stream(reader, reader.uint32(), `${prefix}.refuse`, opts.limits?.refuse == null ? {} : { limits: opts.limits.refuse })

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

  export interface TunnelOpenVersionFieldEvent {
    field: '$.open.version'
    value: number
  }

  export interface TunnelOpenDestinationFieldEvent {
    field: '$.open.destination'
    value: Uint8Array
  }

  export interface TunnelOpenHopsFieldEvent {
    field: '$.open.hops'
    value: number
  }

  export interface TunnelOpenRouteFieldEvent {
    field: '$.open.route[]'
    index: number
    value: Uint8Array
  }

  export interface TunnelAcceptRelaysFieldEvent {
    field: '$.accept.relays[]'
    index: number
    value: Uint8Array
  }

  export interface TunnelRefuseCodeFieldEvent {
    field: '$.refuse.code'
    value: Uint8Array
  }

  export function encode (obj: Partial<Tunnel>): Uint8Array {
    return encodeMessage(obj, Tunnel.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Tunnel>): Tunnel {
    return decodeMessage(buf, Tunnel.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Tunnel>): Generator<TunnelOpenVersionFieldEvent | TunnelOpenDestinationFieldEvent | TunnelOpenHopsFieldEvent | TunnelOpenRouteFieldEvent | TunnelAcceptRelaysFieldEvent | TunnelRefuseCodeFieldEvent> {
    return streamMessage(buf, Tunnel.codec(), opts)
  }
}

export interface TunnelOpen {
  version: number
  destination: Uint8Array
  hops: number
  route: Uint8Array[]
}

export namespace TunnelOpen {
  let _codec: Codec<TunnelOpen>

  export const codec = (): Codec<TunnelOpen> => {
    if (_codec == null) {
      _codec = message<TunnelOpen>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.destination != null && obj.destination.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.destination)
        }

        if ((obj.hops != null && obj.hops !== 0)) {
          w.uint32(24)
          w.uint32(obj.hops)
        }

        if (obj.route != null && obj.route.length > 0) {
          for (const value of obj.route) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          destination: uint8ArrayAlloc(0),
          hops: 0,
          route: []
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
              obj.destination = reader.bytes()
              break
            }
            case 3: {
              obj.hops = reader.uint32()
              break
            }
            case 4: {
              if (opts.limits?.route != null && obj.route.length === opts.limits.route) {
                throw new MaxLengthError('Decode error - repeated field "route" had too many elements')
              }

              obj.route.push(reader.bytes())
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
          route: 0
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
                field: `${prefix}.destination`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.hops`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              if (opts.limits?.route != null && obj.route === opts.limits.route) {
                throw new MaxLengthError('Streaming decode error - repeated field "route" had too many elements')
              }

              yield {
                field: `${prefix}.route[]`,
                index: obj.route,
                value: reader.bytes()
              }

              obj.route++

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

  export interface TunnelOpenVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface TunnelOpenDestinationFieldEvent {
    field: '$.destination'
    value: Uint8Array
  }

  export interface TunnelOpenHopsFieldEvent {
    field: '$.hops'
    value: number
  }

  export interface TunnelOpenRouteFieldEvent {
    field: '$.route[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<TunnelOpen>): Uint8Array {
    return encodeMessage(obj, TunnelOpen.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelOpen>): TunnelOpen {
    return decodeMessage(buf, TunnelOpen.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelOpen>): Generator<TunnelOpenVersionFieldEvent | TunnelOpenDestinationFieldEvent | TunnelOpenHopsFieldEvent | TunnelOpenRouteFieldEvent> {
    return streamMessage(buf, TunnelOpen.codec(), opts)
  }
}

export interface TunnelAccept {
  relays: Uint8Array[]
}

export namespace TunnelAccept {
  let _codec: Codec<TunnelAccept>

  export const codec = (): Codec<TunnelAccept> => {
    if (_codec == null) {
      _codec = message<TunnelAccept>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.relays != null && obj.relays.length > 0) {
          for (const value of obj.relays) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          relays: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.relays != null && obj.relays.length === opts.limits.relays) {
                throw new MaxLengthError('Decode error - repeated field "relays" had too many elements')
              }

              obj.relays.push(reader.bytes())
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
          relays: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.relays != null && obj.relays === opts.limits.relays) {
                throw new MaxLengthError('Streaming decode error - repeated field "relays" had too many elements')
              }

              yield {
                field: `${prefix}.relays[]`,
                index: obj.relays,
                value: reader.bytes()
              }

              obj.relays++

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

  export interface TunnelAcceptRelaysFieldEvent {
    field: '$.relays[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<TunnelAccept>): Uint8Array {
    return encodeMessage(obj, TunnelAccept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelAccept>): TunnelAccept {
    return decodeMessage(buf, TunnelAccept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelAccept>): Generator<TunnelAcceptRelaysFieldEvent> {
    return streamMessage(buf, TunnelAccept.codec(), opts)
  }
}

export interface TunnelRefuse {
  code: Uint8Array
}

export namespace TunnelRefuse {
  let _codec: Codec<TunnelRefuse>

  export const codec = (): Codec<TunnelRefuse> => {
    if (_codec == null) {
      _codec = message<TunnelRefuse>((obj, w, opts = {}) => {
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

  export interface TunnelRefuseCodeFieldEvent {
    field: '$.code'
    value: Uint8Array
  }

  export function encode (obj: Partial<TunnelRefuse>): Uint8Array {
    return encodeMessage(obj, TunnelRefuse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelRefuse>): TunnelRefuse {
    return decodeMessage(buf, TunnelRefuse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TunnelRefuse>): Generator<TunnelRefuseCodeFieldEvent> {
    return streamMessage(buf, TunnelRefuse.codec(), opts)
  }
}
