import { afterEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import type { Plugin } from '../../../../src/plugin.js'
import { fmp4 } from '../../../../src/plugins/fmp4/index.js'
import { fakeContext } from '../../../../src/testing/fake-context.js'
import { waitFor } from '../../../wait-for.js'
import { boxesOf, samplesOf } from '../../media/mp4/reader.js'
import { audio, numberIn, picture, smaller, sound, video } from '../../viewing/media.js'
import { ViewingNode } from '../../viewing/node.js'

let node: ViewingNode
afterEach(async () => await node?.close())

describe('MP4 over WebSocket', () => {
  const open = (path: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/${path}`)
    const seen = { texts: [] as string[], messages: [] as Buffer[], code: 0 }
    socket.on('message', (data: Buffer, isBinary) => (isBinary ? seen.messages.push(data) : seen.texts.push(data.toString())))
    socket.on('error', () => {})
    socket.on('close', (code) => {
      seen.code = code
    })
    return seen
  }

  it('says the MIME type, then sends the initialization segment, then fragments; all of it again when a codec changes', async () => {
    node = await ViewingNode.start(fmp4 as Plugin)
    const publication = node.hub.publish('live/cam', [video, audio], { publisher: 'test' })
    const seen = open('live/cam.mp4')
    await waitFor('a viewer', () => publication.subscribers === 1)
    publication.write(picture(0))
    publication.write(sound(0))
    const samples = () => samplesOf(Buffer.concat(seen.messages))
    await waitFor('two frames', () => samples().length === 2)
    expect(seen.texts).toEqual(['video/mp4; codecs="avc1.4d401e,mp4a.40.2"'])
    expect(boxesOf(seen.messages[0] ?? Buffer.alloc(0)).map(({ type }) => type)).toEqual(['ftyp', 'moov'])
    expect(samples().map(({ track, key }) => [track, key])).toEqual([
      [1, true],
      [2, true],
    ])
    publication.update(smaller)
    publication.write(picture(25))
    await waitFor('the next', () => samples().length === 3)
    expect(seen.texts[1]).toBe('video/mp4; codecs="avc1.42c00b,mp4a.40.2"')
    const types = seen.messages.flatMap((message) => boxesOf(message).map(({ type }) => type))
    expect(types.filter((type) => type === 'moov')).toHaveLength(2)
    publication.close()
    await waitFor('the end', () => seen.code === 1000)
  })

  it('closes with a code that says why', async () => {
    node = await ViewingNode.start(fmp4 as Plugin)
    node.hub.publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }], { publisher: 'test' })
    const [none, black] = [open('live/none.mp4'), open('live/vp8.mp4')]
    await waitFor('the refusals', () => none.code === 4404 && black.code === 4415)
  })
})

describe('a snapshot', () => {
  it('is the newest key frame alone', async () => {
    node = await ViewingNode.start(fmp4 as Plugin)
    const publication = node.hub.publish('live/cam', [video, audio], { publisher: 'test' })
    for (let n = 0; n < 60; n++) publication.write(picture(n))
    const answer = await fetch(node.url('live/cam.mp4?snapshot'))
    const body = Buffer.from(await answer.arrayBuffer())
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-length')]).toEqual([200, 'video/mp4', String(body.length)])
    expect(boxesOf(body).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'moof', 'mdat'])
    expect(samplesOf(body).map(({ data, key }) => [numberIn(data.subarray(4)), key])).toEqual([[50, true]])
    await waitFor('nobody', () => publication.subscribers === 0)
  })

  it.each([
    ['a stream of sound', 'live/song', 415],
    ['no stream', 'live/none', 404],
  ])('of %s is refused', async (_, path, status) => {
    node = await ViewingNode.start(fmp4 as Plugin)
    const song = node.hub.publish('live/song', [audio], { publisher: 'test' })
    song.write(sound(0))
    const answer = fetch(node.url(`${path}.mp4?snapshot`))
    expect((await answer).status).toBe(status)
  })
})

describe('fmp4', () => {
  it('claims .mp4 and keeps its list of viewers to those who may call the API', async () => {
    const fake = await fakeContext(fmp4).start()
    expect(
      fake.routes
        .list()
        .map(({ kind, path, public: isOpen }) => `${isOpen ? 'open' : 'closed'} ${kind} ${path}`)
        .sort(),
    ).toEqual(['closed json /fmp4/viewers', 'open media /*.mp4'])
    expect(fake.ctx.config).toEqual({ wait: 10_000, bufferSize: 524_288, stallTimeout: 10_000 })
    await fake.stop()
  })
})
