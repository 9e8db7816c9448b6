/** How long and how much a plugin may. Tests shorten these; the daemon uses the defaults. */

/** Times in ms. */
export interface HostLimits {
  /** `start`. */
  readonly start: number
  /** A `start` that takes longer holds the next ones up no more. */
  readonly turn: number
  /** `handlePayload`, and the handler of a JSON route. */
  readonly call: number
  /** A call that takes longer is named in lists while it goes on, and a raw request whose client left without an answer after that. */
  readonly patience: number
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
  /** Log lines at once; a fifth of it each second. */
  readonly logLines: number
}

/** The limits that `docs` and the contract name. */
export const hostLimits: HostLimits = {
  start: 30_000,
  turn: 1_000,
  call: 30_000,
  patience: 3_000,
  forgotten: 5_000,
  shutdown: 5_000,
  shutdowns: 10_000,
  tasks: 5_000,
  registrations: 1_000,
  logLines: 1_000,
}
