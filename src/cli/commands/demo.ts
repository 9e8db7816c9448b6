/** `demo`: the five-minute story on one machine, with real parts: two nodes, a ticket, one live stream, pulled by URL. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Daemon } from '../../daemon/daemon.js'
import { ShoalError } from '../../errors.js'
import { type Answer, Client } from '../client.js'
import { action, type CommandRun, limited, maxTimer, seconds } from '../command.js'
import { bitrate, bytes, clean, type Output, span, table } from '../output.js'

const path = 'live/demo'

interface DemoOptions {
  readonly duration?: string
  readonly port?: string
}

/** A node of the demo and its command line. */
interface DemoNode {
  readonly name: string
  readonly daemon: Daemon
  readonly client: Client
}

/** Adds it. */
export function registerDemo(program: Command): void {
  const demo = program.command('demo').description('two nodes on this machine: a live stream on one, pulled by URL on the other')
  demo.option('--duration <s>', 'end by itself after so many seconds').option('--port <port>', 'HTTP port of the second node; 0 = any', '0')
  action<DemoOptions>(demo, runDemo)
}

async function runDemo(run: CommandRun<DemoOptions>): Promise<void> {
  const { out, options, signal } = run
  const limit = limited(signal, options.duration === undefined ? maxTimer : seconds('--duration', options.duration))
  const folder = await mkdtemp(join(tmpdir(), 'shoal-demo-'))
  const nodes: DemoNode[] = []
  try {
    const kitchen = await startNode(folder, 'kitchen', '0', nodes)
    limit.signal.throwIfAborted()
    const attic = await startNode(folder, 'attic', options.port ?? '0', nodes)
    limit.signal.throwIfAborted()
    const code = await pair(kitchen, attic)
    await tellStory(out, kitchen, attic, code)
    await watch(out, nodes, limit.signal)
  } catch (error) {
    if (!limit.signal.aborted) throw error
  } finally {
    limit.done()
    await Promise.all(nodes.map(async ({ daemon, client }) => daemon.stop('the demo ends').finally(() => client.close())))
    await rm(folder, { recursive: true, force: true })
    if (limit.signal.aborted) out.note('The demo has ended; nothing is left behind.')
  }
}

async function startNode(folder: string, name: string, port: string, nodes: DemoNode[]): Promise<DemoNode> {
  const { createDaemon } = await import('../../daemon/daemon.js')
  const home = join(folder, name)
  const flags = {
    'node.name': name,
    'http.port': port,
    'rtmp.port': '0',
    'rtsp.port': '0',
    'webrtc.port': '0',
    'swarm.listen': ['/ip4/127.0.0.1/tcp/0'],
    'swarm.discovery': false,
  }
  const daemon = await createDaemon({ home, env: {}, flags, console: null })
  await daemon.start()
  const node = { name, daemon, client: new Client({ home }) }
  nodes.push(node)
  return node
}

/** The attic joins with a ticket of the kitchen, publishes nothing itself, and pulls the kitchen's stream by URL. */
async function pair(kitchen: DemoNode, attic: DemoNode): Promise<string> {
  const { sampleUrl } = await import('../../plugins/file/index.js')
  const { ticket } = await kitchen.client.call('invites.create', { body: {} })
  let code = ''
  for await (const event of attic.client.events('join', { body: { ticket } })) if (event.type === 'joined') code = event.code
  await kitchen.client.call('pulls.create', { body: { url: sampleUrl, path } })
  await attic.client.call('pulls.create', { body: { url: `shoal://kitchen/${path}` } })
  return code
}

async function tellStory(out: Output, kitchen: DemoNode, attic: DemoNode, code: string): Promise<void> {
  const http = attic.daemon.http
  if (!http) throw new ShoalError('ERR_INTERNAL', 'The second node serves no HTTP.')
  const base = `http://${http.host}:${http.port}`
  const story = {
    kitchen: kitchen.daemon.id,
    attic: attic.daemon.id,
    code,
    pull: `shoal://kitchen/${path}`,
    watch: `${base}/watch/?path=${path}`,
    flv: `${base}/${path}.flv`,
  }
  if (out.json) return out.item({ type: 'demo', ...story }, () => '')
  out.note(`Two nodes run in temporary homes. The attic joined the kitchen with a ticket; both show the code ${code}.`)
  out.note(`The kitchen plays a sample clip as the live stream ${path}; the attic pulls ${story.pull}.`)
  out.note(`\n  watch it   ${story.watch}\n  or         ffplay ${story.flv}\n\nCtrl-C ends the demo.\n`)
}

interface Row {
  readonly node: string
  readonly status: Answer<'status'>
  readonly stream: Answer<'streams.list'>['streams'][number] | undefined
}

/** Shows both nodes every second. */
async function watch(out: Output, nodes: readonly DemoNode[], signal: AbortSignal): Promise<void> {
  const redraw = process.stdout.isTTY === true && !out.json
  for (let lines = 0; ; ) {
    const rows = await Promise.all(nodes.map(readRow))
    if (out.json) out.item({ type: 'nodes', nodes: rows.map(summary) }, () => '')
    else if (!out.quiet) {
      const text = rowsText(rows)
      if (redraw && lines > 0) process.stdout.write(`\x1b[${lines}A\x1b[J`)
      process.stdout.write(`${text}\n`)
      lines = text.split('\n').length
    }
    await sleep(1000, undefined, { signal })
  }
}

async function readRow({ name, client }: DemoNode): Promise<Row> {
  const [status, { streams }] = await Promise.all([client.call('status'), client.call('streams.list', { query: { scope: 'local' } })])
  return { node: name, status, stream: streams.find((stream) => stream.path === path) }
}

function summary({ node, status, stream }: Row): Record<string, unknown> {
  const figures = stream && {
    path: stream.path,
    framesIn: stream.framesIn,
    bytesIn: stream.bytesIn,
    bitrate: stream.bitrate,
    hops: stream.hops,
    subscribers: stream.subscribers,
  }
  return { node, peers: status.peers.connected, rss: status.memory.rss, ...(figures && { stream: figures }) }
}

function rowsText(rows: readonly Row[]): string {
  return table(
    rows,
    [
      ['NODE', (row) => clean(row.node)],
      ['PEERS', (row) => row.status.peers.connected],
      ['STREAM', (row) => row.stream?.path ?? 'none yet'],
      ['FROM', (row) => (row.stream ? (row.stream.hops === 0 ? row.stream.publisher : (row.stream.source ?? '')) : '')],
      ['FRAMES', (row) => row.stream?.framesIn ?? 0],
      ['RATE', (row) => bitrate(row.stream?.bitrate ?? 0)],
      ['READERS', (row) => row.stream?.subscribers ?? 0],
      ['MEMORY', (row) => bytes(row.status.memory.rss)],
      ['UP', (row) => span(row.status.uptime)],
    ],
    '',
  )
}
