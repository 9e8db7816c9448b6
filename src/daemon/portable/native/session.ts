/** One run of a portable plugin: its process, the handshake, and everything that is said until it ends. */

import { ShoalError } from '../../../errors.js'
import type { Logger, PluginContext, PullJob, PushJob } from '../../../plugin.js'
import { Throttle } from '../../util/rate.js'
import { abortable, within } from '../../util/wait.js'
import { PluginProcess, type ProcessExit } from '../process/plugin-process.js'
import { type CallOptions, Calls } from './calls.js'
import { errorOf, fromJson, type Part, toJson } from './codec.js'
import { type PluginDescription, readHello } from './description.js'
import { maxCalls, maxMessage, maxStreams, type PortableTimes, streamWindow, versions } from './limits.js'
import { MessagePipe } from './pipe.js'
import type { Answer, Hello, LogLine, PortableMessage } from './portable.pb.js'
import { Publications } from './publications.js'
import { isRequest, Requests } from './requests.js'
import { Subscriptions } from './subscriptions.js'

/** A program that is a portable plugin. */
export interface PortableProgram {
  /** For messages, until the plugin has said its name. */
  readonly name: string
  /** A path, or a name that is looked up in PATH. */
  readonly command: string
  readonly args?: readonly string[]
  /** Its folder, in which it runs. */
  readonly folder: string
  /** More variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** What a session needs. */
export interface SessionOptions {
  readonly program: PortableProgram
  readonly times: PortableTimes
  readonly log: Logger
  /** `shoal/0.1.0`. */
  readonly agent: string
}

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error']

/** Bytes of the fields of one log line. */
const maxFields = 16_384

/** A running process that has said Hello. */
export class Session {
  readonly description: PluginDescription
  /** Resolves with the reason when the process is gone; never rejects. */
  readonly ended: Promise<ShoalError>
  readonly #link: SessionLink

  private constructor(link: SessionLink, description: PluginDescription) {
    this.#link = link
    this.description = description
    this.ended = link.ended
  }

  /** Starts the program and waits for its Hello. Rejects with why it did not come; nothing runs then. */
  static async open(options: SessionOptions, signal?: AbortSignal): Promise<Session> {
    const { program, times } = options
    const link = new SessionLink(options)
    try {
      const gone = link.ended.then((reason): never => {
        throw reason
      })
      const hello = within(
        Promise.race([link.hello, gone]),
        times.handshake,
        'ERR_TIMEOUT',
        `${program.name} did not say Hello within ${times.handshake / 1000} s.`,
      )
      return new Session(link, readHello(await abortable(hello, signal), program.name))
    } catch (error) {
      await link.kill(ShoalError.from(error))
      throw error
    }
  }

  get pid(): number | undefined {
    return this.#link.process.pid
  }

  /** Calls to the plugin and by the plugin that are open, and bytes that wait for it. */
  get queues(): { readonly calls: number; readonly requests: number; readonly backlog: number } {
    const { calls, requests, pipe } = this.#link
    return { calls: calls.size, requests: requests.size, backlog: pipe.backlog }
  }

  /** Starts the plugin over the context. Rejects with why it could not. */
  async start(ctx: PluginContext, signal?: AbortSignal): Promise<void> {
    const { times } = this.#link.options
    this.#link.ctx = ctx
    const limits = { maxMessage, window: streamWindow, calls: maxCalls, streams: maxStreams }
    const start = { config: toJson(ctx.config ?? {}), nodeId: ctx.node.id, nodeName: ctx.node.name, dataDir: ctx.dataDir, limits }
    await this.call({ start }, { what: 'start', timeout: times.start, ...(signal && { signal }) })
  }

  /** Calls the plugin; see {@link Calls.call}. */
  call(message: Omit<PortableMessage, 'id'>, options: CallOptions, made?: (id: number) => void): Promise<Answer> {
    return this.#link.calls.call(message, options, made)
  }

  /** Runs a pull or a push until the plugin answers. What it opened for the job is closed then. */
  async job(message: Omit<PortableMessage, 'id'>, options: CallOptions, job: { readonly pull: PullJob } | { readonly push: PushJob }): Promise<void> {
    const { pulls, pushes } = this.#link
    let id = 0
    try {
      await this.call(message, options, (made) => {
        id = made
        if ('pull' in job) pulls.set(id, job.pull)
        else pushes.set(id, job.push)
      })
    } finally {
      pulls.delete(id)
      pushes.delete(id)
    }
  }

  /** Tells the plugin of an event; resolves when it may be told the next one. */
  async event(topic: string, event: unknown): Promise<void> {
    const { pipe } = this.#link
    pipe.send({ id: 0, event: { topic, event: toJson(event) } })
    await pipe.drained()
  }

  /** Asks it to stop, then ends it, by force in the end. Idempotent; resolves when it is gone. */
  stop(): Promise<ShoalError> {
    return this.#link.stop()
  }

