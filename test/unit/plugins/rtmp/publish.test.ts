import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import { objectOf } from '../../../../src/media/rtmp/command.js'
import { userControl } from '../../../../src/media/rtmp/message.js'
import type { Credentials, Principal } from '../../../../src/services.js'
import { aacFrame, aacHeader, avcFrame, avcHeader, enhanced, otherAvcHeader } from './media.js'
import { metadata, publishBoth, start, started } from './published.js'
import { RawClient } from './raw-client.js'
import { until } from './until.js'

describe('connect', () => {
  it('is answered with windows, chunk size and the codecs of Enhanced RTMP', async () => {
    const host = await start()
    const client = await RawClient.open(host.port)
    client.command(0, 'connect', 1, { app: 'live', objectEncoding: 0 })
    const reply = await client.reply(1)
    if (reply === 'closed') throw new Error('closed')
    expect(reply.name).toBe('_result')
    expect(objectOf(reply.args[0])['code']).toBe('NetConnection.Connect.Success')
    expect(objectOf(reply.object)['fourCcList']).toContain('hvc1')
    expect(client.messages.map((message) => message.type)).toEqual([5, 6, 20])
    client.close()
  })

  it('is needed before anything else', async () => {
    const host = await start()
    const client = await RawClient.open(host.port)
    client.command(0, 'createStream', 1, null)
    await client.end()
    expect(client.commands).toEqual([])
  })

  it('must come in time', async () => {
    const host = await start({ config: { handshakeTimeout: 100 } })
    const silent = await RawClient.dial(host.port)
    const shaken = await RawClient.open(host.port)
    await Promise.all([silent.end(), shaken.end()])
    await until('no sessions', () => host.info().sessions === 0)
  })

  it('is refused where the credentials in it are wrong', async () => {
    const host = await start({ authentication: { authenticate: async ({ token }) => (token === 'good' ? null : false) } })
    const client = await RawClient.open(host.port)
    client.command(0, 'connect', 1, { app: 'live?token=bad' })
    const reply = await client.reply(1)
    if (reply === 'closed') throw new Error('closed')
    expect(reply.name).toBe('_error')
    expect(objectOf(reply.args[0])).toMatchObject({ level: 'error', code: 'NetConnection.Connect.Rejected', description: 'The credentials are wrong.' })
    await client.end()
    const other = await RawClient.connected(host.port, 'live?token=good')
    expect(other.closed).toBe(false)
    other.close()
  })
})

