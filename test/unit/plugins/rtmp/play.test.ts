import { describe, expect, it } from 'vitest'
import { aacHeader, avcFrame, avcHeader, otherAvcHeader } from './media.js'
import { publishBoth, start } from './published.js'
import { RawClient } from './raw-client.js'
import { until } from './until.js'

describe('play', () => {
  it('gives headers, then frames with their times, then the end', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam', -2000)
    await viewer.status('NetStream.Play.Start')
    client.body(1, 9, avcFrame(false, 70_000), 80)
    const media = () => viewer.messages.filter(({ type }) => type === 8 || type === 9 || type === 18)
    await until('all messages', () => media().length === 6)
    expect(media().map(({ type, timestamp, body }) => [type, timestamp, body.length])).toEqual([
      // metadata stands at 0: FFmpeg takes later one for a text track
      [18, 0, media()[0]?.body.length],
      [9, 40, avcHeader.length],
      [8, 40, aacHeader.length],
      [9, 40, 1009],
      [8, 41, 102],
      [9, 80, 70_009],
    ])
    expect(media()[3]?.body).toEqual(avcFrame(true, 1000))
    publication.close()
    await viewer.status('NetStream.Play.UnpublishNotify')
    expect(viewer.messages.some(({ type, body }) => type === 4 && body[1] === 1)).toBe(true)
    await viewer.end()
    client.close()
  })

  it('sends headers again when the tracks change', async () => {
    const host = await start()
    const { client } = await publishBoth(host)
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    await until('the first frames', () => viewer.messages.filter(({ type }) => type === 9).length === 2)
    client.body(1, 9, otherAvcHeader, 80)
    client.body(1, 9, avcFrame(true, 50), 80)
    await until('the new header and frame', () => viewer.messages.filter(({ type }) => type === 9).length === 4)
    const [, , header, frame] = viewer.messages.filter(({ type }) => type === 9)
    expect(header?.body).toEqual(otherAvcHeader)
    expect(frame?.timestamp).toBe(80)
    viewer.close()
    client.close()
  })

  it('of an unknown stream is StreamNotFound', async () => {
    const host = await start()
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'none')
    expect((await viewer.status('NetStream.Play.StreamNotFound')).description).toContain('live/none')
    await viewer.end()
  })

  it('waits for a publisher as long as configured', async () => {
    const host = await start({ config: { playWait: 20_000 } })
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    const { client } = await publishBoth(host)
    await viewer.status('NetStream.Play.Start')
    await until('a frame', () => viewer.messages.some(({ type }) => type === 9))
    viewer.close()
    client.close()
  })

  it('ends while it waits when the viewer goes', async () => {
    const host = await start({ config: { playWait: 20_000 } })
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    await until('the task', () => JSON.stringify(host.scope.tree()).includes('play live/cam'))
    viewer.close()
    await until('no sessions', () => host.info().sessions === 0)
  })

  it('is refused with the reason, and fails for tracks that RTMP cannot carry', async () => {
    const host = await start({ permission: { allows: (_, { target }) => target !== 'live/secret' } })
    host.streams.publish('live/data', [{ id: 1, kind: 'data', codec: 'text' }]).write({ track: 1, timestamp: 0, key: true, data: new Uint8Array(1) })
    host.streams.offered.push({ path: 'live/data~opus', audio: 'opus' })
    const sound = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 } as const
    const vp8 = host.streams.publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }, sound])
    vp8.write({ track: 2, timestamp: 0, key: true, data: new Uint8Array(1) })
    for (const [name, said] of [
      ['secret', 'may not read'],
      ['data', 'RTMP carries none of the codecs of this stream: none. In other codecs there is live/data~opus (opus).'],
      ['vp8', 'RTMP does not carry the picture of this stream, vp8; it does carry the sound. Ask for the sound alone: ?tracks=audio. In other codecs'],
    ]) {
      const viewer = await RawClient.ready(host.port)
      viewer.command(1, 'play', 3, null, name)
      expect((await viewer.status('NetStream.Play.Failed')).description).toContain(said)
      await viewer.end()
    }
  })

  it('makes the chunks of a frame once for all viewers', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    const viewers = await Promise.all(Array.from({ length: 5 }, () => RawClient.ready(host.port)))
    let reads = 0
    const data = new Uint8Array(500)
    const frame = {
      track: 1,
      timestamp: 80_000,
      key: false,
      get data() {
        reads++
        return data
      },
    }
    for (const viewer of viewers) viewer.command(1, 'play', 3, null, 'cam')
    await until('five viewers', () => publication.subscribers === 5)
    publication.write(frame)
    for (const viewer of viewers) await until('the frame', () => viewer.messages.some(({ timestamp }) => timestamp === 80))
    expect(reads).toBe(1)
    for (const viewer of viewers) viewer.close()
    client.close()
  })

  it('takes no frames for a viewer that does not read, and cuts it', async () => {
    const host = await start({ config: { stallTimeout: 300 } })
    const { client, publication } = await publishBoth(host)
    const stuck = await RawClient.ready(host.port)
    stuck.command(1, 'play', 3, null, 'cam')
    const reader = await until('the reader', () => host.streams.subscriptions[0])
    await until('a frame', () => stuck.messages.some(({ type }) => type === 9))
    stuck.socket.pause()
    const big = new Uint8Array(1024 * 1024)
    const write = (): void => publication.write({ track: 1, timestamp: 80_000, key: false, data: big })
    await until('back-pressure', () => {
      write()
      return reader.queue.size > 3
    })
    const taken = reader.taken
    write()
    await until('the cut', () => host.info().sessions === 1)
    expect(reader.taken).toBeLessThanOrEqual(taken + 1)
    expect(JSON.stringify(host.log.lines)).toContain('ERR_SLOW_CONSUMER')
    client.close()
    stuck.close()
  })

  it('stops at pause and goes on after it', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, 'cam')
    await viewer.status('NetStream.Play.Start')
    viewer.command(1, 'pause', 0, null, true, 0)
    await viewer.status('NetStream.Pause.Notify')
    await until('no reader', () => publication.subscribers === 0)
    viewer.command(1, 'pause', 0, null, false, 0)
    await viewer.status('NetStream.Unpause.Notify')
    await until('a reader', () => publication.subscribers === 1)
    viewer.close()
    client.close()
  })
})
