/** A portable plugin between `start` and `shutdown`: its process is started again when it ends, until that happens too often. */

import { ShoalError } from '../../../errors.js'
import type { PluginContext } from '../../../plugin.js'
import { abortable, delay, within } from '../../util/wait.js'
import { watchMemory } from '../process/memory-watch.js'
import { Restarts } from '../process/restarts.js'
import { watchStuck } from '../process/stuck-watch.js'
import type { PortableTimes } from './limits.js'
import type { Session } from './session.js'

/** How the process of a portable plugin is. */
export interface PortableStatus {
  /** `waiting`: before it is started again, or attaches; `failed`: it is not started again. */
  readonly state: 'stopped' | 'starting' | 'running' | 'waiting' | 'failed'
  readonly pid?: number
  /** Starts after the first. */
  readonly restarts: number
  /** Why it last ended, or could not start. */
  readonly lastEnd?: string
  /** What the process does too much of, for people. */
  readonly complaint?: string
  /** Calls to the plugin and by the plugin that are open, and bytes that wait for it. */
  readonly queues: { readonly calls: number; readonly requests: number; readonly backlog: number }
}

/** What a run needs. */
export interface PortableRunOptions {
  readonly name: string
  readonly ctx: PluginContext
  readonly times: PortableTimes
  /** Starts the program, or waits for it, and checks that it is the plugin it was. */
  readonly open: (signal: AbortSignal) => Promise<Session>
  /** A program that a person starts: it is waited for without limit, and nothing is too often. The text says where, for messages. */
  readonly attached?: string
  /** The attached program is there already: the start waits for its answer. */
  readonly here?: boolean
  /** Resident bytes; more ends the process. */
  readonly memoryLimit?: number
  /** A process is gone. */
  readonly gone?: () => void
  /** It is not started again. */
  readonly givenUp?: (error: ShoalError) => void
}

/** One run. */
export class PortableRun {
  readonly #options: PortableRunOptions
  readonly #restarts: Restarts
  #state: PortableStatus['state'] = 'starting'
  #session: Session | undefined
  /** Settles with the process that is being started. */
  #next = Promise.withResolvers<Session>()
  #lastEnd: string | undefined
  #stopping = false

  constructor(options: PortableRunOptions) {
    this.#options = options
    this.#restarts = new Restarts(options.times.restarts)
    this.#next.promise.catch(() => {})
  }

