/** One run of a portable plugin: its process, the handshake, and everything that is said until it ends. */

import { ShoalError } from '../../../errors.js'
import type { Logger, PluginContext, PullJob, PushJob } from '../../../plugin.js'
import { Throttle } from '../../util/rate.js'
import { abortable, within } from '../../util/wait.js'
import { Nursery } from '../process/nursery.js'
import type { ProcessExit, ProgramLink } from '../process/program-link.js'
import { type CallOptions, Calls } from './calls.js'
import { errorOf, fromJson, type Part, toJson } from './codec.js'
import { type PluginDescription, readHello } from './description.js'
import { maxCalls, maxMessage, maxStreams, type PortableTimes, streamWindow, versions } from './limits.js'
import { MessagePipe } from './pipe.js'
import type { Answer, Hello, LogLine, PortableMessage, ServiceNotice } from './portable.pb.js'
import { closeOf, Publications } from './publications.js'
import { isRequest, Requests } from './requests.js'
import { serviceArguments } from './service-json.js'
import { Subscriptions } from './subscriptions.js'
import { TaskReports } from './task-reports.js'
import { UsedServices } from './used-services.js'

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
  /** How far it stands back behind the daemon for processor time, 0 to 19. */
  readonly nice?: number
}

/** What a session needs. */
export interface SessionOptions {
  readonly program: PortableProgram
  readonly times: PortableTimes
  readonly log: Logger
  /** `shoal/0.1.0`. */
  readonly agent: string
  /** A program that runs already. Absent: it is started … */
  readonly link?: ProgramLink
  /** … by this one; default: one of its own. */
  readonly nursery?: Nursery | undefined
  /** Gets the one-way methods that the process calls. */
  readonly notice?: (slot: string, method: string, values: readonly unknown[]) => void
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
    const link = new SessionLink(options, options.link ?? (await run(options)))
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
      const description = readHello(await abortable(hello, signal), program.name)
      link.uses = description.uses
      return new Session(link, description)
    } catch (error) {
      await link.kill(ShoalError.from(error))
      throw error
    }
  }

  get pid(): number | undefined {
    return this.#link.program.pid
  }

  /** Calls that ran out of time since it last answered one. */
  get unanswered(): number {
    return this.#link.calls.unanswered
  }

  /** What the process did that it should not, for people, though it ended: it had to be killed, or left others behind. */
  get parting(): string | undefined {
    return this.#link.parting
  }

  /** What the process does too much of, for people. */
  get complaint(): string | undefined {
    return this.#link.complaint
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

  /** From now on it writes its lines to this log, and its unasked words go there. The program stays. */
  adopt(options: SessionOptions): void {
    this.#link.options = options
  }

  /** Tells the process without an answer: a one-way method of a slot that it fills. */
  notice(id: number, notice: ServiceNotice): void {
    this.#link.pipe.send({ id, notice })
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
  options: SessionOptions
  readonly program: ProgramLink
  readonly pipe: MessagePipe
  readonly calls: Calls
  readonly publications: Publications
  readonly subscriptions: Subscriptions
  readonly requests: Requests
  readonly services: UsedServices
  readonly tasks = new TaskReports()
  readonly pulls = new Map<number, PullJob>()
  readonly pushes = new Map<number, PushJob>()
  readonly ended: Promise<ShoalError>
  ctx: PluginContext | undefined
  /** Slots that it said it would call. */
  uses: readonly string[] = []
  readonly #hello = Promise.withResolvers<Hello>()
  readonly #floods = new Throttle(10_000)
  #flooded = 0
  parting: string | undefined
  #said = false
  #reason: ShoalError | undefined
  #stopping: Promise<ShoalError> | undefined

  constructor(options: SessionOptions, link: ProgramLink) {
    const { program, log, agent } = options
    this.options = options
    this.program = link
    this.pipe = new MessagePipe(this.program.stdout, this.program.stdin, {
      message: (message, part) => this.#take(message, part),
      broken: (error) => void this.kill(new ShoalError('ERR_PROTOCOL', `The plugin ${program.name} broke the protocol: ${error.message}`)),
      ended: () => void this.stop(),
      flooded: () => this.#flood(log),
    })
    this.calls = new Calls(this.pipe, program.name)
    this.publications = new Publications(this.pipe)
    this.subscriptions = new Subscriptions(this.pipe)
    this.services = new UsedServices(this.pipe, () => this.uses)
    const { pipe, publications, subscriptions, services, pulls, pushes } = this
    this.requests = new Requests({ pipe, publications, subscriptions, services, pulls, pushes, ctx: () => this.ctx })
    this.#hello.promise.catch(() => {})
    this.ended = this.program.exited.then((exit) => this.#finish(exit))
    this.pipe.send({ id: 0, hello: { version: versions.highest, minVersion: versions.lowest, agent } })
  }

  #flood(log: Logger): void {
    this.#flooded++
    this.#floods.run(() => log.warn('the plugin sends too many messages; it is read more slowly'))
  }

  /** What it does too much of, for people. */
  get complaint(): string | undefined {
    const { droppedLines } = this.program
    if (this.#flooded > 0) return `It sends too many messages; ${this.#flooded} times it was made to wait.`
    return droppedLines > 0 ? `It prints too many lines; ${droppedLines} were left out.` : undefined
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
    this.program.kill()
    return this.ended
  }

  async #stop(): Promise<ShoalError> {
    const { times } = this.options
    if (this.ctx && !this.pipe.closed) await this.calls.call({ shutdown: {} }, { what: 'shutdown', timeout: times.shutdown }).catch(() => {})
    void this.program.stop()
    return this.ended
  }

  #finish(exit: ProcessExit): ShoalError {
    const { name } = this.options.program
    if (exit.deaf) this.parting = `The process of the plugin ${name} did not end when it was asked to; it was ended by force.`
    else if (exit.left) this.parting = `The process of the plugin ${name} left others behind when it ended; they were ended.`
    const reason = this.#reason ?? new ShoalError('ERR_PLUGIN_FAILED', `The process of the plugin ${name} ${exit.text}${this.#lastWords(exit)}.`)
    this.pipe.close()
    this.calls.end(reason)
    this.requests.end(reason)
    this.publications.end(this.#stopping ? undefined : reason)
    this.subscriptions.end()
    this.services.end()
    this.tasks.end()
    return reason
  }

  /** The last line it printed is often why it ended. */
  #lastWords(exit: ProcessExit): string {
    const line = exit.code === 0 ? undefined : this.program.lastLines.at(-1)
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
    else if (message.notice) this.#notice(message.notice)
    else if (message.task) this.tasks.take(this.ctx, message.task)
    else if (message.cancel) this.#cancel(id)
    else if (message.tracks) this.publications.tracks(id, message.tracks)
    else if (message.keyWanted) this.subscriptions.wantKey(id)
    else if (message.close) this.#close(id, message.close)
    else throw new ShoalError('ERR_PROTOCOL', `A plugin sends no ${part}.`)
  }

  #greet(hello: Hello): void {
    if (this.#said) throw new ShoalError('ERR_PROTOCOL', 'It said hello twice.')
    this.#said = true
    this.#hello.resolve(hello)
  }

  /** Nobody in the process waits for an answer. Where that is on its way already, what the call opened is nobody's. */
  #cancel(id: number): void {
    if (this.requests.cancel(id)) return
    this.publications.stop(id)
    if (this.subscriptions.has(id)) {
      this.subscriptions.close(id)
      this.pipe.send({ id, close: closeOf(undefined) })
    }
    this.services.close(id)
  }

  #close(id: number, told: { readonly code: string; readonly message: string }): void {
    if (this.publications.has(id)) this.publications.close(id, told.code === '' ? undefined : errorOf(told, 'ERR_SOURCE_FAILED'))
    else if (this.subscriptions.has(id)) this.subscriptions.close(id)
    else this.services.close(id)
  }

  #notice(notice: ServiceNotice): void {
    this.options.notice?.(notice.slot, notice.method, serviceArguments(notice, `The arguments of ${notice.slot}.${notice.method}`.slice(0, 100)))
  }

  #log({ level, message, fields }: LogLine): void {
    if (!isLevel(level)) throw new ShoalError('ERR_PROTOCOL', 'A log line has no level that there is.')
    this.options.log[level](message.slice(0, 8192), fields.byteLength > maxFields ? { fields: 'too large' } : readFields(fields))
  }
}

/** Starts the program, with the short environment of every plugin. */
async function run({ program, times, log, nursery = new Nursery() }: SessionOptions): Promise<ProgramLink> {
  const { command, args = [], folder, env, nice } = program
  const own = { ...env, SHOAL_PLUGIN_PROTOCOL: `${versions.lowest}-${versions.highest}` }
  return await nursery.start({
    command,
    args,
    cwd: folder,
    env: own,
    log,
    stdout: 'pipe',
    grace: { stdin: times.stdin, term: times.term },
    ...(nice !== undefined && { nice }),
  })
}

function isLevel(level: string): level is keyof Logger {
  return levels.includes(level)
}

function readFields(bytes: Uint8Array): Record<string, unknown> {
  const fields = fromJson(bytes, 'The fields of a log line')
  return typeof fields === 'object' && fields !== null ? { ...fields } : {}
}
