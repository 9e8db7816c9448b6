/** Messages and marks as they lie on the disk: JSON, read strictly. */

import { type DeliveryState, isDeliveryState } from './state.js'

/** Why a message of this node failed. */
export type FailReason = 'too-long' | 'rejected'

/** A message of either side. */
export interface Row {
  readonly id: string
  /** A message of this node has a state; one of the peer is there, and that is all. */
  readonly state: DeliveryState | 'received'
  readonly reason?: FailReason
  /** On the writer's clock, ms since 1970. */
  readonly time: number
  /** When it was stored here, ms since 1970. */
  readonly stored: number
  readonly text: string
}

/** How far the messages of a peer were read, and how far the peer knows it. Both are positions. */
export interface Mark {
  readonly read: number
  /** The message at `read`. */
  readonly id: string
  readonly told: number
}

/** A message of the peer that is no longer kept. */
export interface Past {
  readonly at: number
  readonly id: string
}

/** Any of them as bytes. */
export function encodeRow(value: Row | Mark | readonly Past[]): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8')
}

/** A message; `undefined` when the bytes are none. */
export function decodeRow(bytes: Uint8Array): Row | undefined {
  const value = parse(bytes)
  if (!isRecord(value) || !isId(value['id']) || !isWhole(value['time']) || !isWhole(value['stored'])) return undefined
  const { id, state, reason, time, stored, text } = value
  if (typeof text !== 'string' || !(state === 'received' || isDeliveryState(state))) return undefined
  return { id, state, time, stored, text, ...(isReason(reason) && { reason }) }
}

/** A mark; `undefined` when the bytes are none. */
export function decodeMark(bytes: Uint8Array | undefined): Mark | undefined {
  const value = bytes && parse(bytes)
  if (!isRecord(value)) return undefined
  const { read, id, told } = value
  return isWhole(read) && isWhole(told) && isId(id) ? { read, id, told } : undefined
}

/** Past messages; those that can be read. */
export function decodePast(bytes: Uint8Array | undefined): Past[] {
  const value = bytes && parse(bytes)
  if (!Array.isArray(value)) return []
  return value.flatMap((one: unknown) => (isRecord(one) && isWhole(one['at']) && isId(one['id']) ? [{ at: one['at'], id: one['id'] }] : []))
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isReason(value: unknown): value is FailReason {
  return value === 'too-long' || value === 'rejected'
}