  /** Starts it the first time, or begins to wait for it. Rejects with why it could not be started; it is not tried again then. */
  async start(): Promise<void> {
    const { ctx, attached, here } = this.#options
    const first = attached === undefined || here ? await this.#begin(ctx.signal) : undefined
    ctx.run('process', (scope) => this.#supervise(first, scope.signal))
  }

  /** The process that runs now. */
  get current(): Session | undefined {
    return this.#session
  }

  /** The process, as soon as there is one. Rejects when it does not come within the time of a restart, or never will. */
  session(signal?: AbortSignal): Promise<Session> {
    const { name, times, attached } = this.#options
    if (this.#session) return Promise.resolve(this.#session)
    const late = attached === undefined ? `The process of the plugin ${name} is being started again.` : `The plugin ${name} waits for its program ${attached}.`
    return abortable(within(this.#next.promise, times.restart, 'ERR_PLUGIN_FAILED', late), signal)
  }

  /** Ends it. Rejects with `ERR_PLUGIN_FAILED` when that took force, or it left processes of its own; nothing is left then. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#next.reject(new ShoalError('ERR_STOPPING'))
    const session = this.#session
    await session?.stop()
    this.#state = 'stopped'
    if (session?.parting !== undefined) throw new ShoalError('ERR_PLUGIN_FAILED', session.parting)
  }

  status(): PortableStatus {
    const pid = this.#session?.pid
    const complaint = this.#session?.complaint
    return {
      state: this.#state,
      restarts: this.#restarts.count,
      queues: this.#session?.queues ?? { calls: 0, requests: 0, backlog: 0 },
      ...(pid !== undefined && { pid }),
      ...(this.#lastEnd !== undefined && { lastEnd: this.#lastEnd }),
      ...(complaint !== undefined && { complaint }),
    }
  }

  async #begin(signal: AbortSignal): Promise<Session> {
    const { open, ctx, attached } = this.#options
    this.#state = attached === undefined ? 'starting' : 'waiting'
    const session = await open(signal)
    this.#state = 'starting'
    try {
      await session.start(ctx, signal)
      if (this.#stopping) throw new ShoalError('ERR_STOPPING')
    } catch (error) {
      await session.kill(ShoalError.from(error))
      throw error
    }
    this.#session = session
    this.#state = 'running'
    this.#next.resolve(session)
    return session
  }

  async #supervise(first: Session | undefined, signal: AbortSignal): Promise<void> {
    let session = first ?? (await this.#again(undefined, signal))
    while (session) {
      const unwatch = this.#watch(session)
      const reason = await this.#end(session, signal)
      unwatch()
      if (this.#stopping || signal.aborted) return
      this.#options.gone?.()
      session = await this.#again(reason, signal)
    }
  }

  #watch(session: Session): () => void {
    const { name, memoryLimit, times } = this.#options
    const { pid } = session
    if (pid === undefined) return () => {}
    const stuck = (share: number): void => {
      const text = `The process of the plugin ${name} answered none of the last ${session.unanswered} calls and used ${Math.round(share * 100)} % of a processor.`
      void session.kill(new ShoalError('ERR_PLUGIN_FAILED', text))
    }
    const unwatch = watchStuck(pid, { unanswered: () => session.unanswered, stuck, every: times.look })
    if (memoryLimit === undefined) return unwatch
    const over = ({ memory }: { readonly memory: number }): void => {
      const text = `The process of the plugin ${name} used ${mebibytes(memory)} of memory; its memoryLimit is ${mebibytes(memoryLimit)}.`
      void session.kill(new ShoalError('ERR_PLUGIN_FAILED', text))
    }
    const unwatchMemory = watchMemory(pid, { limit: memoryLimit, every: times.look, over })
    return () => {
      unwatch()
      unwatchMemory()
    }
  }

  /** Waits for the end of a process, or ends it with the plugin. */
  async #end(session: Session, signal: AbortSignal): Promise<ShoalError> {
    const stop = (): void => void session.stop()
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const reason = await session.ended
    signal.removeEventListener('abort', stop)
    this.#session = undefined
    if (!this.#stopping) {
      this.#next = Promise.withResolvers()
      this.#next.promise.catch(() => {})
    }
    return reason
  }

  /** The next process; undefined when the plugin was stopped meanwhile. Throws when it ended too often. */
  async #again(reason: ShoalError | undefined, signal: AbortSignal): Promise<Session | undefined> {
    let cause = reason
    for (;;) {
      if (cause) await this.#pause(cause, signal)
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
    const { name, ctx, times, attached } = this.#options
    this.#lastEnd = reason.message
    this.#state = 'waiting'
    if (attached !== undefined) {
      ctx.log.info('the program of the plugin is gone; the next one may attach', { plugin: name, reason: reason.message, attach: attached })
      return delay(times.restarts.backoff.min, signal).catch(() => {})
    }
    const pause = this.#restarts.next()
    if (pause !== undefined) {
      ctx.log.warn('the process of the plugin ended; it is started again', { plugin: name, reason: reason.message, code: reason.code, pause })
      return delay(pause, signal).catch(() => {})
    }
    throw this.#giveUp(reason)
  }

  #giveUp(reason: ShoalError): ShoalError {
    const { name, ctx, times } = this.#options
    this.#state = 'failed'
    const { exits, window } = times.restarts
    const error = new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ended ${exits} times within ${window / 1000} s. ${reason.message}`)
    ctx.log.error('the process of the plugin ended too often; it is not started again', { plugin: name, reason: reason.message, code: reason.code })
    this.#next.reject(error)
    this.#options.givenUp?.(error)
    return error
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`
}
