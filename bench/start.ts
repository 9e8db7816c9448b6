/**
 * From `shoal start` to ready, what a node uses while nothing happens, and what a command costs, beside node-media-server
 * and Node alone. See README.md.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cpuSeconds, median, rssMegabytes } from './cpu.js'
import { installNms, NmsServer, nmsVersion } from './nms.js'
import { freePort, runNode, startNode } from './process.js'
import { machineText, table, writeSection } from './section.js'
import { ownBuild } from './shoal-node.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    idle: { type: 'string' },
    against: { type: 'string' },
    profile: { type: 'string' },
    discovery: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 2 : 5))
const idleSeconds = Number(values.idle ?? (values.short ? 5 : 20))
/** ms between two looks whether a server is ready. */
const poll = 2
const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]

/** ms after the start in which a server settles; and before it counts as resting: the engine tidies up some 8 s after a start. */
const settle = 2000
const rest = 20_000

/** Parts of the time of rest, of which the middle one counts. */
const slices = 5

/** What is measured; times in ms, memory in MB, `idle` in % of a core. */
type Figure = 'wall' | 'cpu' | 'rss' | 'status' | 'statusCpu' | 'idle'

/** A server that has started. */
interface Server {
  readonly pid: number
  readonly wall: number
  /** Calls it from the command line, where there is one. */
  status?(): Promise<unknown>
  stop(): Promise<void>
}

/** What is started. */
interface Subject {
  readonly name: string
  readonly figures: Map<Figure, number[]>
  start(): Promise<Server>
}

function subject(name: string, start: Subject['start']): Subject {
  return { name, start, figures: new Map() }
}

/** The home is there already: a first start makes an identity, which is no daily matter. */
function shoal(folder: string, name: string): Subject {
  const home = mkdtempSync(join(tmpdir(), 'shoal-bench-start-'))
  const main = join(folder, 'dist', 'cli', 'main.js')
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  return subject(name, async () => {
    const env = {
      SHOAL_HOME: home,
      SHOAL_HTTP__PORT: String(await freePort()),
      SHOAL_RTMP__PORT: String(await freePort()),
      SHOAL_RTSP__PORT: String(await freePort()),
      SHOAL_SWARM__LISTEN: '["/ip4/127.0.0.1/tcp/0"]',
      SHOAL_SWARM__DISCOVERY: String(values.discovery),
      SHOAL_LOG__FORMAT: 'json',
    }
    const began = performance.now()
    const daemon = startNode('server', [...flags, main, 'start'], env)
    while (!daemon.output().includes('"msg":"ready"')) await sleep(poll)
    const wall = performance.now() - began
    return { pid: daemon.pid, wall, status: () => runNode([main, 'status'], env), stop: () => daemon.stop() }
  })
}

const nms = subject(`node-media-server ${nmsVersion}`, async () => {
  const began = performance.now()
  const server = await NmsServer.start(undefined, poll)
  return { pid: server.process.pid, wall: performance.now() - began, stop: () => server.stop() }
})

/** The floor: Node itself, which says so and waits; as a command, Node that ends. */
const bare = subject('Node alone', async () => {
  const began = performance.now()
  const node = startNode('server', ['-e', "console.log('ready'); setInterval(() => {}, 2 ** 30)"])
  while (!node.output().includes('ready')) await sleep(poll)
  return { pid: node.pid, wall: performance.now() - began, status: () => runNode(['-e', '0']), stop: () => node.stop() }
})

function note({ figures }: Subject, key: Figure, value: number): void {
  figures.set(key, [...(figures.get(key) ?? []), value])
}

/** One start and what there is to see of it. */
async function round(one: Subject): Promise<void> {
  const server = await one.start()
  note(one, 'wall', server.wall)
  note(one, 'cpu', cpuSeconds(server.pid) * 1000)
  await sleep(settle)
  if (server.status) {
    const [asked, before] = [performance.now(), cpuSeconds('children')]
    await server.status()
    note(one, 'status', performance.now() - asked)
    note(one, 'statusCpu', (cpuSeconds('children') - before) * 1000)
  }
  await server.stop()
}

/** All at rest side by side: one that rests does not disturb the others. */
async function idle(all: readonly Subject[]): Promise<void> {
  const servers: (readonly [Subject, Server])[] = []
  for (const one of all) servers.push([one, await one.start()])
  await sleep(rest)
  for (let slice = 0; slice < slices; slice++) {
    const before = servers.map(([, { pid }]) => cpuSeconds(pid))
    await sleep((idleSeconds * 1000) / slices)
    for (const [at, [one, { pid }]] of servers.entries()) {
      note(one, 'idle', ((cpuSeconds(pid) - (before[at] ?? 0)) * 100 * slices) / idleSeconds)
      note(one, 'rss', rssMegabytes(pid))
    }
  }
  for (const [, server] of servers) await server.stop()
}

installNms()
const own = shoal(ownBuild, 'shoal')
const other = values.against === undefined ? [] : [shoal(values.against, 'shoal (other build)')]
const subjects = [own, ...other, nms, bare]
// the first start makes the home
for (const one of [own, ...other]) await (await one.start()).stop()
for (let count = 1; count <= rounds; count++) {
  process.stderr.write(`start: round ${count} of ${rounds}\n`)
  for (const one of subjects) await round(one)
}
await idle(subjects)

const cell = ({ figures }: Subject, key: Figure, digits = 0): string => {
  const all = figures.get(key)
  if (!all) return ''
  const floor = median(bare.figures.get(key) ?? [])
  const times = key === 'idle' || floor === 0 ? '' : ` (${(median(all) / floor).toFixed(1)} ×)`
  return `${median(all).toFixed(digits)}${times}`
}
const head = ['', 'to ready, ms', 'CPU to ready, ms', 'RSS at rest, MB', 'CPU at rest, % of a core', '`status`, ms', 'CPU of `status`, ms']
const rows = subjects.map((one) => [
  one.name,
  cell(one, 'wall'),
  cell(one, 'cpu'),
  cell(one, 'rss'),
  cell(one, 'idle', 2),
  cell(one, 'status'),
  cell(one, 'statusCpu'),
])
const text = [
  `${machineText()} ${rounds} starts of each in turn with a home that is there already, discovery ${values.discovery ? 'on' : 'off'}: medians, and how many times Node alone; ` +
    `CPU and memory at rest: the middle of ${slices} parts of ${idleSeconds} s, ${rest / 1000} s after the start. node-media-server is ready when its ports take connections; ` +
    '`status` of Node alone is `node -e 0`.',
  table(head, [...rows, ['target', '400', '', '80', '0.50', '150', '']]),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('start', 'Start and rest', text)
