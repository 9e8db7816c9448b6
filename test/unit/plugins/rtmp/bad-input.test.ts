import { afterEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../../src/errors.js'
import { encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { uint32, userControl } from '../../../../src/media/rtmp/message.js'
import { chunk0, control, u24, zeros } from '../../media/rtmp/chunks.js'
import { type FakeHost, startRtmp } from './fake.js'
import { aacHeader, avcFrame, avcHeader } from './media.js'
import { RawClient } from './raw-client.js'
import { until } from './until.js'

/** How far the client has come when it does the bad thing. */
const stages = {
  tcp: (port: number) => RawClient.dial(port),
  shaken: (port: number) => RawClient.open(port),
  connected: (port: number) => RawClient.connected(port),
  ready: (port: number) => RawClient.ready(port),
  publishing: (port: number) => RawClient.publishing(port, 'cam'),
}

/** `ignored`: the session goes on; `gone`: it ends without a fault; a status: the client is told, then closed; a code: closed, and the log says so. */
type Outcome =
  | 'ignored'
  | 'gone'
  | 'NetStream.Publish.BadName'
  | 'NetStream.Publish.Failed'
  | 'NetStream.Play.Failed'
  | 'NetStream.Play.StreamNotFound'
  | ErrorCode

type Case = [name: string, stage: keyof typeof stages, send: (client: RawClient) => void, outcome: Outcome]

const text = (value: string): number[] => [...Buffer.from(value)]
const each = <T>(items: readonly T[], send: (item: T, index: number) => void): void => {
  for (const [index, item] of items.entries()) send(item, index)
}
const finish = (client: RawClient): void => void client.socket.end()
const tagIn = (type: number, length: number): number[] => [type, ...u24(length), 0, 0, 0, 0, 0, 0, 0]

const handshakes: Case[] = [
  ['an HTTP request', 'tcp', (client) => client.raw(text('GET /live/cam HTTP/1.1\r\nHost: a\r\n\r\n')), 'ERR_PROTOCOL'],
  ['a TLS hello', 'tcp', (client) => client.raw([0x16, 3, 1, 2, 0, 1]), 'ERR_PROTOCOL'],
  ['encrypted RTMP', 'tcp', (client) => client.raw([6, ...zeros(1536)]), 'ERR_PROTOCOL'],
  ['a zero byte', 'tcp', (client) => client.raw([0]), 'ERR_PROTOCOL'],
  ['4 KiB of 0xff', 'tcp', (client) => client.raw(zeros(4096, 0xff)), 'ERR_PROTOCOL'],
  ['an SSH banner', 'tcp', (client) => client.raw(text('SSH-2.0-OpenSSH_9.2\r\n')), 'ERR_PROTOCOL'],
  ['nothing at all', 'tcp', finish, 'gone'],
  [
    'half a handshake',
    'tcp',
    (client) => {
      client.raw([3, ...zeros(700)])
      finish(client)
    },
    'gone',
  ],
  [
    'a handshake without C2',
    'tcp',
    (client) => {
      client.raw([3, ...zeros(1536)])
      finish(client)
    },
    'gone',
  ],
  ['garbage right behind the handshake', 'tcp', (client) => client.raw([3, ...zeros(3072), ...zeros(100, 0xff)]), 'ERR_PROTOCOL'],
  ['a reset', 'shaken', (client) => client.socket.resetAndDestroy(), 'gone'],
]

const chunks: Case[] = [
  ['type 3 before any header', 'shaken', (client) => client.raw([0xc3, 1, 2]), 'ERR_PROTOCOL'],
  ['type 2 before any header', 'shaken', (client) => client.raw([0x83, 0, 0, 1]), 'ERR_PROTOCOL'],
  ['type 3 on chunk stream 65599', 'connected', (client) => client.raw([0xc1, 0xff, 0xff, 1]), 'ERR_PROTOCOL'],
  ['an unknown message on chunk stream 65599', 'connected', (client) => client.raw([1, 0xff, 0xff, ...chunk0(0, 0, 99, 0, [1]).slice(1)]), 'ignored'],
  [
    '200 chunk streams',
    'connected',
    (client) => client.raw(Array.from({ length: 200 }, (_, i) => [0, i, ...chunk0(0, 0, 99, 0, [1]).slice(1)]).flat()),
    'ERR_PROTOCOL',
  ],
  ['a command of 65,537 bytes', 'connected', (client) => client.raw(chunk0(3, 0, 20, 0, [], 65_537)), 'ERR_PROTOCOL'],
  ['a video message of 16 MiB', 'connected', (client) => client.raw(chunk0(4, 0, 9, 1, [], 0xff_ffff)), 'ERR_PROTOCOL'],
  ['an unknown message of 16 MiB', 'connected', (client) => client.raw(chunk0(4, 0, 200, 1, [], 0xff_ffff)), 'ERR_PROTOCOL'],
  ['a header in the middle of a message', 'connected', (client) => client.raw([...chunk0(4, 0, 9, 1, zeros(128), 300), 4, ...zeros(11)]), 'ERR_PROTOCOL'],
  ['Set Chunk Size 0', 'connected', (client) => client.raw(control(1, 0)), 'ERR_PROTOCOL'],
  ['Set Chunk Size 0xffffffff', 'connected', (client) => client.raw(control(1, 0xffff_ffff)), 'ERR_PROTOCOL'],
  ['Set Chunk Size of 1 byte', 'connected', (client) => client.raw(chunk0(2, 0, 1, 0, [1])), 'ERR_PROTOCOL'],
  [
    'Set Chunk Size 1',
    'connected',
    (client) => client.raw([...control(1, 1), ...chunk0(3, 0, 99, 0, [1], 2), 0xc3, 1, ...control(1, 128).slice(0, 13), 0xc2, 0, 0xc2, 0, 0xc2, 128]),
    'ignored',
  ],
  ['Abort of 3 bytes', 'connected', (client) => client.raw(chunk0(2, 0, 2, 0, [0, 0, 1])), 'ERR_PROTOCOL'],
  ['Abort of a chunk stream never seen', 'connected', (client) => client.raw(control(2, 12_345)), 'ignored'],
  ['an acknowledgement of 1 byte', 'connected', (client) => client.raw(chunk0(2, 0, 3, 0, [1])), 'ignored'],
  ['an acknowledgement of more than was sent', 'connected', (client) => client.raw(control(3, 0xffff_ffff)), 'ignored'],
  ['a window of 0', 'connected', (client) => client.raw(control(5, 0)), 'ignored'],
  ['a window of 2 bytes', 'connected', (client) => client.raw(chunk0(2, 0, 5, 0, [0, 1])), 'ERR_PROTOCOL'],
  ['a bandwidth of 0', 'connected', (client) => client.raw(control(6, 0)), 'ignored'],
  ['an empty bandwidth', 'connected', (client) => client.raw(chunk0(2, 0, 6, 0, [])), 'ERR_PROTOCOL'],
  ['user control of 1 byte', 'connected', (client) => client.raw(chunk0(2, 0, 4, 0, [0])), 'ERR_PROTOCOL'],
  ['user control of an unknown type', 'connected', (client) => client.raw(chunk0(2, 0, 4, 0, [0xff, 0xff, 0, 0, 0, 0])), 'ignored'],
  ['10,000 pings', 'connected', (client) => client.raw(Array.from({ length: 10_000 }, () => chunk0(2, 0, 4, 0, [0, 6, 0, 0, 0, 0])).flat()), 'ignored'],
  ['messages of unknown types', 'connected', (client) => client.raw([0, 7, 19, 16, 21, 127, 255].flatMap((type) => chunk0(3, 0, type, 0, [1]))), 'ignored'],
  [
    'a large message that never ends',
    'connected',
    (client) => {
      client.raw(chunk0(4, 0, 9, 1, zeros(128), 8_000_000))
      finish(client)
    },
    'gone',
  ],
  ['an aggregate cut short', 'publishing', (client) => client.body(1, 22, tagIn(8, 500)), 'ERR_PROTOCOL'],
  ['an aggregate in an aggregate', 'publishing', (client) => client.body(1, 22, tagIn(22, 0)), 'ERR_PROTOCOL'],
  ['a command in an aggregate', 'publishing', (client) => client.body(1, 22, tagIn(20, 0)), 'ERR_PROTOCOL'],
]

const nested = (depth: number): { [key: string]: never } => (depth === 0 ? {} : ({ a: nested(depth - 1) } as never))

const commands: Case[] = [
  ['createStream before connect', 'shaken', (client) => client.command(0, 'createStream', 1, null), 'ERR_PROTOCOL'],
  ['publish before connect', 'shaken', (client) => client.command(1, 'publish', 1, null, 'x'), 'ERR_PROTOCOL'],
  ['media before connect', 'shaken', (client) => client.body(1, 9, avcFrame(true, 9)), 'ignored'],
  ['an empty command', 'connected', (client) => client.body(0, 20, []), 'ERR_PROTOCOL'],
  ['a number for a name', 'connected', (client) => client.body(0, 20, encodeAmf0(7, 1, null)), 'ERR_PROTOCOL'],
  ['text for a transaction', 'connected', (client) => client.body(0, 20, encodeAmf0('createStream', 'x')), 'ERR_PROTOCOL'],
  ['AMF cut short', 'connected', (client) => client.body(0, 20, [2, 0, 200, 1]), 'ERR_MEDIA_INVALID'],
  ['AMF with an unknown marker', 'connected', (client) => client.body(0, 20, [...encodeAmf0('play', 1), 0x77]), 'ERR_MEDIA_INVALID'],
  ['AMF3 inside a command', 'connected', (client) => client.body(0, 17, [0, ...encodeAmf0('play', 1), 0x11, 1]), 'ERR_MEDIA_INVALID'],
  ['AMF nested too deep', 'connected', (client) => client.body(0, 20, encodeAmf0('x', 1, nested(12))), 'ERR_MEDIA_INVALID'],
  ['an array of 4 billion', 'connected', (client) => client.body(0, 20, [...encodeAmf0('x', 1), 0x0a, ...uint32(0xffff_ffff)]), 'ERR_MEDIA_INVALID'],
  ['a text of 20,000 bytes', 'connected', (client) => client.body(0, 20, encodeAmf0('x', 1, 'y'.repeat(20_000))), 'ERR_MEDIA_INVALID'],
  ['connect without an object', 'shaken', (client) => client.command(0, 'connect', 1, null), 'ignored'],
  ['connect with a number for an app', 'shaken', (client) => client.command(0, 'connect', 1, { app: 5, tcUrl: null }), 'ignored'],
  ['connect twice', 'connected', (client) => client.command(0, 'connect', 2, { app: 'live' }), 'ERR_PROTOCOL'],
  [
    'unknown commands',
    'connected',
    (client) => each(['_checkbw', '__proto__', 'constructor', '', 'play2', 'seek'], (name) => client.command(0, name, 9, null, 1)),
    'ignored',
  ],
  [
    'replies nobody asked for',
    'connected',
    (client) => each(['_result', '_error', 'onStatus', 'onBWDone'], (name) => client.command(0, name, 1, null, { level: 'error', code: 'x' })),
    'ignored',
  ],
  [
    'a transaction that is not finite',
    'connected',
    (client) => each([Number.NaN, -1, Number.POSITIVE_INFINITY], (id) => client.command(0, 'createStream', id, null)),
    'ignored',
  ],
  ['nine message streams', 'connected', (client) => each(zeros(9), (_, id) => client.command(0, 'createStream', id + 2, null)), 'ERR_PROTOCOL'],
  ['publish on message stream 0', 'ready', (client) => client.command(0, 'publish', 3, null, 'x'), 'ERR_PROTOCOL'],
  ['publish on a message stream never created', 'ready', (client) => client.command(99, 'publish', 3, null, 'x'), 'ERR_PROTOCOL'],
  ['play on message stream 4294967295', 'ready', (client) => client.command(0xffff_ffff, 'play', 3, null, 'x'), 'ERR_PROTOCOL'],
  ['publish without a name', 'ready', (client) => client.command(1, 'publish', 3, null), 'NetStream.Publish.BadName'],
  ['publish of a number', 'ready', (client) => client.command(1, 'publish', 3, null, 42), 'NetStream.Publish.BadName'],
  ['publish of an object', 'ready', (client) => client.command(1, 'publish', 3, null, { name: 'x' }), 'NetStream.Publish.BadName'],
  ['publish of a query string alone', 'ready', (client) => client.command(1, 'publish', 3, null, '?token=a'), 'NetStream.Publish.BadName'],
  ['publish of a path that the hub refuses', 'ready', (client) => client.command(1, 'publish', 3, null, '../../etc'), 'NetStream.Publish.BadName'],
  ['publish twice', 'publishing', (client) => client.command(1, 'publish', 4, null, 'other'), 'NetStream.Publish.BadName'],
  ['play on a message stream that publishes', 'publishing', (client) => client.command(1, 'play', 4, null, 'cam'), 'NetStream.Play.Failed'],
  ['play of an unknown stream', 'ready', (client) => client.command(1, 'play', 3, null, 'nowhere'), 'NetStream.Play.StreamNotFound'],
  ['play without a name', 'ready', (client) => client.command(1, 'play', 3, null), 'NetStream.Play.Failed'],
  ['pause without play', 'ready', (client) => client.command(1, 'pause', 0, null, true, 0), 'ignored'],
  ['pause of what is published', 'publishing', (client) => client.command(1, 'pause', 0, null, 'yes'), 'ignored'],
  ['deleteStream of one never created', 'ready', (client) => client.command(0, 'deleteStream', 0, null, 77), 'ignored'],
  ['deleteStream with text', 'ready', (client) => client.command(0, 'deleteStream', 0, null, 'one'), 'ignored'],
  ['closeStream of one that is idle', 'ready', (client) => client.command(1, 'closeStream', 0, null), 'ignored'],
  ['FCPublish without arguments', 'ready', (client) => client.body(0, 20, encodeAmf0('FCPublish')), 'ignored'],
]

const media: Case[] = [
  ['empty video and audio', 'publishing', (client) => each([8, 9], (type) => client.body(1, type, [])), 'ignored'],
  ['media on another message stream', 'publishing', (client) => client.body(5, 9, [0x22, 1]), 'ignored'],
  ['media when nothing is published', 'ready', (client) => client.body(1, 9, [0x22, 1]), 'ignored'],
  ['metadata that is not AMF', 'publishing', (client) => client.body(1, 18, zeros(50, 0xee)), 'ignored'],
  [
    'metadata of the wrong types',
    'publishing',
    (client) => client.body(1, 18, encodeAmf0('@setDataFrame', 'onMetaData', { audiocodecid: 'x', videocodecid: {}, width: null })),
    'ignored',
  ],
  ['empty AMF3 data', 'publishing', (client) => client.body(1, 15, []), 'ignored'],
  ['Speex', 'publishing', (client) => client.body(1, 8, [0xb2, 1, 2, 3]), 'NetStream.Publish.Failed'],
  ['VP6', 'publishing', (client) => client.body(1, 9, [0x14, 1, 2, 3]), 'NetStream.Publish.Failed'],
  ['an avcC cut short', 'publishing', (client) => client.body(1, 9, avcHeader.subarray(0, 14)), 'NetStream.Publish.Failed'],
  ['an empty avcC', 'publishing', (client) => client.body(1, 9, [0x17, 0, 0, 0, 0]), 'NetStream.Publish.Failed'],
  ['an AAC configuration of no known rate', 'publishing', (client) => client.body(1, 8, [0xaf, 0, 0xff, 0xff]), 'NetStream.Publish.Failed'],
  [
    'a NAL unit longer than its frame',
    'publishing',
    (client) => {
      client.body(1, 9, avcHeader)
      client.body(1, 9, [0x17, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1])
    },
    'NetStream.Publish.Failed',
  ],
  ['a FourCC of no codec', 'publishing', (client) => client.body(1, 9, [0x90, ...text('nope'), 1, 2]), 'NetStream.Publish.Failed'],
  ['Enhanced RTMP multitrack', 'publishing', (client) => client.body(1, 9, [0x96, 0, ...text('hvc1'), 0, 1]), 'NetStream.Publish.Failed'],
  ['Enhanced RTMP cut short', 'publishing', (client) => client.body(1, 9, [0x90, 0x68]), 'NetStream.Publish.Failed'],
  ['times that jump about', 'publishing', (client) => each([5, 0xffff_ffff, 0, 0x8000_0000, 7], (time) => client.body(1, 8, aacHeader, time)), 'ignored'],
]

const hosts: FakeHost[] = []
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop()
})

