/** How far a message has come: a pure state machine. A state is reached once, in order, and never left backwards. */

/** `pending`: stored here. `sent`: the far node has taken it. `delivered`: stored there. `read`: a person there has read it. `failed`: it will never arrive. */
export type DeliveryState = 'pending' | 'sent' | 'delivered' | 'read' | 'failed'

const order: readonly DeliveryState[] = ['pending', 'sent', 'delivered', 'read']

/**
 * The states a message goes through from `from` to `to`, `to` last. Empty when that is no step forward. What happens in
 * between is passed through: an acknowledgement may overtake the receipt. Only what did not arrive can fail.
 */
export function statesTo(from: DeliveryState, to: DeliveryState): readonly DeliveryState[] {
  if (to === 'failed') return isQueued(from) ? ['failed'] : []
  if (from === 'failed') return []
  return order.slice(order.indexOf(from) + 1, order.indexOf(to) + 1)
}

/** Does a message in this state still have to be brought to its peer? */
export function isQueued(state: DeliveryState): boolean {
  return state === 'pending' || state === 'sent'
}

/** Is `value` one of the states? */
export function isDeliveryState(value: unknown): value is DeliveryState {
  return value === 'failed' || order.some((state) => state === value)
}
