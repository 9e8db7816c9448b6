/** A pipe whose other end is a list of messages. */

import { PassThrough } from 'node:stream'
import { MessagePipe } from '../../../../../src/daemon/portable/native/pipe.js'
import type { PortableMessage } from '../../../../../src/daemon/portable/native/portable.pb.js'

/** Makes one; `sent` grows with what is written. */
export function recordedPipe(): { readonly pipe: MessagePipe; readonly sent: PortableMessage[] } {
  const quiet = { broken: () => {}, ended: () => {}, flooded: () => {} }
  const output = new PassThrough()
  const sent: PortableMessage[] = []
  new MessagePipe(output, new PassThrough(), { ...quiet, message: (message) => void sent.push(message) })
  return { pipe: new MessagePipe(new PassThrough(), output, { ...quiet, message: () => {} }), sent }
}
