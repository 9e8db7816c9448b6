/** What a process of its own costs a plugin: measured against the bare socket and the bare pipe in the same run, and printed. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describePortable, portablePlugin } from '../../src/daemon/portable/native/portable-plugin.js'
import type { PortableProgram } from '../../src/daemon/portable/native/session.js'
import type { Frame, Publication, Track } from '../../src/stream.js'
import { fakeContext, fakeNodeId } from '../../src/testing/fake-context.js'
import { fakePullJob } from '../../src/testing/fake-job.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../go-programs.js'
import { describeWith } from '../needs.js'

const root = join(import.meta.dirname, '../..')
const fixtures = join(root, 'test/fixtures/portable')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }
const size = 64 * 1024
const rounds = 200

/** Programs of one language. */
interface Language {
  readonly name: string
  readonly echo: readonly string[]
  readonly spout: readonly string[]
  readonly greet: PortableProgram
  readonly kind: string
  readonly puller: PortableProgram
  readonly url: (frames: number) => { readonly url: string; readonly options?: Record<string, unknown> }
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

type Trip = () => Promise<unknown>

/** Medians of the two, in turns: the machine may be busy with other things. The best turn of each counts. */
async function compare(bare: Trip, whole: Trip): Promise<{ bare: number; whole: number }> {
  const best = { bare: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY }
  for (let turn = 0; turn < 30; turn++) {
    best.bare = Math.min(best.bare, await timed(bare))
    best.whole = Math.min(best.whole, await timed(whole))
  }
  return best
}

async function timed(trip: Trip): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const began = performance.now()
    await trip()
    times.push(performance.now() - began)
  }
  return median(times)
}

function run([command = '', ...args]: readonly string[], last: string) {
  return spawn(command, [...args, last], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** A program at the other end of a unix socket that sends back what it gets. */
async function openEcho(echo: Language['echo']): Promise<{ trip: Trip; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-echo-'))
  const path = join(folder, 'echo.sock')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const child = run(echo, path)
  const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve))
  const body = Buffer.alloc(100, 1)
  const trip = (): Promise<void> =>
    new Promise((resolve) => {
      socket.once('data', () => resolve())
      socket.write(body)
    })
  const close = (): void => {
    socket.destroy()
    server.close()
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
  return { trip, close }
}

async function roundTrips({ greet, kind, echo }: Language): Promise<{ bare: number; whole: number }> {
  const plugin = portablePlugin({ program: greet, description: await describePortable(greet, { log: memoryLog() }) })
  const fake = await fakeContext(plugin).start()
  const { trip, close } = await openEcho(echo)
  const body = Buffer.alloc(100, 97)
  try {
    return await compare(trip, async () => plugin.handlePayload?.(fakeNodeId, kind, body))
  } finally {
    close()
    await fake.stop()
  }
}

/** MB/s. */
async function barePipe(spout: Language['spout'], blocks: number): Promise<number> {
  const child = run(spout, String(blocks))
  let bytes = 0
  let began = 0
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      began ||= performance.now()
      bytes += chunk.length
    })
    child.stdout.once('end', resolve)
  })
  expect(bytes).toBe(blocks * size)
  return bytes / 1000 / (performance.now() - began)
}

/** A publication that only counts. */
class Counter implements Publication {
  readonly path = 'speed'
  readonly tracks: readonly Track[] = []
  readonly signal = new AbortController().signal
  readonly subscribers = 0
  bytes = 0
  began = 0
  write(frame: Frame): void {
    this.began ||= performance.now()
    this.bytes += frame.data.byteLength
  }
  update(): void {}
  close(): void {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

async function puller({ puller: program, url }: Language, frames: number): Promise<number> {
  const plugin = portablePlugin({ program, description: await describePortable(program, { log: memoryLog() }) })
  const fake = await fakeContext(plugin).start()
  const [factory] = fake.pullers
  const counter = new Counter()
  const { url: from, options = {} } = url(frames)
  const job = fakePullJob(from, { options })
  await factory?.pull({ ...job, publish: () => counter })
  const rate = counter.bytes / 1000 / (performance.now() - counter.began)
  expect(counter.bytes).toBe(frames * size)
  await job.end()
  await fake.stop()
  return rate
}

const javascript: Language = {
  name: 'JavaScript',
  echo: [process.execPath, join(fixtures, 'echo.mjs')],
  spout: [process.execPath, join(fixtures, 'spout.mjs')],
  greet: { name: 'fixture', command: process.execPath, args: ['hello.mjs'], folder: fixtures },
  kind: 'node-hello.greet',
  puller: { name: 'fixture', command: process.execPath, args: ['hello.mjs'], folder: fixtures },
  url: (frames) => ({ url: 'nodetest://x/speed', options: { frames, size } }),
}

const python: Language = {
  name: 'Python',
  echo: ['python3', join(fixtures, 'echo.py')],
  spout: ['python3', join(fixtures, 'spout.py')],
  greet: { name: 'fixture', command: 'python3', args: ['greet.py'], folder: fixtures, env },
  kind: 'py-greet.greet',
  puller: { name: 'puller', command: 'python3', args: ['puller.py'], folder: join(root, 'sdk/python/examples'), env },
  url: (frames) => ({ url: `pytest://x/speed?rate=0&size=${size}&frames=${frames}` }),
}

function goIn(folder: string): Language {
  return {
    name: 'Go',
    echo: [join(folder, 'echo')],
    spout: [join(folder, 'spout')],
    greet: { name: 'greet', command: './greet', folder },
    kind: 'go-greet.greet',
    puller: { name: 'puller', command: './puller', folder },
    url: (frames) => ({ url: `gotest://x/speed?rate=0&size=${size}&frames=${frames}` }),
  }
}

function speedTests(name: string, languageOf: () => Language): void {
  it(`answers payloads in ${name}`, async () => {
    const language = languageOf()
    const { bare, whole } = await roundTrips(language)
    console.log(`payload round trip, ${language.name}: p50 ${whole.toFixed(3)} ms; bare unix socket ${bare.toFixed(3)} ms; ${(whole / bare).toFixed(1)} times`)
    expect(whole).toBeLessThan(bare * 9)
  })

  it(`carries frames from ${name}`, async () => {
    const language = languageOf()
    const blocks = 8000
    const [bare, whole] = [await barePipe(language.spout, blocks), await puller(language, blocks)]
    console.log(`64 KiB frames, ${language.name}: ${whole.toFixed(0)} MB/s; bare pipe ${bare.toFixed(0)} MB/s; ${((whole / bare) * 100).toFixed(0)} %`)
    expect(whole).toBeGreaterThan(bare / 10)
  })
}

describe('speed of a portable plugin', () => speedTests('JavaScript', () => javascript))
describeWith(['python3'], 'speed of a portable plugin', () => speedTests('Python', () => python))
describeWith(['go'], 'speed of a portable plugin', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await buildGo(pluginPrograms)
  }, goBuildTimeout)
  speedTests('Go', () => goIn(folder))
})
