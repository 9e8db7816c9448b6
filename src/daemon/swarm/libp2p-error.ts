/** Errors of libp2p as errors of ours. */

import { ShoalError } from '../../errors.js'

/** What a thrown value says; of several, all. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** Why a dial failed. `keyed`: this node has a network key; a far end without it, or with another, does not say so, it only hangs up. */
export function dialMessage(error: unknown, keyed: boolean): string {
  const message = messageOf(error)
  const reached = !/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT/.test(message)
  return keyed && reached ? `${message}; it may have no network key (swarm.networkKey), or another` : message
}

/** Why a node could not start: `ERR_PORT_IN_USE` with port and key, or `ERR_START_FAILED`. libp2p joins the listeners' errors into one text. */
export function startError(error: unknown): ShoalError {
  const message = messageOf(error)
  const taken = /EADDRINUSE.*?:(\d+)\s*$/m.exec(message)
  if (!taken) return new ShoalError('ERR_START_FAILED', `The swarm cannot listen: ${message}`, { cause: error })
  return new ShoalError('ERR_PORT_IN_USE', `Port ${taken[1]} of swarm.listen is in use.`, {
    hint: 'Stop the other program, or set swarm.listen to another port (0 takes a free one).',
    cause: error,
    data: { port: Number(taken[1]), setting: 'swarm.listen' },
  })
}
