import { afterEach, expect, it } from 'vitest'
import { digestSecret, provesDigest } from '../../../../src/backends/digest.js'
import { BoundedQueue } from '../../../../src/daemon/util/queue.js'
import { parseRtp } from '../../../../src/media/rtp/packet.js'
import { parseRtcp } from '../../../../src/media/rtp/rtcp.js'
import { Authorizer, chooseChallenge } from '../../../../src/media/rtsp/authorization.js'
import { headerOf } from '../../../../src/media/rtsp/message.js'
import { pathOf } from '../../../../src/plugins/rtsp/access.js'
import { rtsp } from '../../../../src/plugins/rtsp/index.js'
import type { SourceInfo } from '../../../../src/plugins/rtsp/sources.js'
import type { Authentication, Services } from '../../../../src/services.js'
import type { Track } from '../../../../src/stream.js'
import { type FakeContext, fakeContext } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'
import { RawClient, soundSdp } from './raw-client.js'

const sound: Track = { id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }
const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A running plugin, and clients of it. */
async function start(services: Partial<Services> = {}): Promise<{ fake: FakeContext<never>; dial(path: string): Promise<RawClient> }> {
  const fake = (await fakeContext(rtsp, { config: { port: 0, playWait: 0 }, services }).start()) as unknown as FakeContext<never>
  stops.push(() => fake.stop())
  const { port } = (await fake.request('GET', '/rtsp/info')) as { port: number }
  return {
    fake,
    async dial(path) {
      const client = await RawClient.dial(port, path)
      stops.push(() => client.close())
      return client
    },
  }
}

it('a published stream is played, with reports in front and a goodbye behind', async () => {
  const { fake, dial } = await start()
  const publisher = await dial('live/call')
  expect(await publisher.publish()).toBe(200)
  for (let i = 0; i < 5; i++) publisher.sing(i)
  const publication = await waitFor('the stream', () => fake.streams.get('live/call')?.frames.length === 5 && fake.streams.get('live/call'))
  expect(publication.frames.map(({ timestamp, duration }) => [timestamp, duration])).toEqual([0, 1, 2, 3, 4].map((i) => [i * 20_000, 20_000]))
  const viewer = await dial('live/call')
  expect(await viewer.play()).toBe(200)
  publisher.sing(5)
  await waitFor('sound', () => viewer.packets.filter(({ channel }) => channel === 0).length >= 2)
  expect(viewer.packets[0]?.channel).toBe(1)
  expect(parseRtcp(viewer.packets[0]?.packet ?? new Uint8Array(0))).toMatchObject([{ type: 'sender-report' }])
  const packets = viewer.packets.filter(({ channel }) => channel === 0).map(({ packet }) => parseRtp(packet))
  expect(
    packets.every(({ payload }, i) => payload.length === 160 && (i === 0 || packets[i - 1]?.sequence === ((packets[i]?.sequence ?? 0) - 1) % 65_536)),
  ).toBe(true)
  expect((await publisher.ask('TEARDOWN')).status).toBe(200)
  await viewer.end()
  expect(parseRtcp(viewer.packets.at(-1)?.packet ?? new Uint8Array(0)).at(-1)).toMatchObject({ type: 'goodbye' })
})

it('says what cannot be done', async () => {
  const { fake, dial } = await start()
  fake.streams.publish('live/words', [{ id: 1, kind: 'data', codec: 'text' }])
  fake.streams.publish('live/call', [sound])
  expect((await (await dial('live/none')).ask('DESCRIBE')).status).toBe(404)
  expect((await (await dial('live/words')).ask('DESCRIBE')).status).toBe(415)
  const client = await dial('live/call')
  expect((await client.ask('OPTIONS')).headers.get('public')?.[0]).toContain('ANNOUNCE')
  expect((await client.ask('PLAY')).status).toBe(455)
  expect((await client.ask('HOP')).status).toBe(501)
  expect((await client.ask('DESCRIBE')).status).toBe(200)
  expect((await client.ask('SETUP', { Transport: 'RTP/AVP;multicast' }, { suffix: '/trackID=0' })).status).toBe(461)
  expect((await client.ask('SETUP', { Transport: 'RTP/AVP/TCP' }, { suffix: '/trackID=7' })).status).toBe(404)
  expect((await client.ask('RECORD')).status).toBe(455)
  const taken = await client.ask('ANNOUNCE', {}, { body: soundSdp })
  expect([taken.status, headerOf(taken.headers, 'x-error')]).toEqual([403, 'ERR_STREAM_TAKEN'])
  expect((await client.ask('ANNOUNCE', {}, { body: 'hello' })).status).toBe(400)
  expect((await client.ask('ANNOUNCE', {}, { body: 'v=0\nm=video 0 RTP/AVP 26\n' })).status).toBe(415)
  client.socket.write('GET / HTTP/1.1\r\n\r\n')
  await client.end()
})

