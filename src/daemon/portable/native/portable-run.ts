/** A portable plugin between `start` and `shutdown`: its process is started again when it ends, until that happens too often. */

import { ShoalError } from '../../../errors.js'
import type { PluginContext } from '../../../plugin.js'
import { abortable, delay, within } from '../../util/wait.js'
import { Restarts } from '../process/restarts.js'
import type { PortableTimes } from './limits.js'
import type { Session } from './session.js'

/** How the process of a portable plugin is. */
export interface PortableStatus {
  /** `waiting`: before it is started again; `failed`: it is not started again. */
  readonly state: 'stopped' | 'starting' | 'running' | 'waiting' | 'failed'
  readonly pid?: number
  /** Starts after the first. */
  readonly restarts: number
  /** Why it last ended, or could not start. */
  readonly lastEnd?: string
  /** Calls to the plugin and by the plugin that are open, and bytes that wait for it. */
  readonly queues: { readonly calls: number; readonly requests: number; readonly backlog: number }
}

/** What a run needs. */
export interface PortableRunOptions {
  readonly name: string
  readonly ctx: PluginContext
  readonly times: PortableTimes
  /** Starts the program and checks that it is the plugin it was. */
  readonly open: (signal: AbortSignal) => Promise<Session>
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

  /** Starts it the first time. Rejects with why it could not; it is not tried again then. */
  async start(): Promise<void> {
    const { ctx } = this.#options
    const session = await this.#begin(ctx.signal)
    ctx.run('process', (scope) => this.#supervise(session, scope.signal))
  }

  /** The process, as soon as there is one. Rejects when it does not come within the time of a restart, or never will. */
  session(signal?: AbortSignal): Promise<Session> {
    const { name, times } = this.#options
    if (this.#session) return Promise.resolve(this.#session)
    const late = `The process of the plugin ${name} is being started again.`
    return abortable(within(this.#next.promise, times.restart, 'ERR_PLUGIN_FAILED', late), signal)
  }

  /** Ends it. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#next.reject(new ShoalError('ERR_STOPPING'))
    await this.#session?.stop()
    this.#state = 'stopped'
  }

  status(): PortableStatus {
    const pid = this.#session?.pid
    return {
      state: this.#state,
      restarts: this.#restarts.count,
      queues: this.#session?.queues ?? { calls: 0, requests: 0, backlog: 0 },
      ...(pid !== undefined && { pid }),
      ...(this.#lastEnd !== undefined && { lastEnd: this.#lastEnd }),
    }
  }

  async #begin(signal: AbortSignal): Promise<Session> {
    this.#state = 'starting'
    const session = await this.#options.open(signal)
    try {
      await session.start(this.#options.ctx, signal)
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

  async #supervise(first: Session, signal: AbortSignal): Promise<void> {
    let session: Session | undefined = first
    while (session) {
      const reason = await this.#end(session, signal)
      if (this.#stopping || signal.aborted) return
      session = await this.#again(reason, signal)
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
  async #again(reason: ShoalError, signal: AbortSignal): Promise<Session | undefined> {
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
    const { name, ctx, times } = this.#options
    this.#lastEnd = reason.message
    this.#state = 'waiting'
    const pause = this.#restarts.next()
    if (pause !== undefined) {
      ctx.log.warn('the process of the plugin ended; it is started again', { plugin: name, reason: reason.message, code: reason.code, pause })
      return delay(pause, signal).catch(() => {})
    }
    this.#state = 'failed'
    const { exits, window } = times.restarts
    const error = new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ended ${exits} times within ${window / 1000} s. ${reason.message}`)
    ctx.log.error('the process of the plugin ended too often; it is not started again', { plugin: name, reason: reason.message, code: reason.code })
    this.#next.reject(error)
    throw error
  }
}
