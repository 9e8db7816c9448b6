/** A process that stands still, as it does where the machine sleeps or is starved. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Lets nothing run in this process for `ms`, while a byte waits in a socket; `heard` is called when it is read, and then this resolves. */
export async function standStill(ms: number, heard: () => void): Promise<void> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server has no port')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect(address.port, '127.0.0.1')
  await once(client, 'connect')
  const [far] = await accepted
  const read = once(client, 'data').then(heard)
  far.write('x')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  await read
  for (const socket of [far, client]) socket.destroy()
  server.close()
}
