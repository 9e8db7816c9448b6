/** Where plugins' programs are born: a small process that starts them for the daemon, so that no stream waits while the daemon is forked. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ShoalError } from '../../../errors.js'
import { delay } from '../../util/wait.js'
import { scrubbedEnvironment } from './environment.js'
import { PluginProcess, type PluginProcessOptions, type ProcessEnd } from './plugin-process.js'
import { StartGate } from './start-gate.js'
import { type Stdio, StdioSocket } from './stdio-socket.js'

/** What the small process says of the program `id`. */
const reportSchema = Type.Object({
  id: Type.Integer(),
  pid: Type.Optional(Type.Integer({ minimum: 2 })),
  error: Type.Optional(Type.String()),
  refused: Type.Optional(Type.String()),
  code: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  signal: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  left: Type.Optional(Type.Boolean()),
})

type Report = Static<typeof reportSchema>

/** Limits of one nursery. Times in ms. */
export interface NurseryLimits {
  /** Programs that start at the same time … */
  readonly width: number
  /** … each until it says something, ends, or this time is over. */
  readonly head: number
  /** Without a program for so long, the small process ends. */
  readonly idle: number
}

/** The limits of the daemon. Tests shorten them. */
export const nurseryLimits: NurseryLimits = { width: 2, head: 250, idle: 1000 }

/** How far a program stands back behind the daemon for processor time: streams go on while a plugin works as hard as it can. */
export const defaultNice = 5

/** Little memory is enough for it. */
const flags: readonly string[] = ['--max-old-space-size=32', '--max-semi-space-size=1', '--no-warnings']

/** Longest folder, so that the path of a socket in it stays below 107 bytes. */
const maxFolder = 90

const programFile: string = fileURLToPath(new URL('./nursery-program.mjs', import.meta.url))

/** Programs of one daemon. Its small process is there while there are programs, and a moment longer. */
export class Nursery {
  readonly #limits: NurseryLimits
  readonly #gate: StartGate
  #keeper: Promise<Keeper> | undefined
  #programs = 0
  #idle: NodeJS.Timeout | undefined

  constructor(limits: Partial<NurseryLimits> = {}) {
    this.#limits = { ...nurseryLimits, ...limits }
    this.#gate = new StartGate(this.#limits.width)
  }

