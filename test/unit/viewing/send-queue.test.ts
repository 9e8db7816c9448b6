import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { SendQueue } from '../../../src/viewing/send-queue.js'

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

async function openSocket(): Promise<Socket> {
  const server = createServer((socket) => undo.push(() => socket.destroy())).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  undo.push(
    () => server.close(),
    () => socket.destroy(),
  )
  await once(socket, 'connect')
  return socket
}

describe('SendQueue', () => {
  it('sets the bound for open TCP sockets and nothing else, and loads once', async () => {
    const set: (readonly [number, number])[] = []
    let loads = 0
    const queue = new SendQueue(async () => {
      loads++
      return (descriptor, bytes) => set.push([descriptor, bytes]) > 0
    })
    await queue.prepare()
    const socket = await openSocket()
    await queue.bound(socket)
    await queue.bound(new Duplex())
    socket.destroy()
    await queue.bound(socket)
    expect(set).toEqual([[expect.any(Number), 32_768]])
    expect(loads).toBe(1)
    expect(queue.problem).toBeUndefined()
  })

  it('says why it cannot be set, and harms nobody', async () => {
    const queue = new SendQueue(() => Promise.reject(new Error('There is no such package.')))
    expect(queue.problem).toBeUndefined()
    await queue.bound(await openSocket())
    expect(queue.problem).toBe('There is no such package.')
  })

  it.runIf(process.platform === 'linux')('sets it with the system’s own call, where the package is installed', async () => {
    const queue = new SendQueue()
    await queue.bound(await openSocket())
    expect(queue.problem).toBeUndefined()
  })
})
