/** `ctx.payloads`: calls end when the plugin stops. */

import type { PayloadOptions, Payloads } from '../../plugin.js'
import { linkSignals } from '../util/linked-signal.js'
import { abortable } from '../util/wait.js'
import { tended } from './containment.js'
import type { Hosted } from './hosted.js'

/** Makes it. `payloads` throws while there are none yet. */
export function pluginPayloads(hosted: Hosted, payloads: () => Payloads): Payloads {
  const act = async <T>(options: PayloadOptions | undefined, call: (payloads: Payloads, options: PayloadOptions) => Promise<T>): Promise<T> => {
    const closed = hosted.closed()
    if (closed) throw closed
    const link = linkSignals(hosted.scope.signal, options?.signal)
    try {
      return await abortable(call(payloads(), { ...options, signal: link.signal }), link.signal)
    } finally {
      link.done()
    }
  }
  return {
    send: (peer, kind, body, options) => tended(act(options, (to, own) => to.send(peer, kind, body, own))),
    request: (peer, kind, body, options) => tended(act(options, (to, own) => to.request(peer, kind, body, own))),
    broadcast: (kind, body, options) => tended(act(options, (to, own) => to.broadcast(kind, body, own))),
  }
}
