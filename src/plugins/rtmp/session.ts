/** One RTMP client of the server: the commands it may send, and the streams it publishes and plays. */

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import { type Command, decodeCommand, enhancedCapabilities, isCommand, objectOf, printable, textOf } from '../../media/rtmp/command.js'
import { handshakeRandomSize, ServerHandshake } from '../../media/rtmp/handshake.js'
import { type Message, protocolError, UserControlType } from '../../media/rtmp/message.js'
import type { PluginContext, Task, TaskScope } from '../../plugin.js'
import { Watchdog } from '../../receiving/watchdog.js'
import type { Principal } from '../../services.js'
import type { Publication, Track, TrackKind } from '../../stream.js'
import { namingVersions } from '../../viewing/versions.js'
import { authenticate, Permits, pathOf, type Shown, splitName } from './access.js'
import type { RtmpConfig } from './config.js'
import { Connection } from './connection.js'
import { Ingest } from './ingest.js'
import { type FrameChunks, sendStream } from './player.js'
import { failure, success, type Verb } from './status.js'

/** What sessions share. */
export interface SessionHost {
  readonly ctx: PluginContext<RtmpConfig>
  readonly chunks: FrameChunks
}

/** Message streams one client may have at a time. Low ids, used again, let viewers share the chunks of frames. */
const maxStreams = 8

/** What a message stream is used for. */
type Role =
  | { readonly verb: 'Publish'; readonly path: string; readonly ingest: Ingest; readonly held: Publication | undefined }
  | { readonly verb: 'Play'; readonly path: string; readonly kinds: readonly TrackKind[] | undefined; task: Task | undefined }

type PlayRole = Extract<Role, { readonly verb: 'Play' }>

/** A client's session. `run` is its whole life. */
export class Session {
  readonly #host: SessionHost
  readonly #scope: TaskScope
  readonly #connection: Connection
  readonly #roles = new Map<number, Role>()
  /** Ids of message streams it created. */
  readonly #streams = new Set<number>()
  readonly #permits: Permits
  #app: string | undefined
  #shown: Shown = {}
  #idle: Watchdog
  /** Why the session ends, once it does. */
  #reason: unknown
  #ending = false

  constructor(socket: Socket, host: SessionHost, scope: TaskScope) {
    const { handshakeTimeout } = host.ctx.config
    this.#host = host
    this.#scope = scope
    this.#connection = new Connection(socket, host.ctx.config)
    this.#permits = new Permits(host.ctx, (stream, error) => this.#refuse(stream, this.#roles.get(stream)?.verb ?? 'Play', error))
    const late = (): void => this.#connection.cut(new ShoalError('ERR_TIMEOUT', `no connect within ${handshakeTimeout} ms.`))
    this.#idle = new Watchdog(handshakeTimeout, late)
  }

