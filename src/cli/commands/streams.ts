/** `streams pull pulls push pushes play`: live streams. */

import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer, Client, Input } from '../client.js'
import { action, type CommandRun, collect, limited, listing, maxTimer, seconds } from '../command.js'
import { bitrate, bytes, clean, type Output, span, table } from '../output.js'
import { playAddress } from '../play-address.js'
import { checkPlayer, players, runPlayer } from '../play-program.js'

type PullRow = Answer<'pulls.list'>['pulls'][number]
interface PullOptions {
  readonly detach?: boolean
  readonly onDemand?: boolean
  readonly idle?: string
  readonly standby?: string
  readonly option?: readonly string[]
}

interface PlayOptions {
  readonly output: string
  readonly format: string
  readonly duration?: string
  readonly with?: string
  readonly player?: string
}

type JobRow = Omit<PullRow, 'onDemand'> & { readonly id?: string }

/** Adds them. */
export function registerStreams(program: Command): void {
  registerStreamLists(program)
  registerPull(program)
  registerPulls(program)
  registerPush(program)
  registerPlay(program)
}

function registerStreamLists(program: Command): void {
  const streams = program.command('streams').description('streams here and at the peers')
  listing(streams, async ({ client, out }) => out.result(await client.call('streams.list'), streamsText))
  action(streams.command('info').argument('<path>').description('one stream and its readers'), async ({ client, out }, path) => {
    out.result(await client.call('streams.info', { params: { path } }), infoText)
  })
  const stop = streams.command('stop').argument('<path>').description('stop a stream on this node').option('--reason <text>', 'told to publisher and readers')
  action<{ reason?: string }>(stop, async ({ client, out, options }, path) => {
    const query = options.reason === undefined ? {} : { reason: options.reason }
    out.result(await client.call('streams.stop', { params: { path }, query }), () => `stopped ${path}`)
  })
  action(streams.command('watch').description('what happens to streams, as it happens'), async ({ client, out, signal }) => {
    for await (const event of client.events('events', { query: { types: ['streams'] } }, signal)) {
      out.item(event, (item) =>
        'path' in item
          ? `${item.type.replace('stream.', '')} ${item.path} ${clean(item.reader ?? item.publisher ?? '')}${item.reason ? ` (${clean(item.reason)})` : ''}`
          : item.type,
      )
    }
  })
}

function registerPull(program: Command): void {
  const pull = program.command('pull').argument('<url>').argument('[path]').description('pull a stream by URL into a local path')
  pull.option('-d, --detach', 'leave it to the daemon, also over restarts').option('--on-demand', 'start with the first reader; implies --detach')
  pull.option('--idle <s>', 'seconds without a reader before an on-demand pull stops')
  pull.option('--standby <url>', 'used when the first source fails or ends, and the other way round')
  pull.option('--option <name=value>', 'handed to the plugin; may be given again', collect)
  action<PullOptions>(pull, async ({ client, out, options, signal }, url, path) => {
    const idleDelay = options.idle === undefined ? {} : { idleDelay: seconds('--idle', options.idle) }
    const standby = options.standby === undefined ? {} : { standby: options.standby }
    const all = { ...(options.option && pairs(options.option)), ...standby }
    const given = Object.keys(all).length > 0 ? { options: all } : {}
    const onDemand = options.onDemand ? { onDemand: true } : {}
    const body = { url, ...(path !== undefined && { path }), ...onDemand, ...idleDelay, ...given }
    const { pull: row, isNew } = await createPull(client, body, signal)
    if (options.detach || options.onDemand) out.result({ pull: row }, () => `pulling ${row.url} into ${row.path}`)
    else await followPull({ client, out, signal }, row, isNew)
  })
}

/** Creates a pull; one that is there already belongs to whoever made it. */
async function createPull(client: Client, body: Input<'pulls.create'>['body'], signal: AbortSignal): Promise<{ pull: PullRow; isNew: boolean }> {
  const { pulls } = await client.call('pulls.list', {}, signal)
  const { pull } = await client.call('pulls.create', { body }, signal)
  return { pull, isNew: !pulls.some(({ path }) => path === pull.path) }
}

