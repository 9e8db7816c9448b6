/** An eKuiper plugin in a folder of its own, on sockets of its own, and what a host does with it. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EkuiperPlugin, ekuiperPlugin } from '../../../../../src/daemon/portable/ekuiper/ekuiper-plugin.js'
import { type EkuiperLimits, ekuiperLimits } from '../../../../../src/daemon/portable/ekuiper/ekuiper-run.js'
import { readManifest } from '../../../../../src/daemon/portable/ekuiper/manifest.js'
import type { PushJob } from '../../../../../src/plugin.js'
import type { Frame, Subscription } from '../../../../../src/stream.js'
import { type FakeContext, fakeContext } from '../../../../../src/testing/fake-context.js'
import { type FakePullJob, fakePullJob } from '../../../../../src/testing/fake-job.js'
import { waitFor } from '../../../../wait-for.js'

const fixtures = join(import.meta.dirname, '../../../../fixtures/ekuiper')

/** Which plugin, and how it is hosted. */
export interface StageOptions {
  readonly kind: 'python' | 'odd' | 'go'
  /** The folder with the program, where that had to be built. */
  readonly built?: string
  readonly name?: string
  readonly symbols: { readonly sources?: readonly string[]; readonly sinks?: readonly string[]; readonly functions?: readonly string[] }
  /** Environment of conda. */
  readonly environment?: string
  readonly config?: Record<string, unknown>
  readonly limits?: Partial<EkuiperLimits>
  /** Folder of the sockets; default: one of its own. Null: as the configuration says. */
  readonly sockets?: string | null
}

/** Limits of tests: quick restarts. */
const quick: Partial<EkuiperLimits> = { restarts: { ...ekuiperLimits.restarts, backoff: { min: 10, max: 50 } } }

/** One plugin on stage. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'sek-'))
  readonly plugin: EkuiperPlugin
  readonly fake: FakeContext<object>

  constructor({
    kind,
    built = join(fixtures, kind),
    name = 'My_Plugin',
    symbols,
    environment,
    config = {},
    limits = {},
    sockets = join(this.folder, 's'),
  }: StageOptions) {
    const home = join(this.folder, 'p')
    cpSync(built, home, { recursive: true })
    const executable = { python: 'main.py', odd: 'odd.mjs', go: 'ekuiper-go' }[kind]
    const conda = environment === undefined ? {} : { virtualEnvType: 'conda', env: environment }
    const json = JSON.stringify({ version: 'v1.0.0', language: kind === 'python' ? 'python' : 'go', executable, ...conda, ...symbols })
    writeFileSync(join(home, `${name}.json`), json)
    mkdirSync(join(home, 'sources'))
    writeFileSync(join(home, 'sources', 'count.yaml'), 'default:\n  interval: 5\n  server: {host: a, port: 1}\nfast:\n  interval: 1\n')
    const manifest = readManifest(name, Buffer.from(json))
    this.plugin = ekuiperPlugin({ folder: home, manifest, ...(sockets !== null && { sockets }), limits: { ...quick, ...limits } })
    this.fake = fakeContext<object>(this.plugin as unknown as Parameters<typeof fakeContext<object>>[0], { config })
  }

  get pid(): number {
    return this.plugin.status().pid ?? 0
  }

  /** A try of a pull. */
  pull(url: string): { readonly job: FakePullJob; readonly done: Promise<unknown>; frames(): readonly Frame[] } {
    const job = fakePullJob(url)
    const [factory] = this.fake.pullers
    const done = (factory as NonNullable<typeof factory>).pull(job).then(
      () => undefined,
      (error: unknown) => error,
    )
    return { job, done, frames: () => job.streams.publications.flatMap(({ frames }) => frames) }
  }

  /** A try of a push of the stream `rows`. */
  push(url: string, options: Record<string, unknown> = {}): { readonly done: Promise<unknown>; end(): Promise<void> } {
    const controller = new AbortController()
    const [factory] = this.fake.pushers
    let subscription: Subscription | undefined
    const job: PushJob = {
      ...{ url: new URL(url), path: 'rows', options, log: this.fake.log, signal: controller.signal },
      run: (name, body, how) => this.fake.ctx.run(name, body, how),
      subscribe: async (how) => {
        subscription = await this.fake.streams.subscribe('rows', how)
        return subscription
      },
    }
    const done = (factory as NonNullable<typeof factory>)
      .push(job)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => subscription?.close())
    return {
      done,
      async end() {
        controller.abort()
        await done
      },
    }
  }

  async dispose(): Promise<void> {
    await this.fake.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The frame's JSON. */
export function jsonOf(frame: Frame | undefined): unknown {
  return JSON.parse(Buffer.from(frame?.data ?? []).toString())
}

/** A row of a sink. */
export function row(value: unknown, timestamp: number): Frame {
  return { track: 1, timestamp, key: true, data: Buffer.from(JSON.stringify(value)) }
}

/** Resolves when a process is gone. */
export async function gone(pid: number): Promise<void> {
  await waitFor(`the end of ${pid}`, () => {
    try {
      process.kill(pid, 0)
      return false
    } catch {
      return true
    }
  })
}