it('asks for credentials, takes them from header and address, and ends what is not permitted any more', async () => {
  const changes = new BoundedQueue<string>({ limit: 10 })
  let permitted = true
  const { fake, dial } = await start({
    authentication: {
      authenticate: async ({ user, password, token }) =>
        user === undefined && token === undefined ? null : (user === 'ann' && password === 'right') || token === 'good' ? { kind: 'client', id: 'ann' } : false,
    },
  })
  stops.push(fake.services.provide('guard', 'permission', { allows: ({ id }) => id === 'ann' && permitted, changes: () => changes }))
  fake.streams.publish('live/call', [sound])
  const basic = (text: string): { Authorization: string } => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const client = await dial('live/call')
  const asked = await client.ask('DESCRIBE')
  expect([asked.status, headerOf(asked.headers, 'www-authenticate')]).toEqual([401, 'Basic realm="shoal"'])
  expect((await client.ask('DESCRIBE', basic('ann:wrong'))).status).toBe(401)
  expect((await client.ask('DESCRIBE', basic('ann:right'))).status).toBe(200)
  const viewer = await dial('live/call?token=good')
  expect(await viewer.play()).toBe(200)
  permitted = false
  changes.push('another answer')
  await Promise.all([viewer.end(), client.end()])
})

it('shows how packets come, while they do', async () => {
  const { fake, dial } = await start()
  const publisher = await dial('live/call')
  expect(await publisher.publish()).toBe(200)
  for (const sequence of [0, 1, 4, 5, 5]) publisher.sing(sequence)
  const sources = async () => (await fake.request('GET', '/rtsp/sources')) as readonly SourceInfo[]
  await waitFor('the packets', async () => (await sources())[0]?.tracks[0]?.received === 5)
  expect(await sources()).toMatchObject([
    { path: 'live/call', pulled: false, transport: 'tcp', tracks: [{ codec: 'alaw', received: 5, lost: 2, late: 1, reordered: 0, synchronised: false }] },
  ])
  expect(fake.streams.get('live/call')?.sourceStats).toMatchObject({ received: 5, lost: 2, late: 1, reordered: 0, jitter: expect.any(Number) })
  publisher.close()
  await waitFor('the end', async () => (await sources()).length === 0)
})

it('takes Digest where the service can, once for each count', async () => {
  const secret = digestSecret('MD5', 'ann', 'right')
  const { fake, dial } = await start()
  const users: Authentication = {
    authenticate: async ({ user, password }) => (user === undefined ? null : password === 'right' && { kind: 'client', id: user }),
    digest: { algorithms: () => ['MD5'], verify: async (answer) => provesDigest(secret, answer) && { kind: 'client', id: answer.user } },
  }
  stops.push(fake.services.provide('users', 'authentication', users))
  stops.push(fake.services.provide('guard', 'permission', { allows: ({ id }) => id === 'ann' }))
  fake.streams.publish('live/call', [sound])
  const client = await dial('live/call')
  const challengesOf = async (from: typeof client): Promise<readonly string[]> => (await from.ask('DESCRIBE')).headers.get('www-authenticate') ?? []
  const [first = '', basic] = await challengesOf(client)
  expect([first, basic]).toEqual([expect.stringMatching(/^Digest realm="shoal", nonce="[\w-]{48}", algorithm=MD5, qop="auth"$/), 'Basic realm="shoal"'])
  const uri = `rtsp://127.0.0.1:${client.socket.remotePort}/live/call`
  const answers = (challenge: string, password = 'right'): (() => { Authorization: string }) => {
    const chosen = chooseChallenge([challenge])
    if (!chosen) throw new Error('no challenge')
    const authorizer = new Authorizer(chosen, { user: 'ann', password }, 'c')
    return () => ({ Authorization: authorizer.value('DESCRIBE', uri) })
  }
  expect((await client.ask('DESCRIBE', answers(first, 'wrong')())).status).toBe(401)
  const answer = answers(first)
  const once = answer()
  expect((await client.ask('DESCRIBE', once)).status).toBe(200)
  const again = await client.ask('DESCRIBE', once)
  expect([again.status, again.headers.get('www-authenticate')?.[0]]).toEqual([401, expect.stringMatching(/stale=true$/)])
  expect((await client.ask('DESCRIBE', answer())).status).toBe(200)
  expect((await client.ask('DESCRIBE', { Authorization: `Basic ${Buffer.from('ann:right').toString('base64')}` })).status).toBe(200)
  const old = await dial('live/call')
  const [offered = ''] = await challengesOf(old)
  const withoutCount = answers(offered.replace(', qop="auth"', ''))
  expect((await old.ask('DESCRIBE', withoutCount())).status).toBe(200)
  const other = await dial('live/call')
  expect((await other.ask('DESCRIBE', withoutCount())).status).toBe(401)
  expect((await other.ask('DESCRIBE', answers(first.replace(/nonce="../, 'nonce="AA'))())).status).toBe(401)
  expect(JSON.stringify(fake.log.lines)).not.toContain(secret)
  stops.push(fake.services.provide('others', 'authentication', { authenticate: async () => null }))
  expect(await challengesOf(other)).toEqual(['Basic realm="shoal"'])
})

it('a path is asked for as the hub writes it', () => {
  expect(['rtsp://a/live/cam', 'rtsp://a//live%2F%2Fcam/?token=x', 'rtsp://a/live/ca%CC%88m'].map(pathOf)).toEqual(['live/cam', 'live/cam', 'live/c\u00e4m'])
  for (const wrong of ['*', 'rtsp://a/%zz']) expect(() => pathOf(wrong)).toThrow(/address/)
})

it('a stream that is stopped ends its publisher', async () => {
  const { fake, dial } = await start()
  const publisher = await dial('live/call')
  expect(await publisher.publish()).toBe(200)
  fake.streams.get('live/call')?.stop()
  await publisher.end()
})
