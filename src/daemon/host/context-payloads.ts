/** `ctx.payloads`: calls end when the plugin stops. */

import type { PayloadOptions, Payloads } from '../../plugin.js'
import { follow, linkSignals } from '../util/linked-signal.js'
import { abortable } from '../util/wait.js'
import { tended } from './containment.js'
import type { Hosted } from './hosted.js'

/** Makes it. `payloads` throws while there are none yet. */
export function pluginPayloads(hosted: Hosted, payloads: () => Payloads): Payloads {
  const { signal } = hosted.scope
  let used = false
  const act = <T>(options: PayloadOptions | undefined, call: (payloads: Payloads, options: PayloadOptions) => Promise<T>): Promise<T> => {
    try {
      const closed = hosted.closed()
      if (closed) throw closed
      // one listener for all calls, which come and go
      if (!used) follow(signal, () => {})
      used = true
      // a call without a signal of its own needs none made for it
      if (!options?.signal) return abortable(call(payloads(), { ...options, signal }), signal)
      const link = linkSignals(signal, options.signal)
      return abortable(call(payloads(), { ...options, signal: link.signal }), link.signal).finally(() => link.done())
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return {
    send: (peer, kind, body, options) => tended(act(options, (to, own) => to.send(peer, kind, body, own))),
    request: (peer, kind, body, options) => tended(act(options, (to, own) => to.request(peer, kind, body, own))),
    broadcast: (kind, body, options) => tended(act(options, (to, own) => to.broadcast(kind, body, own))),
  }
}
