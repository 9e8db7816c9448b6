/** How much of this node one peer may take. What a peer does beyond that costs the peer, and nobody else. */

/** Limits for each peer. */
export interface PeerQuotas {
  /** Streams it reads here at a time; one more is refused with `ERR_QUOTA_STREAMS`. */
  readonly streams: number
  /** Topics of the subscription registry that it may be interested in; one more is refused with `ERR_QUOTA_SUBSCRIPTIONS`. */
  readonly subscriptions: number
  /** Streams it may announce. */
  readonly announcements: number
  /** Control messages a second beside payloads and the receipts it owes; what is more waits at the peer. */
  readonly controlRate: number
}

/** The limits unless the configuration says otherwise. */
export const defaultQuotas: PeerQuotas = { streams: 256, subscriptions: 256, announcements: 1000, controlRate: 200 }

/** The token bucket of control messages: after a pause two seconds' worth may come at once, as after a link comes up. */
export function controlBucket(rate: number): { readonly rate: number; readonly burst: number } {
  return { rate, burst: 2 * rate }
}
