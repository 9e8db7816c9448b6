/** The commands of `shoal plugins test`. */

import { setTimeout as sleep } from 'node:timers/promises'
import { ShoalError } from '../../errors.js'
import { seconds } from '../command.js'
import type { Bench } from './bench/bench.js'
import { publish, tryPull, tryPush } from './bench/jobs.js'
import type { BenchEvent } from './bench-event.js'
import { type BenchLine, wordsAfter } from './bench-line.js'
import type { Transcript } from './transcript.js'

/** What a command works with. */
export interface BenchRun extends BenchLine {
  readonly bench: Bench
  readonly signal: AbortSignal
  readonly show: (event: BenchEvent) => void
  readonly transcript: Transcript
  /** Streams that `publish` opened, by path. */
  readonly published: Map<string, BenchStream>
}

/** A stream that the bench publishes. */
export interface BenchStream {
  readonly over: AbortController
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
}

/** A command. */
export interface BenchCommand {
  readonly name: string
  /** Its words: those in brackets may be left out. */
  readonly usage: string
  readonly about: string
  /** Words it needs. */
  readonly needs: number
  run(run: BenchRun): void | Promise<void>
}

const done = (show: BenchRun['show'], text: string): void => show({ type: 'done', text })

/** All of them, in the order of the help. */
export const benchCommands: readonly BenchCommand[] = [
  {
    name: 'info',
    usage: '',
    about: 'what the plugin is and has registered',
    needs: 0,
    run: ({ bench, show }) => show({ type: 'plugin', ...bench.describe() }),
  },
  { name: 'payload', usage: 'KIND [TEXT] [--peer ID]', about: 'hand it a payload and print the reply', needs: 1, run: payload },
  { name: 'route', usage: 'METHOD PATH [JSON]', about: 'call a route', needs: 2, run: route },
  { name: 'pull', usage: 'URL [PATH] [--seconds 5]', about: 'let it pull a URL and count the frames', needs: 1, run: pull },
  { name: 'push', usage: 'URL [FILE.flv] [--seconds 5]', about: 'let it push a stream to a URL', needs: 1, run: push },
  { name: 'source', usage: 'SYMBOL [JSON] [--seconds 5]', about: 'eKuiper: start a source and print its rows', needs: 1, run: source },
  { name: 'sink', usage: 'SYMBOL[?KEY=VALUE] ROW [--seconds 5]', about: 'eKuiper: give a row, as JSON, to a sink', needs: 2, run: sink },
  { name: 'call', usage: 'FUNCTION [ARGS]', about: 'eKuiper: call a function with a JSON list of arguments', needs: 1, run: call },
  { name: 'publish', usage: 'PATH [FILE.flv]', about: 'publish a stream for it to read, until unpublish', needs: 1, run: open },
  { name: 'unpublish', usage: 'PATH', about: 'end such a stream', needs: 1, run: close },
  { name: 'events', usage: 'peers|streams [--peer ID]', about: 'let one event of each type happen', needs: 1, run: events },
  { name: 'forget', usage: 'PEER', about: 'forget a peer', needs: 1, run: forget },
  { name: 'config', usage: '[JSON]', about: 'start it again with another configuration', needs: 0, run: config },
  { name: 'stop', usage: '', about: 'stop it, and say what it left behind', needs: 0, run: stop },
  { name: 'start', usage: '', about: 'start it, as its files are now', needs: 0, run: start },
  { name: 'restart', usage: '', about: 'both', needs: 0, run: restart },
  { name: 'kill', usage: '', about: 'kill its process and wait until it is there again', needs: 0, run: kill },
  { name: 'expect', usage: 'TEXT [--seconds 5]', about: 'wait until TEXT was printed; a failure if it was not', needs: 1, run: expectText },
]

async function payload({ bench, words, rest, options, show }: BenchRun): Promise<void> {
  const [kind = ''] = words
  const reply = await bench.payload(options['peer'] ?? 'ada', kind, Buffer.from(wordsAfter(rest, 1)))
  if (reply) show({ type: 'reply', ...readable(reply) })
  else done(show, 'handled, no reply')
}

function readable(bytes: Uint8Array): { body: string; encoding: 'utf8' | 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf8' }
  } catch {
    return { body: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
  }
}

async function route({ bench, words, rest, show }: BenchRun): Promise<void> {
  const [method = '', path = ''] = words
  const body = wordsAfter(rest, 2)
  show({ type: 'answer', value: await bench.request(method, path, body === '' ? undefined : json(body)) })
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ShoalError('ERR_USAGE', `This is no JSON: ${text}`, { cause })
  }
}

async function pull({ bench, words, options, signal, show }: BenchRun): Promise<void> {
  const [url = '', path] = words
  await tryPull(bench, url, { ...(path !== undefined && { path }), time: timeOf(options), signal, heard: show })
  done(show, `pull of ${url} is over`)
}

