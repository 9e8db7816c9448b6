/** What the routes under `/messaging/` answer. Types only: programs, and the commands of `shoal msg`, read them. */

/** Where a message stands: one of this node's as in `state.ts`, one of the peer's `received` or `read`. */
export type ShownState = 'pending' | 'sent' | 'delivered' | 'read' | 'failed' | 'received'

/** One message. */
export interface ShownMessage {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** Peer id of the other side. */
  readonly peer: string
  readonly from: 'me' | 'peer'
  readonly state: ShownState
  /** Why it failed: `too-long`, `rejected`. */
  readonly reason?: string
  /** When it was written, on the writer's clock, ms since 1970. */
  readonly time: number
  /** When it was stored here, ms since 1970. */
  readonly stored: number
  readonly text: string
}

/** A conversation in the list. */
export interface ShownConversation {
  readonly peer: string
  readonly name: string
  readonly connected: boolean
  /** Messages kept. */
  readonly messages: number
  /** Messages of the peer that were not read here. */
  readonly unread: number
  /** Messages of this node that the peer has not got yet. */
  readonly queued: number
  /** Why nothing is delivered at the moment, where that is known: an error code. */
  readonly problem?: string
  readonly last: ShownMessage
}

/** Answer of `GET /messaging/conversations`: the latest first. */
export interface ConversationList {
  readonly conversations: readonly ShownConversation[]
}

/** Answer of `GET /messaging/conversations/PEER/messages`. */
export interface HistoryPage {
  readonly peer: string
  readonly name: string
  /** Oldest first. */
  readonly messages: readonly ShownMessage[]
  /** Are there older ones? Give the first id as `before`. */
  readonly more: boolean
  readonly unread: number
}

/** Answer of `POST /messaging/conversations/PEER/messages`. */
export interface SendAnswer {
  readonly name: string
  readonly message: ShownMessage
}

/** Answer of `POST /messaging/conversations/PEER/read`. */
export interface ReadAnswer {
  readonly peer: string
  /** Messages that were unread before. */
  readonly marked: number
  readonly unread: number
}

/** Answer of `DELETE`. */
export interface RemoveAnswer {
  readonly peer: string
  readonly removed: number
}

/** One event of `GET /messaging/watch`. */
export type MessagingEvent =
  | { readonly type: 'message'; readonly peer: string; readonly message: ShownMessage }
  | { readonly type: 'state'; readonly peer: string; readonly id: string; readonly state: ShownState; readonly reason?: string }
  | { readonly type: 'read'; readonly peer: string; readonly unread: number }
  | { readonly type: 'removed'; readonly peer: string; readonly id?: string; readonly removed: number }
  | { readonly type: 'forgotten'; readonly peer: string }
  | { readonly type: 'lagged'; readonly missed: number }

/** Answer of `GET /messaging/status`. Counts since the start, but for the first three, which are of now. */
export interface MessagingStatus {
  readonly conversations: number
  readonly unread: number
  readonly queued: number
  /** Messages that came a second time. */
  readonly duplicates: number
  /** Acknowledgements of messages that were never sent to their source. */
  readonly strayAcks: number
  /** Messages and acknowledgements that break the format. */
  readonly malformed: number
}
