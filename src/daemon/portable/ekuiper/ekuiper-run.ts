/** An eKuiper plugin between `start` and `shutdown`: its control channel, its process, and what runs in it. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isShoalError, ShoalError } from '../../../errors.js'
import type { PluginContext } from '../../../plugin.js'
import { abortable, delay, within } from '../../util/wait.js'
import { watchMemory } from '../process/memory-watch.js'
import type { Nursery } from '../process/nursery.js'
import type { PluginProcess } from '../process/plugin-process.js'
import { type RestartLimits, Restarts, restartLimits } from '../process/restarts.js'
import { SurvivorFile } from '../process/survivor.js'
import { type ProcessUsage, processUsage } from '../process/usage.js'
import { ReplySocket } from '../sp/sp-socket.js'
import type { EkuiperConfig } from './ekuiper-config.js'
import type { FunctionCall } from './function-channel.js'
import { FunctionSet } from './function-set.js'
import { InvertedChannel } from './inverted-channel.js'
import type { Manifest } from './manifest.js'
import { listenAt, type SocketFolder } from './socket-folder.js'
import { spawnPlugin } from './spawn-plugin.js'
import { SpinWatch } from './spin-watch.js'
import { checkAnswer, type SymbolUse } from './symbol-use.js'

/** Bounds that tests shorten. Times in ms. */
export interface EkuiperLimits {
  readonly restarts: RestartLimits
  /** After SIGTERM, until SIGKILL of the process group. */
  readonly term: number
  /** A longer `initTimeout` is not awaited by `start`. */
  readonly awaited: number
  /** For the answer to a stop, before its sockets close all the same. */
  readonly stop: number
  /** Between looks at the processor after a sink was stopped, and at the memory. */
  readonly look: number
  /** Share of a core that an idle process may use. */
  readonly spin: number
  /** Bytes of memory that it may take within seconds of a sink's stop. */
  readonly growth: number
  /** Commands or calls of one function that may wait. */
  readonly queued: number
  /** Sources and sinks that may run. */
  readonly uses: number
}

/** The bounds of the daemon. */
export const ekuiperLimits: EkuiperLimits = {
  restarts: restartLimits,
  term: 1000,
  awaited: 25_000,
  stop: 300,
  look: 1000,
  spin: 0.9,
  growth: 128 * 1024 * 1024,
  queued: 1000,
  uses: 256,
}

/** How the process is. */
export interface EkuiperStatus {
  /** `waiting`: before it is started again; `failed`: it is not started again. */
  readonly state: 'stopped' | 'starting' | 'running' | 'waiting' | 'failed'
  readonly pid?: number
  readonly restarts: number
  readonly lastEnd?: string
  readonly queues: { readonly commands: number; readonly calls: number }
}

/** What a run needs. */
export interface EkuiperRunOptions {
  readonly manifest: Manifest
  readonly folder: string
  readonly ctx: PluginContext<EkuiperConfig>
  readonly sockets: SocketFolder
  readonly limits: EkuiperLimits
  /** The process is not started again. */
  readonly onGivenUp: (error: ShoalError) => void
  /** Starts the program; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/** One run. */
export class EkuiperRun {
  readonly manifest: Manifest
  readonly folder: string
  readonly sockets: SocketFolder
  /** ms for a command, a call, a row. */
  readonly timeout: number
  readonly #options: EkuiperRunOptions
  readonly #restarts: Restarts
  readonly #socket = new ReplySocket()
  readonly #control: InvertedChannel
  readonly #functions: FunctionSet
  readonly #uses = new Set<SymbolUse>()
  readonly #spin: SpinWatch
  readonly #survivor: SurvivorFile
  #process: PluginProcess | undefined
  /** Resolves when the process takes commands. */
  #up = Promise.withResolvers<void>()
  #state: EkuiperStatus['state'] = 'starting'
  #lastEnd: string | undefined
  /** Why this side ended the process, where it did. */
  #ended: { readonly why: string; readonly counts: boolean } | undefined
  #stopping = false