async function push({ bench, words, options, signal, show }: BenchRun): Promise<void> {
  const [url = '', file] = words
  await tryPush(bench, url, { ...(file !== undefined && { file }), time: timeOf(options), signal })
  done(show, `push to ${url} is over`)
}

/** The URL of a symbol, which may have a query; more configuration, JSON, goes into that. */
function symbolUrl(bench: Bench, symbol: string, config: string): string {
  const given: unknown = config === '' ? {} : json(config)
  if (typeof given !== 'object' || given === null) throw new ShoalError('ERR_USAGE', `A configuration is a JSON object, not ${config}.`)
  const query = Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)])
  return `ekuiper://${bench.describe().name}/${symbol}${symbol.includes('?') ? '&' : '?'}${new URLSearchParams(query)}`
}

async function source({ bench, words, rest, options, signal, show }: BenchRun): Promise<void> {
  const [symbol = ''] = words
  const url = symbolUrl(bench, symbol, wordsAfter(rest, 1))
  await tryPull(bench, url, { path: `bench/${symbol.replace(/\?.*/, '')}`, rows: true, time: timeOf(options), signal, heard: show })
  done(show, `the source ${symbol} is over`)
}

async function sink({ bench, words, rest, options, signal, show }: BenchRun): Promise<void> {
  const [symbol = ''] = words
  const row = JSON.stringify(json(wordsAfter(rest, 1)))
  await tryPush(bench, symbolUrl(bench, symbol, ''), { row, time: timeOf(options), signal })
  done(show, `the sink ${symbol} had the row`)
}

async function call({ bench, words, rest, show }: BenchRun): Promise<void> {
  const [symbol = ''] = words
  const given = wordsAfter(rest, 1)
  const reply = await bench.payload('ada', `${bench.describe().name}.${symbol}`, Buffer.from(given === '' ? '[]' : given))
  show({ type: 'reply', ...readable(reply ?? new Uint8Array()) })
}

function timeOf(options: BenchLine['options']): number {
  return seconds('--seconds', options['seconds'] ?? '5')
}

async function open({ bench, words, show, published }: BenchRun): Promise<void> {
  const [path = '', file] = words
  if (published.has(path)) throw new ShoalError('ERR_STREAM_TAKEN', `${path} is published already.`)
  const over = new AbortController()
  const { context, over: stopped } = bench
  const end = (): void => over.abort()
  stopped.addEventListener('abort', end, { once: true })
  let begun = false
  const source = publish(context.streams, path, file, over.signal).finally(() => {
    stopped.removeEventListener('abort', end)
    published.delete(path)
  })
  const ended = source.catch((error: unknown) => {
    if (begun && !over.signal.aborted) show({ type: 'error', ...plain(error) })
  })
  published.set(path, { over, ended })
  // a file that cannot be read is the failure of this command
  while (published.has(path) && !context.streams.get(path)) await Promise.race([source, sleep(10)])
  begun = true
  done(show, `${path} is published`)
}

function plain(error: unknown): { code: string; message: string } {
  const { code, message } = ShoalError.from(error)
  return { code, message }
}

async function close({ words, published, show }: BenchRun): Promise<void> {
  const [path = ''] = words
  const found = published.get(path)
  if (!found) throw new ShoalError('ERR_STREAM_NOT_FOUND', `${path} is not published here.`)
  found.over.abort()
  await found.ended
  done(show, `${path} is over`)
}

function events({ bench, words, options, show }: BenchRun): void {
  const [topic = ''] = words
  done(show, `${bench.emit(topic, options['peer'] ?? words[1] ?? 'ada')} events`)
}

async function forget({ bench, words, show }: BenchRun): Promise<void> {
  await bench.forget(words[0] ?? '')
  done(show, `${words[0]} is forgotten`)
}

async function config({ bench, rest, show, signal }: BenchRun): Promise<void> {
  show({ type: 'plugin', ...(await bench.configure(rest === '' ? undefined : json(rest), signal)) })
}

async function stop({ bench, show }: BenchRun): Promise<void> {
  const began = performance.now()
  const left = await bench.stop()
  const rows = Object.entries(left).filter(([, what]) => (Array.isArray(what) ? what.length > 0 : what !== 0))
  if (rows.length > 0) throw new ShoalError('ERR_PLUGIN_FAILED', `It left behind: ${rows.map(([name, what]) => `${name} ${what}`).join(', ')}.`)
  done(show, `stopped in ${Math.round(performance.now() - began)} ms; nothing was left behind`)
}

async function start({ bench, show, signal }: BenchRun): Promise<void> {
  show({ type: 'plugin', ...(await bench.start(signal)) })
}

async function restart(run: BenchRun): Promise<void> {
  await stop(run)
  await start(run)
}

async function kill({ bench, show, signal }: BenchRun): Promise<void> {
  const { killed, pid, reason } = await bench.kill(signal)
  done(show, `process ${killed} ended (${reason.replace(/\.$/, '')}); process ${pid} runs`)
}

async function expectText({ rest, options, transcript, signal }: BenchRun): Promise<void> {
  await transcript.wait(rest, timeOf(options), signal)
}