  /** Ends the process at once, for a reason. */
  kill(reason: ShoalError): Promise<ShoalError> {
    return this.#link.kill(reason)
  }
}

/** The machinery of a session, from the first byte on. */
class SessionLink {
  readonly options: SessionOptions
  readonly process: PluginProcess
  readonly pipe: MessagePipe
  readonly calls: Calls
  readonly publications: Publications
  readonly subscriptions: Subscriptions
  readonly requests: Requests
  readonly pulls = new Map<number, PullJob>()
  readonly pushes = new Map<number, PushJob>()
  readonly ended: Promise<ShoalError>
  ctx: PluginContext | undefined
  readonly #hello = Promise.withResolvers<Hello>()
  readonly #floods = new Throttle(10_000)
  #said = false
  #reason: ShoalError | undefined
  #stopping: Promise<ShoalError> | undefined

  constructor(options: SessionOptions) {
    const { program, times, log, agent } = options
    this.options = options
    const { command, args = [], folder, env } = program
    const grace = { stdin: times.stdin, term: times.term }
    const own = { ...env, SHOAL_PLUGIN_PROTOCOL: `${versions.lowest}-${versions.highest}` }
    this.process = new PluginProcess({ command, args, cwd: folder, env: own, log, stdout: 'pipe', grace })
    this.pipe = new MessagePipe(this.process.stdout, this.process.stdin, {
      message: (message, part) => this.#take(message, part),
      broken: (error) => void this.kill(new ShoalError('ERR_PROTOCOL', `The plugin ${program.name} broke the protocol: ${error.message}`)),
      ended: () => void this.stop(),
      flooded: () => this.#floods.run(() => log.warn('the plugin sends too many messages; it is read more slowly')),
    })
    this.calls = new Calls(this.pipe, program.name)
    this.publications = new Publications(this.pipe)
    this.subscriptions = new Subscriptions(this.pipe)
    const { pipe, publications, subscriptions, pulls, pushes } = this
    this.requests = new Requests({ pipe, publications, subscriptions, pulls, pushes, ctx: () => this.ctx })
    this.#hello.promise.catch(() => {})
    this.ended = this.process.exited.then((exit) => this.#finish(exit))
    this.pipe.send({ id: 0, hello: { version: versions.highest, minVersion: versions.lowest, agent } })
  }

  get hello(): Promise<Hello> {
    return this.#hello.promise
  }

  stop(): Promise<ShoalError> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  kill(reason: ShoalError): Promise<ShoalError> {
    this.#reason ??= reason
    this.process.kill()
    return this.ended
  }

  async #stop(): Promise<ShoalError> {
    const { times } = this.options
    if (this.ctx && !this.pipe.closed) await this.calls.call({ shutdown: {} }, { what: 'shutdown', timeout: times.shutdown }).catch(() => {})
    void this.process.stop()
    return this.ended
  }

  #finish(exit: ProcessExit): ShoalError {
    const { name } = this.options.program
    const reason = this.#reason ?? new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ${exit.text}${this.#lastWords(exit)}.`)
    this.pipe.close()
    this.calls.end(reason)
    this.requests.end(reason)
    this.publications.end(this.#stopping ? undefined : reason)
    this.subscriptions.end()
    return reason
  }

  /** The last line it printed is often why it ended. */
  #lastWords(exit: ProcessExit): string {
    const line = exit.code === 0 ? undefined : this.process.lastLines.at(-1)
    return line === undefined ? '' : `: ${line}`
  }

  #take(message: PortableMessage, part: Part): void {
    const { id } = message
    if (!this.#said && !message.hello) throw new ShoalError('ERR_PROTOCOL', `Its first message was ${part}, not hello.`)
    if (message.answer) this.calls.answer(id, message.answer)
    else if (message.hello) this.#greet(message.hello)
    else if (message.frames) this.publications.frames(id, message.frames)
    else if (message.credit) this.subscriptions.credit(id, message.credit.bytes)
    else if (isRequest(part)) this.requests.take(message, part)
    else if (message.log) this.#log(message.log)
    else if (message.cancel) this.requests.cancel(id)
    else if (message.tracks) this.publications.tracks(id, message.tracks)
    else if (message.close) this.#close(id, message.close)
    else throw new ShoalError('ERR_PROTOCOL', `A plugin sends no ${part}.`)
  }

  #greet(hello: Hello): void {
    if (this.#said) throw new ShoalError('ERR_PROTOCOL', 'It said hello twice.')
    this.#said = true
    this.#hello.resolve(hello)
  }

  #close(id: number, told: { readonly code: string; readonly message: string }): void {
    if (this.publications.has(id)) this.publications.close(id, told.code === '' ? undefined : errorOf(told, 'ERR_SOURCE_FAILED'))
    else this.subscriptions.close(id)
  }

  #log({ level, message, fields }: LogLine): void {
    if (!isLevel(level)) throw new ShoalError('ERR_PROTOCOL', 'A log line has no level that there is.')
    this.options.log[level](message.slice(0, 8192), fields.byteLength > maxFields ? { fields: 'too large' } : readFields(fields))
  }
}

function isLevel(level: string): level is keyof Logger {
  return levels.includes(level)
}

function readFields(bytes: Uint8Array): Record<string, unknown> {
  const fields = fromJson(bytes, 'The fields of a log line')
  return typeof fields === 'object' && fields !== null ? { ...fields } : {}
}
