/** Handlers of pairing by short code. */

import { delay } from '../util/wait.js'
import type { HandlersOf } from './call.js'
import type { DaemonPort } from './port.js'
import type { RouteId } from './table.js'
import type { pairingRoutes } from './table-pairing.js'

/** ms for which an answer waits for the other side: where that has accepted, it takes one round trip and two writes. */
const settleTime = 3000

/** Makes them. */
export function pairingHandlers({ pairing }: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof pairingRoutes>> {
  return {
    'pairing.status': () => {
      const window = pairing.window()
      return { schema: 1, ...(window && { window }), requests: [...pairing.requests()] }
    },
    'pairing.open': ({ body }) => ({ schema: 1, ...pairing.open(body.time) }),
    'pairing.close': () => {
      pairing.close()
      return { schema: 1, open: false }
    },
    'pairing.ask': ({ body }, { signal }) => pairing.ask(body.peer, signal),
    'pairing.accept': async ({ params, body }, { signal }) => {
      const { peer, settled } = pairing.accept(params.peer, body.code)
      const outcome = await Promise.race([settled, delay(settleTime, signal, { unref: true })])
      if (outcome?.type === 'failed') throw outcome.error
      return { schema: 1, peer, state: outcome ? 'paired' : 'waiting' }
    },
    'pairing.reject': ({ params }) => ({ schema: 1, peer: pairing.reject(params.peer).peer, rejected: true }),
  }
}
