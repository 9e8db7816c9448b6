import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FrameReader, framed } from '../../../../src/media/webrtc/framed.js'
import { TcpDoor } from '../../../../src/plugins/webrtc/tcp-door.js'
import { waitFor } from '../../../wait-for.js'

const host = '127.0.0.1'

function bindingRequest(): Buffer {
  const request = Buffer.alloc(20)
  request.writeUInt16BE(1)
  request.writeUInt32BE(0x2112_a442, 4)
  return request
}

describe('the door for TCP', () => {
  let library: Datagrams
  let door: TcpDoor
  let clients: Socket[]
  let heard: string[]

  /** Something that answers each datagram, as the library does. */
  beforeEach(async () => {
    clients = []
    heard = []
    library = createSocket('udp4')
    library.on('message', (datagram, { port }) => {
      heard.push(datagram.toString('latin1'))
      library.send(Buffer.concat([Buffer.from('re '), datagram]), port, host)
    })
    library.bind(0, host)
    await once(library, 'listening')
    door = await TcpDoor.open({ host, port: library.address().port, maxConnections: 2 })
  })
  afterEach(() => {
    door.close()
    for (const client of clients) client.destroy()
    library.close()
  })

  async function enter(): Promise<{ socket: Socket; answers: string[]; closed: () => boolean }> {
    const socket = connect(library.address().port, host)
    clients.push(socket)
    const reader = new FrameReader()
    const answers: string[] = []
    let closed = false
    socket.on('data', (bytes) => answers.push(...reader.push(bytes).map((one) => one.toString('latin1'))))
    socket.on('error', () => {})
    socket.on('close', () => {
      closed = true
    })
    await once(socket, 'connect')
    return { socket, answers, closed: () => closed }
  }

  it('leads each client to the library and back, datagram by datagram', async () => {
    const [one, two] = [await enter(), await enter()]
    for (const { socket } of [one, two]) socket.write(framed(bindingRequest()))
    const bytes = framed(Buffer.from('one'))
    one.socket.write(bytes.subarray(0, 3))
    one.socket.write(Buffer.concat([bytes.subarray(3), framed(Buffer.from('again'))]))
    two.socket.write(framed(Buffer.from('two')))
    await waitFor('the answers', () => one.answers.length === 3 && two.answers.length === 2)
    expect([one.answers.slice(1), two.answers.slice(1)]).toEqual([['re one', 're again'], ['re two']])
    expect(door.connections).toBe(2)
    one.socket.destroy()
    await waitFor('the room', () => door.connections === 1)
  })

  it('turns away who does not begin as ICE does, and who comes beyond the limit', async () => {
    const stranger = await enter()
    stranger.socket.write('GET / HTTP/1.1\r\n\r\n'.padEnd(70_000))
    await waitFor('the end', stranger.closed)
    expect(heard).toEqual([])
    const guests = [await enter(), await enter(), await enter()]
    await waitFor('the end of the third', () => guests.some(({ closed }) => closed()))
    expect(guests.filter(({ closed }) => closed()).length).toBe(1)
  })

  it('closes with all who are inside', async () => {
    const guest = await enter()
    guest.socket.write(framed(bindingRequest()))
    await waitFor('the answer', () => guest.answers.length === 1)
    door.close()
    await waitFor('the end', guest.closed)
    expect(door.connections).toBe(0)
  })

  it('is not opened on a port that is taken', async () => {
    await expect(TcpDoor.open({ host, port: library.address().port, maxConnections: 1 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