  constructor(options: EkuiperRunOptions) {
    const { manifest, folder, sockets, ctx, limits } = options
    this.#options = options
    this.manifest = manifest
    this.folder = folder
    this.sockets = sockets
    this.timeout = ctx.config.callTimeout
    this.#restarts = new Restarts(limits.restarts)
    this.#survivor = new SurvivorFile(join(ctx.dataDir, 'process.json'))
    this.#control = new InvertedChannel({ requests: this.#socket, name: `plugin ${manifest.name}`, timeout: this.timeout, maxQueued: limits.queued })
    this.#functions = new FunctionSet({
      ...{ plugin: manifest.name, symbols: manifest.functions, timeout: this.timeout, maxQueued: limits.queued },
      ...{ failure: ctx.config.failure, log: ctx.log },
      addressOf: (symbol) => sockets.function(symbol),
      begin: (use) => this.begin(use),
      forget: (use) => void this.#uses.delete(use),
    })
    this.#spin = new SpinWatch({
      usage: () => this.usage(),
      idle: () => this.#uses.size === [...this.#uses].filter(({ kind }) => kind === 'func').length && this.#functions.pending === 0,
      onSpin: (what) => this.#replace(`used ${what} after a sink was stopped`, false),
      interval: limits.look,
      threshold: limits.spin,
      growth: limits.growth,
    })
    this.#up.promise.catch(() => {})
  }

  /** Starts the process the first time. Rejects with why it could not; it is not tried again then. One that may take long is not awaited. */
  async start(): Promise<void> {
    const { ctx, limits } = this.#options
    await listenAt(this.#socket, this.sockets.control(this.manifest.name), `plugin ${this.manifest.name}`)
    // it would shake hands in place of the one that is started now
    if (await this.#survivor.end()) ctx.log.warn('a program of the plugin had outlived its daemon; it was ended', { plugin: this.manifest.name })
    const first = this.#begin(ctx.signal)
    try {
      if (ctx.config.initTimeout <= limits.awaited) await first
    } catch (error) {
      await this.#close()
      throw error
    }
    ctx.run('process', async ({ signal }) => this.#supervise(await first.catch((error: unknown) => this.#failLate(error)), signal))
  }

  /** Ends it. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#spin.end()
    const error = new ShoalError('ERR_STOPPING')
    this.#up.reject(error)
    for (const use of this.#uses) use.fail(error)
    await this.#process?.stop()
    await this.#survivor.clear()
    await this.#close()
    this.#state = 'stopped'
  }

  /** `source random of the plugin mirror`. */
  nameOf({ kind, symbol }: SymbolUse): string {
    return `${kind === 'func' ? 'function' : kind} ${symbol} of the plugin ${this.manifest.name}`
  }

  /** Starts a symbol; its sockets listen already. From then on each new process starts it too. Rejects with `ERR_SOURCE_FAILED` and the plugin's words, `ERR_TIMEOUT`, `ERR_LIMIT`, `ERR_PLUGIN_FAILED`. */
  async begin(use: SymbolUse, signal?: AbortSignal): Promise<void> {
    const { uses } = this.#options.limits
    if (this.#uses.size >= uses) throw new ShoalError('ERR_LIMIT', `${uses} sources and sinks of the plugin ${this.manifest.name} run already.`)
    const late = `The process of the plugin ${this.manifest.name} is being started again.`
    await abortable(within(this.#up.promise, this.timeout, 'ERR_PLUGIN_FAILED', late), signal)
    // kept until `end` also where the answer is late or nobody waits for it: it may be an ok, and what was started must be stopped
    this.#uses.add(use)
    try {
      await abortable(this.#start(use), signal)
    } catch (error) {
      if (isShoalError(error, 'ERR_SOURCE_FAILED')) this.#uses.delete(use)
      throw error
    }
  }

  /** Stops a symbol, if it was started. Waits a short while for the answer; never rejects. */
  async end(use: SymbolUse): Promise<void> {
    if (!this.#uses.delete(use)) return
    if (!this.#process?.running || this.#stopping) return await this.#sweep(use)
    const stopped = this.#control.call(use.command('stop')).then(
      (answer) => checkAnswer(answer, this.nameOf(use)),
      () => {},
    )
    const quiet = stopped.catch((error: unknown) => this.#options.ctx.log.debug('a stop was not done', { symbol: use.symbol, err: error }))
    const timer = new AbortController()
    await Promise.race([quiet, delay(this.#options.limits.stop, timer.signal).catch(() => {})])
    timer.abort()
    if (use.kind === 'sink') this.#spin.begin()
    await this.#sweep(use)
  }

  /** What a killed process leaves: a socket on which it listened. Its name is used by nobody else. */
  async #sweep({ kind, socketName }: SymbolUse): Promise<void> {
    if (kind === 'sink') await rm(this.sockets.file(socketName), { force: true }).catch(() => {})
  }

  /** Calls a function; starts it with the first call. Rejects as {@link FunctionSet.call}. */
  async call(symbol: string, func: FunctionCall, args: readonly unknown[]): Promise<unknown> {
    if (this.#stopping) throw new ShoalError('ERR_STOPPING')
    return this.#functions.call(symbol, func, args)
  }

  status(): EkuiperStatus {
    const pid = this.#process?.pid
    return {
      state: this.#state,
      restarts: this.#restarts.count,
      queues: { commands: this.#control.open, calls: this.#functions.pending },
      ...(pid !== undefined && { pid }),
      ...(this.#lastEnd !== undefined && { lastEnd: this.#lastEnd }),
    }
  }

  /** How often each path uses a source or sink. */
  refs(): Record<string, number> {
    const refs: Record<string, number> = {}
    for (const { kind, user } of this.#uses) if (kind !== 'func') refs[user] = (refs[user] ?? 0) + 1
    return refs
  }

  async usage(): Promise<ProcessUsage | undefined> {
    const pid = this.#process?.pid
    return pid === undefined ? undefined : processUsage(pid)
  }

  async #start(use: SymbolUse): Promise<void> {
    checkAnswer(await this.#control.call(use.command('start')), this.nameOf(use))
  }

  /** A process that has shaken hands and runs what ran before. */
  async #begin(signal: AbortSignal): Promise<PluginProcess> {
    const { name } = this.manifest
    const { ctx, limits, nursery } = this.#options
    const { initTimeout } = ctx.config
    this.#state = 'starting'
    const { sockets, folder, manifest } = this
    const process = await spawnPlugin({ manifest, folder, sockets, config: ctx.config, log: ctx.log, term: limits.term, nursery })
    this.#process = process
    if (process.pid !== undefined) await this.#survivor.note(process.pid)
    this.#watchMemory(process)
    const early = process.exited.then(({ text }) => {
      const said = process.lastLines.at(-1)
      throw new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ${this.#ended?.why ?? text} before it was ready${said ? `: ${said}` : '.'}`)
    })
    try {
      if (this.#stopping) throw new ShoalError('ERR_STOPPING')
      const late = `The plugin ${name} shook no hands within ${initTimeout} ms: does its program announce another name?`
      await within(Promise.race([this.#control.ready(signal), early]), initTimeout, 'ERR_TIMEOUT', late)
      if (this.#stopping) throw new ShoalError('ERR_STOPPING')
      // it takes commands: functions that it starts now answer those who wait for them
      this.#state = 'running'
      await Promise.race([this.#replay(process), early])
    } catch (error) {
      early.catch(() => {})
      process.kill()
      await process.exited
      this.#process = undefined
      this.#control.renew(ShoalError.from(error))
      throw error
    }
    early.catch(() => {})
    this.#up.resolve()
    return process
  }

  /** Starts in a new process what ran in the one before. */
  async #replay(process: PluginProcess): Promise<void> {
    for (const use of this.#uses) {
      try {
        await this.#start(use)
        use.onReplayed?.()
      } catch (error) {
        // the next process tries again
        if (!process.running) return
        this.#uses.delete(use)
        use.fail(ShoalError.from(error, 'ERR_PLUGIN_FAILED'))
      }
    }
  }

  /** The first process of a plugin that was not awaited. */
  async #failLate(error: unknown): Promise<undefined> {
    if (!this.#stopping) await this.#giveUp(ShoalError.from(error))
    return undefined
  }

  async #supervise(first: PluginProcess | undefined, signal: AbortSignal): Promise<void> {
    let process = first
    while (process) {
      const reason = await this.#end(process, signal)
      if (this.#stopping || signal.aborted) return
      process = await this.#again(reason, signal)
    }
  }

  /** Waits for the end of a process, or ends it with the plugin. */
  async #end(process: PluginProcess, signal: AbortSignal): Promise<ShoalError> {
    const stop = (): void => void process.stop()
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const { text } = await process.exited
    signal.removeEventListener('abort', stop)
    this.#process = undefined
    this.#spin.end()
    const reason = new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${this.manifest.name} ${this.#ended?.why ?? text}.`)
    if (this.#stopping) return reason
    this.#up = Promise.withResolvers()
    this.#up.promise.catch(() => {})
    this.#control.renew(reason)
    this.#functions.renew(reason)
    await Promise.all([...this.#uses].map((use) => this.#sweep(use)))
    return reason
  }

  /** The next process; undefined when the plugin was stopped meanwhile. Throws when it ended too often. */
  async #again(reason: ShoalError, signal: AbortSignal): Promise<PluginProcess | undefined> {
    let cause = reason
    for (;;) {
      await this.#pause(cause, signal)
      if (this.#stopping || signal.aborted) return undefined
      try {
        return await this.#begin(signal)
      } catch (error) {
        cause = ShoalError.from(error, 'ERR_PLUGIN_FAILED')
        if (this.#stopping || signal.aborted) return undefined
      }
    }
  }

  async #pause(reason: ShoalError, signal: AbortSignal): Promise<void> {
    const { ctx, limits } = this.#options
    const { name } = this.manifest
    this.#lastEnd = reason.message
    this.#state = 'waiting'
    const planned = this.#ended?.counts === false
    this.#ended = undefined
    if (planned) this.#restarts.count++
    const pause = planned ? 0 : this.#restarts.next()
    if (pause !== undefined) {
      ctx.log.warn('the process of the plugin ended; it is started again', { plugin: name, reason: reason.message, code: reason.code, pause })
      return delay(pause, signal).catch(() => {})
    }
    const { exits, window } = limits.restarts
    ctx.log.error('the process of the plugin ended too often; it is not started again', { plugin: name, reason: reason.message, code: reason.code })
    return await this.#giveUp(
      new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ended ${exits} times within ${window / 1000} s. ${reason.message}`),
    )
  }

  /** It is not started again. Throws `error`. */
  async #giveUp(error: ShoalError): Promise<never> {
    this.#state = 'failed'
    this.#lastEnd ??= error.message
    this.#up.reject(error)
    for (const use of this.#uses) use.fail(error)
    this.#uses.clear()
    await this.#close()
    if (!this.#stopping) this.#options.onGivenUp(error)
    throw error
  }

  /** Ends a process that misbehaves; another one takes its place. */
  #replace(why: string, counts = true): void {
    if (!this.#process || this.#stopping) return
    this.#options.ctx.log.warn('the process of the plugin is started anew', { plugin: this.manifest.name, reason: why })
    this.#ended = { why, counts }
    this.#process.kill()
  }

  /** Until the process is gone. */
  #watchMemory(process: PluginProcess): void {
    const { ctx, limits } = this.#options
    const { memoryLimit: limit } = ctx.config
    if (process.pid === undefined || limit === 0) return
    const over = ({ memory }: ProcessUsage): void => this.#replace(`used ${memory} bytes of memory; its memoryLimit is ${limit}`)
    void process.exited.then(watchMemory(process.pid, { limit, every: limits.look, over }))
  }

  async #close(): Promise<void> {
    this.#control.close()
    await Promise.all([this.#socket.close(), this.#functions.close()])
  }
}
