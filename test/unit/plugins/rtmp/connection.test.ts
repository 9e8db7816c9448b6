import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { uint32, userControl } from '../../../../src/media/rtmp/message.js'
import { rtmpConfig } from '../../../../src/plugins/rtmp/config.js'
import { startRtmp } from './fake.js'
import { avcFrame } from './media.js'
import { publishBoth, start } from './published.js'
import { RawClient } from './raw-client.js'
import { until } from './until.js'

describe('the connection', () => {
  it('pings, and cuts a client that says nothing', async () => {
    const host = await start({ config: { idleTimeout: 300 } })
    const { client, publication } = await publishBoth(host)
    await until('a ping', () => client.messages.some(({ type, body }) => type === 4 && body[1] === 6))
    await client.end()
    expect(publication.closed).toBe(true)
  })

  it('keeps a viewer that answers pings', async () => {
    const host = await start({ config: { idleTimeout: 600 } })
    const publication = host.streams.publish('live/cam', [{ id: 1, kind: 'audio', codec: 'opus' }])
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    const pings = () => viewer.messages.filter(({ type, body }) => type === 4 && body[1] === 6)
    let answered = 0
    await until('four pings', () => {
      for (; answered < pings().length; answered++) viewer.body(0, 4, userControl(7, 0))
      return answered >= 4
    })
    expect(viewer.closed).toBe(false)
    expect(publication.subscribers).toBe(1)
    viewer.close()
  })

  it('says nothing to a client that has not begun its handshake, and cuts it', async () => {
    const host = await start({ config: { idleTimeout: 300, handshakeTimeout: 250 } })
    const client = await RawClient.dial(host.port)
    let received = 0
    client.socket.prependListener('data', (bytes: Uint8Array) => {
      received += bytes.length
    })
    await client.end()
    expect(received).toBe(0)
  })

  it('that neither publishes nor plays is cut', async () => {
    const host = await start({ config: { idleTimeout: 300 } })
    const client = await RawClient.connected(host.port)
    const timer = setInterval(() => client.body(0, 4, userControl(7, 0)), 30)
    await client.end()
    clearInterval(timer)
  })

  it('acknowledges within the window the client sets, and answers Set Peer Bandwidth', async () => {
    const host = await start()
    const { client } = await publishBoth(host)
    client.body(0, 5, uint32(100_000))
    client.body(0, 6, [...uint32(5000), 2])
    for (let i = 0; i < 20; i++) client.body(1, 9, avcFrame(false, 10_000), 100 + i)
    await until('an acknowledgement', () => client.messages.some(({ type }) => type === 3))
    expect(client.messages.some(({ type, body }) => type === 5 && Buffer.from(body).readUInt32BE() === 5000)).toBe(true)
    client.close()
  })

  it('counts against the limit; one too many is closed and the others stay', async () => {
    const host = await start({ config: { maxConnections: 2 } })
    const first = await RawClient.connected(host.port)
    const second = await RawClient.connected(host.port)
    const third = await RawClient.dial(host.port)
    await third.end()
    expect(host.info()).toEqual({ address: '127.0.0.1', port: host.port, sessions: 2 })
    first.close()
    await until('room', () => host.info().sessions === 1)
    ;(await RawClient.connected(host.port)).close()
    second.close()
  })

  it('is closed by a graceful stop, whatever it does; nothing is left', async () => {
    const host = await startRtmp()
    const { client, publication } = await publishBoth(host)
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    await viewer.status('NetStream.Play.Start')
    const idle = await RawClient.dial(host.port)
    await host.stop()
    await Promise.all([client.end(), viewer.end(), idle.end()])
    expect(publication.closed).toBe(true)
    expect(publication.subscribers).toBe(0)
    await expect(RawClient.dial(host.port).then((late) => late.end())).resolves.toBe(true)
  })

  it('listens where the configuration says, with the chunk size it says', async () => {
    const host = await start({ config: { host: '127.0.0.2', chunkSize: 4096 } })
    expect(host.info().address).toBe('127.0.0.2')
    const other = await start({ config: { chunkSize: 4096 } })
    const { client } = await publishBoth(other)
    expect(client.chunkSize).toBe(4096)
    const viewer = await RawClient.ready(other.port)
    viewer.command(1, 'play', 3, null, 'cam')
    client.body(1, 9, avcFrame(false, 50_000), 80)
    const frame = await until('the large frame', () => viewer.messages.find(({ timestamp }) => timestamp === 80))
    expect(frame.body).toEqual(avcFrame(false, 50_000))
    client.close()
    viewer.close()
  })

  it('has a configuration whose defaults fit its schema', () => {
    const config = Value.Default(rtmpConfig, {})
    expect(Value.Check(rtmpConfig, config)).toBe(true)
    expect(config).toMatchObject({ host: '127.0.0.1', port: 1935, takeover: false })
    expect(Value.Check(rtmpConfig, { ...(config as object), port: 65_536 })).toBe(false)
  })

  it('names the port that is in use, and what to set', async () => {
    const host = await start()
    const error = await startRtmp({ config: { port: host.port } }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: expect.stringContaining(String(host.port)),
      hint: expect.stringContaining('plugins.rtmp.port'),
    })
  })
})
