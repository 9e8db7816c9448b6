/** Answers payloads of the kind `my-plugin.greet`: `shoal send NODE my-plugin.greet Ada --reply`. */

import type { Plugin } from 'shoal'

/** What can be set; the schema below checks it before `start`. */
export interface Config {
  readonly greeting: string
}

/** Makes the plugin. A function, so that several daemons in one process have one each. */
export default function plugin(): Plugin<Config> {
  let greeting = ''
  return {
    name: 'my-plugin',
    payloadKinds: ['my-plugin.greet'],
    config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } }, additionalProperties: false },
    start(ctx) {
      greeting = ctx.config.greeting
      ctx.log.info('ready to greet', { greeting })
    },
    // what it returns is the reply; what it throws reaches the sender as an error
    handlePayload(peer, _kind, body) {
      return new TextEncoder().encode(`${greeting} ${new TextDecoder().decode(body) || peer}`)
    },
  }
}