/** Shows a pull until Ctrl-C, which ends it if it was made by this command. */
async function followPull({ client, out, signal }: Pick<CommandRun, 'client' | 'out' | 'signal'>, row: PullRow, isNew: boolean): Promise<void> {
  out.note(`pulling ${row.url} into ${row.path}; ${isNew ? 'Ctrl-C ends it' : 'it was there before, and goes on after Ctrl-C'}`)
  const progress = out.progress('connecting')
  const show = stateLines(out)
  try {
    for await (const event of client.events('pulls.watch', { params: { path: row.path } }, signal)) {
      if (event.type === 'stats') progress.update(`running, ${event.framesIn} frames, ${bytes(event.bytesIn)}, ${bitrate(event.bitrate)}`)
      if (out.json) out.item(event, () => '')
      else if (event.type === 'state') show(event.pull)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.done()
    if (isNew && (signal.aborted || out.closed)) await client.call('pulls.remove', { params: { path: row.path } }).catch(() => {})
  }
}

/** Notes each state of a pull once: a source that stays away is tried for ever, and says nothing new by that. */
function stateLines(out: Output): (pull: PullRow) => void {
  let told = ''
  return (pull) => {
    if (pull.state === 'connecting' && told !== '') return
    const line = pull.error && pull.state === 'waiting' ? `waiting: ${clean(pull.error.message)} (${pull.error.code}); it is tried again` : pull.state
    if (line !== told) out.note(line)
    told = line
  }
}

function registerPulls(program: Command): void {
  const pulls = program.command('pulls').description('what is pulled')
  listing(pulls, async ({ client, out }) => {
    out.result(await client.call('pulls.list'), ({ pulls: rows }) => jobsText(rows, 'Nothing is pulled.'))
  })
  action(pulls.command('rm').argument('<path>').description('end a pull and its stream'), async ({ client, out }, path) => {
    out.result(await client.call('pulls.remove', { params: { path } }), () => `ended ${path}`)
  })
}

function registerPush(program: Command): void {
  const push = program.command('push').argument('<path>').argument('<url>').description('send a local stream to a URL')
  push.option('--option <name=value>', 'handed to the plugin; may be given again', collect)
  action<{ option?: readonly string[] }>(push, async ({ client, out, options }, path, url) => {
    const body = { path, url, ...(options.option && { options: pairs(options.option) }) }
    out.result(await client.call('pushes.create', { body }), ({ push: row }) => `pushing ${row.path} to ${row.url}, id ${row.id}`)
  })
  const pushes = program.command('pushes').description('what is pushed')
  listing(pushes, async ({ client, out }) => {
    out.result(await client.call('pushes.list'), ({ pushes: rows }) => jobsText(rows, 'Nothing is pushed.'))
  })
  action(pushes.command('rm').argument('<id>').description('end a push'), async ({ client, out }, id) => {
    out.result(await client.call('pushes.remove', { params: { id } }), () => `ended ${id}`)
  })
}

function registerPlay(program: Command): void {
  const play = program.command('play').argument('<url|path>').description('write a stream to a file or to standard output, or open it in a player')
  play
    .option('-o, --output <file>', 'file; - is standard output', '-')
    .option('--format <format>', 'flv', 'flv')
    .option('--duration <s>', 'stop after so many seconds')
    .option('--with <protocol>', 'print the address for a protocol: webrtc, fmp4, hls, flv, ts, rtsp, rtmp, srt')
    .option('--player <player>', `open it in ${players.join(', ')}`)
  action<PlayOptions>(play, async (run, what) => {
    const { client, options, out, signal } = run
    if (options.with !== undefined || options.player !== undefined) return await playElsewhere(run, what)
    if (options.format !== 'flv') throw new ShoalError('ERR_USAGE', `There is no format "${options.format}".`, { hint: 'Formats: flv.' })
    const limit = limited(signal, options.duration === undefined ? maxTimer : seconds('--duration', options.duration))
    const source = await sourceOf(client, what, signal)
    try {
      const count = await copyStream(run, source.path, limit.signal)
      const done = { path: source.path, file: options.output, bytes: count }
      if (out.closed) return
      if (options.output === '-') out.note(`the end of ${source.path}, ${bytes(count)}`)
      else out.result(done, () => `wrote ${bytes(count)} of ${source.path} to ${options.output}`)
    } finally {
      limit.done()
      await source.done()
    }
  })
}

/** Prints the address of a stream and, with a player, opens it; the stream is pulled meanwhile where it was given by URL. */
async function playElsewhere({ client, options, out, signal }: CommandRun<PlayOptions>, what: string): Promise<number> {
  const { player } = options
  if (player !== undefined) checkPlayer(player)
  if (player === undefined && isUrl(what))
    throw new ShoalError('ERR_USAGE', 'An address needs a stream of this node.', { hint: 'Pull it first: shoal pull URL PATH.' })
  const source = await sourceOf(client, what, signal)
  try {
    const { protocol, url } = await playAddress(client, source.path, options.with, player === 'browser')
    out.result({ path: source.path, protocol, url, ...(player !== undefined && { player }) }, () => url)
    return player === undefined ? 0 : await runPlayer(player, url, signal)
  } finally {
    await source.done()
  }
}

/** Copies a stream to its file until it ends, `signal` aborts or nobody reads; gives the number of bytes. */
async function copyStream({ client, options, signal }: CommandRun<PlayOptions>, path: string, limit: AbortSignal): Promise<number> {
  const stream = await client.open(`/${path.split('/').map(encodeURIComponent).join('/')}.flv`, signal)
  let count = 0
  stream.on('data', (chunk: Buffer) => {
    count += chunk.length
  })
  const target = options.output === '-' ? process.stdout : createWriteStream(options.output)
  try {
    await pipeline(stream, target, { signal: limit, end: target !== process.stdout })
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException
    if (syscall === 'open') throw new ShoalError('ERR_USAGE', `The file cannot be written: ${message}.`, { cause: error, hint: 'Choose another --output.' })
    if (!limit.aborted && code !== 'EPIPE') throw new ShoalError('ERR_SOURCE_FAILED', `The stream ${path} broke off: ${message}.`, { cause: error })
  }
  return count
}

function isUrl(what: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(what)
}

/** A path as it is; a URL is pulled for as long as it is played, unless it is pulled anyway. */
async function sourceOf(client: Client, what: string, signal: AbortSignal): Promise<{ path: string; done(): Promise<unknown> }> {
  if (!isUrl(what)) return { path: what.replace(/^\/+|\/+$/g, ''), done: async () => {} }
  const { pull, isNew } = await createPull(client, { url: what, onDemand: true }, signal)
  return { path: pull.path, done: async () => (isNew ? client.call('pulls.remove', { params: { path: pull.path } }).catch(() => {}) : undefined) }
}

/** `name=value` pairs; values that read as JSON numbers or booleans become such. */
function pairs(texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new ShoalError('ERR_USAGE', `--option takes name=value, not "${text}".`)
      const value = text.slice(at + 1)
      return [text.slice(0, at), /^(true|false|-?\d+(\.\d+)?)$/.test(value) ? JSON.parse(value) : value]
    }),
  )
}