describe('publish', () => {
  it('starts when the kinds that metadata announces are there, and keeps frames, order and times', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    expect(publication.tracks.map((track) => [track.id, track.kind, track.codec])).toEqual([
      [1, 'video', 'avc1.4d401e'],
      [2, 'audio', 'mp4a.40.2'],
    ])
    client.body(1, 9, avcFrame(false, 50), 80)
    await until('three frames', () => publication.frames.length === 3)
    expect(publication.frames.map(({ track, timestamp, key, data }) => [track, timestamp, key, data.length])).toEqual([
      [1, 40_000, true, 1004],
      [2, 41_000, true, 100],
      [1, 80_000, false, 54],
    ])
    client.command(0, 'deleteStream', 5, null, 1)
    await until('the end', () => publication.closed)
    client.close()
  })

  it('starts with one kind when metadata announces no other', async () => {
    const host = await start()
    const client = await RawClient.publishing(host.port, 'mic')
    client.body(1, 18, metadata({ audiocodecid: 10 }))
    client.body(1, 8, aacHeader)
    client.body(1, 8, aacFrame(10), 0)
    const publication = await until('the publication', () => started(host, 'live/mic'))
    expect(publication.tracks.map((track) => track.kind)).toEqual(['audio'])
    client.close()
    await until('the end', () => publication.closed)
  })

  it('starts after half a second of media when an announced kind does not come, and takes it later', async () => {
    const host = await start()
    const client = await RawClient.publishing(host.port, 'late')
    client.body(1, 18, metadata({ videocodecid: 7, audiocodecid: 10 }))
    client.body(1, 9, avcHeader)
    for (let time = 0; time <= 480; time += 40) client.body(1, 9, avcFrame(time === 0, 20), time)
    client.body(0, 4, userControl(6, 77))
    await until('the pong', () => client.messages.some((message) => message.type === 4 && message.body[1] === 7 && message.body[5] === 77))
    expect(started(host, 'live/late')).toBeUndefined()
    client.body(1, 9, avcFrame(false, 20), 500)
    const publication = await until('the publication', () => started(host, 'live/late'))
    await until('all frames', () => publication.frames.length === 14)
    client.body(1, 8, aacHeader, 510)
    client.body(1, 8, aacFrame(10), 510)
    await until('the sound', () => publication.tracks.length === 2 && publication.frames.length === 15)
    client.close()
  })

  it('announces a changed codec before its frames', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    client.body(1, 9, otherAvcHeader, 80)
    client.body(1, 9, avcFrame(true, 50), 80)
    await until('the frame', () => publication.frames.length === 3)
    expect(publication.tracks.find((track) => track.id === 1)?.codec).toBe('avc1.640028')
    client.close()
  })

  it.each(Object.entries(enhanced))('carries %s of Enhanced RTMP in and out', async (codec, { type, header, frame }) => {
    const host = await start()
    const client = await RawClient.publishing(host.port, codec)
    client.body(1, 18, metadata(type === 9 ? { videocodecid: 1 } : { audiocodecid: 1 }))
    client.body(1, type, header)
    client.body(1, type, frame, 40)
    const publication = await until('the publication', () => started(host, `live/${codec}`))
    await until('the frame', () => publication.frames.length === 1)
    const viewer = await RawClient.ready(host.port)
    viewer.command(1, 'play', 3, null, codec)
    await until('the frame at the viewer', () => viewer.messages.filter((message) => message.type === type).length === 2)
    const [first, second] = viewer.messages.filter((message) => message.type === type)
    expect(first?.body).toEqual(header)
    expect(second).toEqual({ type, stream: 1, timestamp: 40, body: frame })
    viewer.close()
    client.close()
  })

  it('reads the messages inside an aggregate', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    const frame = aacFrame(5)
    const tag = [8, 0, 0, frame.length, 0, 0, 7, 0, 0, 0, 0, ...frame, 0, 0, 0, 11 + frame.length]
    client.body(1, 22, [...tag, ...tag], 90)
    await until('both frames', () => publication.frames.length === 4)
    expect(publication.frames[2]?.timestamp).toBe(90_000)
    client.close()
  })

  it('takes the query string off the path and uses its credentials', async () => {
    const seen: Credentials[] = []
    const who: Principal = { kind: 'client', id: 'ann' }
    const asked: unknown[] = []
    const host = await start({
      authentication: {
        async authenticate(credentials) {
          seen.push(credentials)
          return who
        },
      },
      permission: { allows: (principal, action) => asked.push([principal.id, action]) > 0 },
    })
    const client = await RawClient.ready(host.port, '/live//?token=t0')
    client.command(1, 'publish', 3, null, 'cam?token=t1&user=ann&pass=p%20w&other=1')
    await client.status('NetStream.Publish.Start')
    expect(seen.at(-1)).toEqual({ via: 'rtmp', token: 't1', user: 'ann', password: 'p w', address: '127.0.0.1', local: true })
    expect(asked).toEqual([['ann', { action: 'stream.publish', target: 'live/cam' }]])
    client.close()
  })

  it('is refused with the reason that permission gives', async () => {
    const host = await start({ permission: { allows: (_, { action }) => (action === 'stream.publish' ? 'not on Sundays' : true) } })
    const client = await RawClient.ready(host.port)
    client.command(1, 'publish', 3, null, 'cam', 'live')
    expect(await client.status('NetStream.Publish.Failed')).toMatchObject({ level: 'error', description: 'not on Sundays' })
    await client.end()
  })

  it('is refused where a service fails, and the server goes on', async () => {
    const host = await start({
      permission: {
        allows: () => {
          throw new Error('the service is broken')
        },
      },
    })
    const client = await RawClient.ready(host.port)
    client.command(1, 'publish', 3, null, 'cam', 'live')
    await client.status('NetStream.Publish.Failed')
    await client.end()
    ;(await RawClient.connected(host.port)).close()
  })

  it('of a taken path is BadName with the text, at once; the first goes on', async () => {
    const host = await start()
    const silent = await RawClient.publishing(host.port, 'cam')
    const second = await RawClient.ready(host.port)
    second.command(1, 'publish', 3, null, 'cam')
    expect((await second.status('NetStream.Publish.BadName')).description).toContain('already has a publisher')
    await second.end()
    expect(second.statuses).toHaveLength(1)
    expect(host.streams.published.get('live/cam')?.closed).toBe(false)
    silent.close()
    await until('the path is free', () => host.streams.published.get('live/cam')?.closed)
    const { client } = await publishBoth(host)
    client.close()
  })

  it('takes over where the configuration says so, and the first is told', async () => {
    const host = await start({ config: { takeover: true } })
    const { client } = await publishBoth(host)
    const second = await publishBoth(host)
    expect(await client.status('NetStream.Publish.BadName')).toMatchObject({ level: 'error' })
    await client.end()
    await until('the second stream', () => host.streams.published.get('live/cam')?.closed === false)
    second.client.close()
  })

  it('is told when the hub stops the stream', async () => {
    const host = await start()
    for (const [code, status] of [
      ['ERR_PUBLISH_TIMEOUT', 'NetStream.Publish.Idle'],
      ['ERR_STREAM_STOPPED', 'NetStream.Publish.Failed'],
    ] as const) {
      const { client, publication } = await publishBoth(host, code)
      publication.abort(new ShoalError(code))
      await client.status(status)
      await client.end()
    }
  })

  it('ends without a codec configuration, rather than keep frames for ever', async () => {
    const host = await start()
    const client = await RawClient.publishing(host.port, 'blind')
    for (let i = 0; i < 1000; i++) client.body(1, 9, avcFrame(true, 5), i)
    expect((await client.status('NetStream.Publish.Failed')).description).toContain('codec configuration')
    await client.end()
  })

  it('uses message stream ids again', async () => {
    const host = await start()
    const client = await RawClient.connected(host.port)
    for (let i = 2; i < 40; i += 2) {
      client.command(0, 'createStream', i, null)
      expect(await client.reply(i)).toMatchObject({ args: [1] })
      client.command(0, 'deleteStream', 0, null, 1)
    }
    client.command(1, 'publish', 50, null, 'cam')
    await client.end()
  })

  it('can be followed by another on the same connection', async () => {
    const host = await start()
    const { client, publication } = await publishBoth(host)
    client.command(1, 'closeStream', 0, null)
    await until('the end', () => publication.closed)
    client.command(0, 'FCUnpublish', 8, null, 'cam')
    expect(await client.reply(8)).toMatchObject({ name: '_result' })
    client.command(1, 'publish', 9, null, 'two', 'live')
    await until('the second start', () => client.statuses.filter((status) => status.code === 'NetStream.Publish.Start').length === 2)
    client.close()
  })
})