async function run([, stage, send, outcome]: Case): Promise<void> {
  const host = await startRtmp()
  hosts.push(host)
  const client = await stages[stage](host.port)
  send(client)
  if (outcome === 'ignored') await goesOn(client)
  else
    await ends(client, outcome, host)
    // Whatever it was: the server serves the next one.
  ;(await RawClient.connected(host.port)).close()
  await until('no sessions', () => client.closed && host.info().sessions === 0)
}

async function goesOn(client: RawClient): Promise<void> {
  client.body(0, 4, userControl(6, 0x1234_5678))
  await until('the pong', () => client.messages.some(({ type, body }) => type === 4 && Buffer.from(body).readUInt32BE(2) === 0x1234_5678))
  expect(client.closed).toBe(false)
  client.close()
}

async function ends(client: RawClient, outcome: Outcome, host: FakeHost): Promise<void> {
  if (outcome.startsWith('NetStream')) await client.status(outcome)
  await client.end()
  await until('the end of the session', () => host.info().sessions === 0)
  const codes = host.log.lines.filter(({ msg }) => msg === 'session ended').map(({ fields }) => fields['code'])
  if (outcome.startsWith('ERR')) expect(codes).toEqual([outcome])
  if (outcome === 'gone') expect(codes).toEqual([])
}

describe('bad input', () => {
  it.each(handshakes)('handshake: %s', (...row) => run(row))
  it.each(chunks)('chunks: %s', (...row) => run(row))
  it.each(commands)('commands: %s', (...row) => run(row))
  it.each(media)('media: %s', (...row) => run(row))
})
