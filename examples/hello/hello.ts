/**
 * A plugin that answers: `shoal send PEER hello.greet Ada --reply` prints what the far node says. Copy this file to begin your own.
 *
 *     plugins:
 *       hello: { use: ./hello.js, greeting: moin }
 */

import type { Plugin } from 'shoal'

/** What can be set; the schema below checks it before `start`. */
export interface HelloConfig {
  readonly greeting: string
}

/** Makes the plugin. A function, so that several daemons in one process have one each. */
export default function hello(): Plugin<HelloConfig> {
  let greet = (name: string): string => name
  return {
    name: 'hello',
    info: { version: '1.0.0', description: 'Greets whoever sends hello.greet.' },
    payloadKinds: ['hello.greet'],
    config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello', maxLength: 100 } }, additionalProperties: false },
    start(ctx) {
      greet = (name) => `${ctx.config.greeting} ${name}, this is ${ctx.node.name}`
      ctx.log.info('ready to greet')
    },
    handlePayload(src, _kind, body) {
      // what is returned is the reply; what is thrown reaches the sender as ERR_PAYLOAD_REJECTED
      return new TextEncoder().encode(greet(new TextDecoder().decode(body) || src))
    },
  }
}
