import { createServer, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import myproto from '../../examples/myproto/myproto.js'
import { fakeContext, type PullSource, pullerCompliance } from '../../src/testing/index.js'

/** A myproto server that sends a frame every few ms. */
async function source(): Promise<PullSource> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let at = 0
    const timer = setInterval(() => socket.write(frame(++at)), 3)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(timer))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `myproto://127.0.0.1:${port}/hall`,
    async end() {
      for (const socket of sockets) socket.end()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function frame(at: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(12, 0)
  bytes.writeBigUInt64BE(BigInt(at * 40_000), 4)
  bytes.writeUInt32BE(at, 12)
  return bytes
}

const fake = await fakeContext(myproto()).start()
afterAll(async () => {
  await fake.stop()
})

pullerCompliance({ describe, expect, it }, 'myproto example', {
  factory() {
    const [factory] = fake.pullers
    if (!factory) throw new Error('myproto registered no puller')
    return factory
  },
  source,
  deadUrl: 'myproto://127.0.0.1:1/x',
})
