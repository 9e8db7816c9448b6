/** How long and how much a plugin may. Tests shorten these; the daemon uses the defaults. */

/** Times in ms. */
export interface HostLimits {
  /** `start`. */
  readonly start: number
  /** `handlePayload`, and the handler of a JSON route. */
  readonly call: number
  /** `onPeerForgotten`, each plugin. */
  readonly forgotten: number
  /** `shutdown`, each plugin … */
  readonly shutdown: number
  /** … and all together. */
  readonly shutdowns: number
  /** Tasks that are awaited after their signal aborted. */
  readonly tasks: number
  /** Routes, pullers, pushers, open pulls: of each at most this many a plugin; of tasks ten times as many. */
  readonly registrations: number
  /** Log lines a second. */
  readonly logLines: number
}

/** The limits that `docs` and the contract name. */
export const hostLimits: HostLimits = {
  start: 30_000,
  call: 30_000,
  forgotten: 5_000,
  shutdown: 5_000,
  shutdowns: 10_000,
  tasks: 5_000,
  registrations: 1_000,
  logLines: 1_000,
}