  /** Serves the client until it goes or is cut. Rejects with what was wrong, when something was. */
  async run(): Promise<void> {
    const { signal } = this.#scope
    const stop = (): void => void this.#finish(undefined, 200)
    signal.addEventListener('abort', stop, { once: true })
    const over = new AbortController()
    const watching = this.#permits.watch(over.signal)
    watching.catch(() => {})
    try {
      await this.#connection.run(new ServerHandshake(randomBytes(handshakeRandomSize)), {
        opened: () => {},
        message: (message) => this.#message(message),
      })
    } catch (error) {
      // Once it is ending, how the socket closes says nothing.
      if (!this.#ending) this.#reason ??= error
    } finally {
      signal.removeEventListener('abort', stop)
      over.abort()
      this.#ending = true
      this.#idle.stop()
      for (const stream of [...this.#roles.keys()]) this.#release(stream)
      await this.#connection.end()
    }
    if (this.#reason !== undefined) throw this.#reason
  }

  /** One message; a promise only where something has to be asked. */
  #message(message: Message): void | Promise<void> {
    if (this.#ending) return
    if (isCommand(message)) return this.#command(decodeCommand(message), message.stream)
    const role = this.#roles.get(message.stream)
    if (role?.verb !== 'Publish') return
    try {
      role.ingest.push(message)
    } catch (error) {
      this.#refuse(message.stream, 'Publish', error)
    }
  }

  #command(command: Command, stream: number): void | Promise<void> {
    if (command.name === 'connect') return this.#connect(command)
    if (this.#app === undefined) throw protocolError(`${printable(command.name)} before connect.`)
    switch (command.name) {
      case 'createStream':
        return this.#createStream(command)
      case 'publish':
        return this.#publish(command, stream)
      case 'play':
        return this.#play(command, stream)
      case 'pause':
        return this.#pause(command, stream)
      case 'closeStream':
        return this.#release(stream)
      case 'deleteStream':
        return this.#deleteStream(typeof command.args[0] === 'number' ? command.args[0] : stream)
      case 'releaseStream':
      case 'FCPublish':
      case 'FCUnpublish':
        return this.#reply(command, undefined)
      case 'getStreamLength':
        return this.#reply(command, 0)
      default:
        this.#host.ctx.log.debug('unknown command passed over', { command: printable(command.name), client: this.#connection.name })
    }
  }

  #reply(command: Command, value: number | undefined): void {
    if (command.transaction !== 0) this.#connection.command(0, '_result', command.transaction, null, value)
  }

  async #connect(command: Command): Promise<void> {
    if (this.#app !== undefined) throw protocolError('connect twice.')
    const { name, shown } = splitName(textOf(objectOf(command.object)['app']))
    const connection = this.#connection
    connection.announce(this.#host.ctx.config.chunkSize, { bandwidth: true })
    // Most encoders show their credentials with the stream name; only what is shown here is judged here.
    if (Object.keys(shown).length > 0) {
      await this.#ask('Connect', 0, () => authenticate(this.#host.ctx, shown, connection.address), command.transaction)
      if (this.#ending) return
    }
    this.#shown = shown
    this.#app = name
    this.#watchIdle()
    const info = { ...success('NetConnection.Connect.Success', 'Connection succeeded.'), objectEncoding: 0, ...enhancedCapabilities() }
    connection.command(0, '_result', command.transaction, { fmsVer: 'FMS/3,0,1,123', capabilities: 31, ...enhancedCapabilities() }, info)
  }

  #createStream(command: Command): void {
    let stream = 1
    while (this.#streams.has(stream)) stream++
    if (stream > maxStreams) throw protocolError(`more than ${maxStreams} message streams.`)
    this.#streams.add(stream)
    this.#reply(command, stream)
  }

  #deleteStream(stream: number): void {
    this.#release(stream)
    this.#streams.delete(stream)
  }

  async #publish(command: Command, stream: number): Promise<void> {
    const { takeover } = this.#host.ctx.config
    const path = await this.#admit('Publish', command, stream)
    if (path === undefined) return
    let held: Publication | undefined
    try {
      // Holding the path tells a second publisher at once. One that takes over opens it when it has something to show.
      if (!takeover) held = this.#open(path, [], stream)
    } catch (error) {
      this.#refuse(stream, 'Publish', error)
      return
    }
    const ingest = new Ingest((tracks) => {
      const publication = held ?? this.#open(path, tracks, stream)
      for (const track of tracks) held?.update(track)
      this.#host.ctx.log.info('publishing', { path, client: this.#connection.name, tracks: tracks.map((track) => track.codec) })
      return publication
    })
    this.#roles.set(stream, { verb: 'Publish', path, ingest, held })
    this.#idle.stop()
    this.#connection.userControl(UserControlType.streamBegin, stream)
    this.#connection.status(stream, success('NetStream.Publish.Start', `Publishing ${path}.`))
  }

  #open(path: string, tracks: readonly Track[], stream: number): Publication {
    const { ctx } = this.#host
    const publication = ctx.streams.publish(path, tracks, { takeover: ctx.config.takeover })
    publication.signal.addEventListener('abort', () => this.#stopped(stream, publication.signal.reason), { once: true })
    return publication
  }

  async #play(command: Command, stream: number): Promise<void> {
    const path = await this.#admit('Play', command, stream)
    if (path === undefined) return
    const { kinds } = splitName(textOf(command.args[0]))
    const role: Role = { verb: 'Play', path, kinds, task: undefined }
    this.#roles.set(stream, role)
    this.#idle.stop()
    role.task = this.#runPlay(role, stream)
  }

  /** Settles path, identity and permission of a publish or play; absent when it was refused. */
  async #admit(verb: 'Publish' | 'Play', command: Command, stream: number): Promise<string | undefined> {
    const { ctx } = this.#host
    if (!this.#streams.has(stream)) throw protocolError(`${command.name} on message stream ${stream}, which was not created.`)
    const { name, shown } = splitName(textOf(command.args[0]))
    const path = pathOf(this.#app ?? '', name)
    return this.#ask(verb, stream, async () => {
      if (name === '') throw new ShoalError('ERR_PATH_INVALID', `${command.name} without a stream name.`)
      if (this.#roles.has(stream)) throw new ShoalError('ERR_STREAM_TAKEN', `Message stream ${stream} is in use already.`)
      const who: Principal = await authenticate(ctx, { ...this.#shown, ...shown }, this.#connection.address)
      await this.#permits.take(stream, who, verb === 'Publish' ? 'stream.publish' : 'stream.read', path)
      return path
    })
  }

  /** Runs `question`; a failure becomes the client's refusal. Does not outlive the session. */
  async #ask<T>(verb: Verb, stream: number, question: () => Promise<T>, transaction = 0): Promise<T | undefined> {
    const { signal } = this.#scope
    let stop = (): void => {}
    const aborted = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined)
      signal.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([question(), aborted])
    } catch (error) {
      this.#refuse(stream, verb, error, transaction)
      return undefined
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #runPlay(role: PlayRole, stream: number): Task {
    const { path } = role
    return this.#scope.run(`play ${path}`, async ({ signal }) => {
      try {
        await this.#playStream(role, stream, signal)
      } catch (error) {
        if (!signal.aborted) this.#refuse(stream, 'Play', namingVersions(ShoalError.from(error), this.#host.ctx.streams.versions(path)))
      }
    })
  }

  async #playStream({ path, kinds }: PlayRole, stream: number, signal: AbortSignal): Promise<void> {
    const { ctx, chunks } = this.#host
    const connection = this.#connection
    const wish = { wait: ctx.config.playWait, batch: ctx.config.batch, signal, reader: `rtmp ${connection.name}` }
    const subscription = await ctx.streams.subscribe(path, { ...wish, ...(kinds && { tracks: kinds }) })
    try {
      connection.userControl(UserControlType.streamBegin, stream)
      connection.status(stream, success('NetStream.Play.Start', `Playing ${path}.`))
      const sent = sendStream(subscription, { connection, stream, chunks, whole: true })
      // the first pictures are on their way
      ctx.log.info('playing', { path, client: connection.name })
      await sent
    } finally {
      subscription.close()
      ctx.log.info('play ended', { path, client: connection.name, dropped: subscription.dropped })
    }
    if (signal.aborted) return
    connection.userControl(UserControlType.streamEof, stream)
    connection.status(stream, success('NetStream.Play.UnpublishNotify', `${path} has ended.`))
    this.#roles.delete(stream)
    this.#permits.drop(stream)
    if (this.#roles.size === 0) await this.#finish(undefined)
  }

  /** Stops or goes on sending; a live stream goes on at the newest key frame. */
  #pause(command: Command, stream: number): void {
    const role = this.#roles.get(stream)
    if (role?.verb !== 'Play') return
    const wanted = command.args[0] === true
    if (wanted === (role.task === undefined)) return
    void role.task?.stop()
    role.task = wanted ? undefined : this.#runPlay(role, stream)
    const code = wanted ? 'NetStream.Pause.Notify' : 'NetStream.Unpause.Notify'
    this.#connection.status(stream, success(code, `${role.path} is ${wanted ? 'paused' : 'going on'}.`))
  }

  /** The hub ended a publication: by request, takeover or timeout. */
  #stopped(stream: number, reason: unknown): void {
    if (this.#roles.get(stream)?.verb === 'Publish') this.#refuse(stream, 'Publish', reason)
  }

  /** Tells the client what failed, and ends the session. */
  #refuse(stream: number, verb: Verb, error: unknown, transaction = 0): void {
    if (this.#ending) return
    const status = failure(verb, error)
    if (verb === 'Connect') this.#connection.command(0, '_error', transaction, null, { ...status })
    else this.#connection.status(stream, status)
    void this.#finish(error)
  }

  /** Ends the session after what was said is handed over. */
  async #finish(reason: unknown, linger?: number): Promise<void> {
    this.#reason ??= reason
    this.#ending = true
    for (const stream of [...this.#roles.keys()]) this.#release(stream)
    await this.#connection.end(linger)
  }

  /** Frees a message stream: what it published or played ends. */
  #release(stream: number): void {
    const role = this.#roles.get(stream)
    if (!role) return
    this.#roles.delete(stream)
    this.#permits.drop(stream)
    if (role.verb === 'Play') void role.task?.stop()
    else {
      role.ingest.close()
      role.held?.close()
      this.#host.ctx.log.info('publish ended', { path: role.path, client: this.#connection.name })
    }
    if (this.#roles.size === 0 && !this.#ending) this.#watchIdle()
  }

  #watchIdle(): void {
    const { idleTimeout } = this.#host.ctx.config
    this.#idle.stop()
    this.#idle = new Watchdog(idleTimeout, () => this.#connection.cut(new ShoalError('ERR_IDLE', `neither publish nor play for ${idleTimeout} ms.`)))
  }
}