function streamsText({ streams }: Answer<'streams.list'>): string {
  return table(
    streams,
    [
      ['PATH', (row) => row.path],
      ['AT', (row) => (row.local ? 'here' : (row.atName ?? row.at.slice(-8)))],
      ['ORIGIN', (row) => row.originName ?? row.origin.slice(-8)],
      ['HOPS', (row) => row.hops],
      ['TRACKS', (row) => row.tracks.map((track) => track.codec).join(' ')],
      ['RATE', (row) => (row.local ? bitrate(row.bitrate) : '')],
      ['READERS', (row) => (row.local ? row.subscribers : '')],
      ['AGE', (row) => span(Date.now() - row.since)],
      ['SOURCE', (row) => (row.contested === undefined ? '' : 'another counts; ') + (row.source ?? (row.local ? row.publisher : ''))],
    ],
    'No streams.',
  )
}

function infoText({ stream, readers, versions }: Answer<'streams.info'>): string {
  const tracks = stream.tracks.map(
    (track) =>
      `  ${track.kind} ${track.codec}${track.width ? ` ${track.width}x${track.height}` : ''}${track.sampleRate ? ` ${track.sampleRate} Hz, ${track.channels} channels` : ''}`,
  )
  const head = [
    `${stream.path}  published by ${stream.publisher}, ${span(Date.now() - stream.since)} old`,
    `origin ${stream.originName ?? stream.origin}, ${stream.hops} hops`,
  ]
  const flow = `${stream.framesIn} frames, ${bytes(stream.bytesIn)}, ${bitrate(stream.bitrate)}, ${stream.framesDropped} frames dropped for late readers`
  const from = stream.sourceStats ? [`source: ${sourceText(stream.sourceStats)}`] : []
  const others = versions.length > 0 ? [`also as ${versions.map(({ path }) => path).join(', ')}`] : []
  const rows = table(
    readers,
    [
      ['READER', (row) => row.reader],
      ['BEHIND', (row) => `${row.behind.toFixed(0)} ms`],
      ['OUT', (row) => bytes(row.bytesOut)],
      ['DROPPED', (row) => row.dropped],
      ['SINCE', (row) => `${span(Date.now() - row.since)}`],
    ],
    'no readers',
  )
  return [...head, ...tracks, flow, ...from, ...others, rows].join('\n')
}

type SourceStats = NonNullable<Answer<'streams.info'>['stream']['sourceStats']>

/** What is known of the packets of a source, in one line. */
function sourceText({ received, lost, late, reordered, retransmitted, jitter, rtt, latency, bandwidth }: SourceStats): string {
  const count = (value: number | undefined, what: string): string[] => (value === undefined ? [] : [`${value} ${what}`])
  const ms = (value: number | undefined, what: string): string[] => (value === undefined ? [] : [`${what} ${value.toFixed(1)} ms`])
  const counts = [...count(received, 'packets'), ...count(lost, 'lost'), ...count(late, 'late'), ...count(reordered, 'reordered')]
  const more = [...count(retransmitted, 'asked for again'), ...ms(jitter, 'jitter'), ...ms(rtt, 'round trip'), ...ms(latency, 'latency')]
  return [...counts, ...more, ...(bandwidth === undefined ? [] : [`bandwidth ${bitrate(bandwidth)}`])].join(', ')
}

function jobsText(rows: readonly JobRow[], empty: string): string {
  return table(
    rows,
    [
      ...(rows.some((row) => row.id !== undefined) ? [['ID', (row: JobRow) => row.id ?? ''] as const] : []),
      ['PATH', (row) => row.path],
      ['URL', (row) => row.url],
      ['STATE', (row) => row.state],
      ['TRIES', (row) => row.tries],
      ['LAST ERROR', (row) => (row.error ? `${row.error.message} (${row.error.code})` : '')],
    ],
    empty,
  )
}
