/** Checks of the texts that callers of the cluster services give. */

import { ShoalError } from '../../../../errors.js'

/** Topics of the daemon's own begin with this. */
export const ownPrefix = 'shoal/'

/** State registries of who wants which name of a topic of the subscription registry begin with this. */
export const subscriptionPrefix = `${ownPrefix}subscriptions/`

/** Throws `ERR_USAGE` when `text` is not a string of 1 to `max` bytes of well-formed UTF-8. */
export function checkText(text: string, what: string, max: number): void {
  const right = typeof text === 'string' && text.length > 0 && Buffer.byteLength(text) <= max && !/\p{Surrogate}/u.test(text)
  if (!right) throw new ShoalError('ERR_USAGE', `${what} is a text of 1 to ${max} bytes.`)
}

/** Order of peer ids and names: by code unit, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