  /** The process that starts programs, for tests; undefined while there is none. */
  async pid(): Promise<number | undefined> {
    return (await this.#keeper)?.pid
  }

  /**
   * Starts a program. That it is not there, or may not be run, its end tells. Rejects with `ERR_PLUGIN_FAILED` where the system refuses:
   * there is no room for another process, or its arguments are too long.
   */
  async start(options: PluginProcessOptions): Promise<PluginProcess> {
    this.#programs++
    clearTimeout(this.#idle)
    const leave = await this.#gate.enter()
    try {
      const keeper = await this.#ready()
      keeper.ref()
      const { stdio, pid, ended } = await keeper.start(options)
      const program = new PluginProcess({ ...options, stdio, pid, ended })
      void program.exited.then(() => this.#gone())
      void this.#head(program, stdio).then(leave)
      return program
    } catch (cause) {
      leave()
      this.#gone()
      throw ShoalError.from(cause, 'ERR_PLUGIN_FAILED')
    }
  }

  #ready(): Promise<Keeper> {
    if (this.#keeper) return this.#keeper
    const keeper = Keeper.open(() => {
      if (this.#keeper === keeper) this.#keeper = undefined
    })
    keeper.catch(() => {
      if (this.#keeper === keeper) this.#keeper = undefined
    })
    this.#keeper = keeper
    return keeper
  }

  #gone(): void {
    this.#programs--
    if (this.#programs > 0) return
    void this.#keeper?.then((keeper) => this.#programs === 0 && keeper.unref()).catch(() => {})
    this.#idle = setTimeout(() => void this.#close(), this.#limits.idle).unref()
  }

  async #close(): Promise<void> {
    if (this.#programs > 0) return
    const keeper = this.#keeper
    this.#keeper = undefined
    await keeper?.then((one) => one.close()).catch(() => {})
  }

  /** Its start is the hardest work that most programs do. */
  async #head(program: PluginProcess, [, stdout]: Stdio): Promise<void> {
    const step = 10
    for (let passed = 0; passed < this.#limits.head && program.running && stdout.bytesRead === 0; passed += step) await delay(step)
  }
}

/** A program that was begun. */
interface Born {
  readonly stdio: Stdio
  readonly pid: number | undefined
  readonly ended: Promise<ProcessEnd>
}

interface Child {
  readonly born: ReturnType<typeof newBirth>
  readonly ended: ReturnType<typeof newEnd>
  pid?: number
}

/** Its pid; undefined when it could not be started. */
const newBirth = () => Promise.withResolvers<number | undefined>()
const newEnd = () => Promise.withResolvers<ProcessEnd>()

/** One small process, and the programs that it has started. */
class Keeper {
  readonly #folder: string
  readonly #process: ChildProcess
  readonly #children = new Map<number, Child>()
  #last = 0
  #closed = false

  private constructor(folder: string, process: ChildProcess, gone: () => void) {
    this.#folder = folder
    this.#process = process
    const lost = (): void => {
      gone()
      this.#lose()
    }
    process.on('message', (message) => this.#hear(message))
    process.once('error', lost)
    process.once('exit', lost)
    this.unref()
  }

  /** Starts it; `gone` is called when it has ended. */
  static async open(gone: () => void): Promise<Keeper> {
    const folder = await mkdtemp(join(Buffer.byteLength(tmpdir()) < maxFolder - 20 ? tmpdir() : '/tmp', 'shoal-run-'))
    try {
      const stdio: ['ignore', 'ignore', 'inherit', 'ipc'] = ['ignore', 'ignore', 'inherit', 'ipc']
      const child = spawn(process.execPath, [...flags, programFile, folder], { cwd: '/', env: scrubbedEnvironment(), detached: true, stdio })
      return new Keeper(folder, child, gone)
    } catch (cause) {
      await rm(folder, { recursive: true, force: true })
      const code = cause instanceof Error && 'code' in cause ? cause.code : String(cause)
      throw new ShoalError('ERR_PLUGIN_FAILED', `No program can be started (${code}).`, { cause })
    }
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The daemon goes on while there are programs … */
  ref(): void {
    this.#process.ref()
    this.#process.channel?.ref()
  }

  /** … and not for this process alone. */
  unref(): void {
    this.#process.unref()
    this.#process.channel?.unref()
  }

  /** Lets it go; it removes the folder. */
  close(): void {
    this.#closed = true
    if (this.#process.connected) this.#process.disconnect()
  }

  async start({ command, args = [], cwd, env, nice = defaultNice }: PluginProcessOptions): Promise<Born> {
    const id = ++this.#last
    const socket = await StdioSocket.listen(join(this.#folder, String(id)))
    const child: Child = { born: newBirth(), ended: newEnd() }
    const stop = new AbortController()
    child.born.promise.catch((reason: unknown) => stop.abort(reason))
    this.#children.set(id, child)
    const streams = socket.streams(stop.signal)
    streams.catch(() => {})
    if (this.#process.connected) this.#process.send({ id, socket: socket.path, command, args, cwd, env: scrubbedEnvironment(env), nice }, () => {})
    else this.#lose()
    try {
      const pid = await child.born.promise
      return { pid, stdio: await streams, ended: child.ended.promise }
    } catch (error) {
      const code = error instanceof Error ? error.message : String(error)
      throw new ShoalError('ERR_PLUGIN_FAILED', `${command} could not be started (${code}).`, { cause: error })
    }
  }

  #hear(message: unknown): void {
    if (!Value.Check(reportSchema, message)) return
    const child = this.#children.get(message.id)
    if (!child) return
    if (message.pid !== undefined) {
      child.pid = message.pid
      child.born.resolve(message.pid)
      return
    }
    this.#children.delete(message.id)
    if (message.refused !== undefined) child.born.reject(new Error(message.refused))
    // of one that never ran the number stays unknown
    child.born.resolve(undefined)
    child.ended.resolve(endOf(message))
  }

  /** Nobody watches over the programs any more: they end, and whoever wants them starts them again elsewhere. */
  #lose(): void {
    for (const { pid, born, ended } of this.#children.values()) {
      if (pid !== undefined) endGroup(pid)
      born.reject(new Error('the process that starts programs ended'))
      ended.resolve({ code: null, signal: 'SIGKILL', lost: true })
    }
    this.#children.clear()
    if (!this.#closed) rm(this.#folder, { recursive: true, force: true }).catch(() => {})
  }
}

function endOf({ error, code = null, signal, left = false }: Report): ProcessEnd {
  return { code, signal: signal ?? null, left, ...(error !== undefined && { error }) }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it is gone already
  }
}
