/** One RTSP client of the server: what it may ask for, and the stream it publishes or plays. */

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import { encodeResponse, type Fields, headerOf, type RtspRequest, type RtspUnit } from '../../media/rtsp/message.js'
import { parseTransports, type Transport, writeTransport } from '../../media/rtsp/transport.js'
import type { TaskScope } from '../../plugin.js'
import { Watchdog } from '../../receiving/watchdog.js'
import type { Action, Principal } from '../../services.js'
import { authenticate, pathOf, permit, placeOf, shownBy } from './access.js'
import { Connection } from './connection.js'
import { DigestDoor } from './digest-door.js'
import { PlayRole } from './play-role.js'
import { PublishRole } from './publish-role.js'
import type { Role, RoleHost, SessionHost } from './role.js'
import { statusOf } from './status.js'
import { UdpPair } from './udp-pair.js'

const methods = 'OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, PAUSE, RECORD, TEARDOWN, GET_PARAMETER, SET_PARAMETER'

/** Media that one client may set up. */
const maxLines = 16

/** A client's session. `run` is its whole life. */
export class Session {
  readonly #host: SessionHost
  readonly #scope: TaskScope
  readonly #connection: Connection
  readonly #id = randomBytes(8).toString('hex')
  readonly #door: DigestDoor
  #idle: Watchdog
  /** Media by channel. */
  readonly #channels = new Map<number, { medium: number; report: boolean }>()
  readonly #pairs: UdpPair[] = []
  #role: Role | undefined
  #held: { who: Principal; action: Action['action']; path: string } | undefined
  #started = false
  #reason: unknown
  #ending = false

  constructor(socket: Socket, host: SessionHost, scope: TaskScope) {
    const { idleTimeout, stallTimeout } = host.ctx.config
    this.#host = host
    this.#scope = scope
    this.#connection = new Connection(socket, stallTimeout)
    this.#door = new DigestDoor(host.ctx, host.nonces, this.#connection.address)
    this.#idle = this.#watch(idleTimeout)
  }

  /** Serves the client until it goes or is cut. Rejects with what was wrong, when something was. */
  async run(): Promise<void> {
    const { signal } = this.#scope
    const stop = (): void => this.#finish(undefined, 200)
    signal.addEventListener('abort', stop, { once: true })
    const over = new AbortController()
    void this.#watchPermission(over.signal)
    try {
      await this.#connection.run((unit) => this.#take(unit))
    } catch (error) {
      // Once it is ending, how the socket closes says nothing.
      if (!this.#ending) this.#reason ??= error
    } finally {
      signal.removeEventListener('abort', stop)
      over.abort()
      this.#ending = true
      this.#idle.stop()
      this.#release()
      await this.#connection.end()
    }
    if (this.#reason !== undefined) throw this.#reason
  }

  #watch(ms: number): Watchdog {
    return new Watchdog(ms, () => {
      if (this.#started && this.#role?.lively) this.#idle = this.#watch(ms)
      else this.#connection.cut(new ShoalError('ERR_TIMEOUT', `${this.#connection.name} sent nothing for ${ms} ms.`))
    })
  }

  async #watchPermission(signal: AbortSignal): Promise<void> {
    const { ctx } = this.#host
    try {
      for await (const _ of ctx.use('permission').changes?.(signal) ?? []) {
        const held = this.#held
        if (!held) continue
        await permit(ctx, held.who, held.action, held.path).catch((error: unknown) => this.#held === held && this.#finish(error))
      }
    } catch (error) {
      ctx.log.debug('permission is not watched any more', { reason: String(error) })
    }
  }

  #take(unit: RtspUnit): void | Promise<void> {
    if (this.#ending) return
    this.#idle.touch()
    if (unit.type === 'request') return this.#request(unit)
    if (unit.type !== 'data') return
    const target = this.#channels.get(unit.channel)
    if (target && this.#started) this.#packet(target.medium, unit.packet, target.report)
  }

  #packet(medium: number, bytes: Uint8Array, report: boolean): void {
    try {
      this.#role?.packet(medium, bytes, report)
    } catch (error) {
      this.#finish(error)
    }
  }

  async #request(request: RtspRequest): Promise<void> {
    try {
      await this.#answer(request)
    } catch (error) {
      if (this.#ending) return
      const { code, message, hint } = ShoalError.from(error)
      const challenge = code === 'ERR_UNAUTHENTICATED' ? { 'WWW-Authenticate': this.#door.challenges() } : {}
      this.#host.ctx.log.debug('request refused', { method: request.method, client: this.#connection.name, code, reason: message })
      this.#respond(
        request,
        statusOf(error),
        { ...challenge, 'X-Error': code },
        `${message}${code === 'ERR_CODEC_UNSUPPORTED' && hint !== undefined ? ` ${hint}` : ''}\r\n`,
      )
    }
  }

  #respond(request: RtspRequest, status: number, fields: Fields = {}, text = ''): void {
    const type = text !== '' && fields['Content-Type'] === undefined ? { 'Content-Type': 'text/plain' } : {}
    const all = { CSeq: headerOf(request.headers, 'cseq'), Server: 'Shoal', ...type, ...fields }
    this.#connection.send(encodeResponse(status, all, text))
  }

  async #answer(request: RtspRequest): Promise<void> {
    const timeout = Math.max(1, Math.floor(this.#host.ctx.config.idleTimeout / 1000))
    const session = { Session: `${this.#id};timeout=${timeout}` }
    switch (request.method) {
      case 'OPTIONS':
        return this.#respond(request, 200, { Public: methods })
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return this.#respond(request, 200, session)
      case 'DESCRIBE':
        return this.#describe(request)
      case 'ANNOUNCE':
        return this.#announce(request)
      case 'SETUP':
        return this.#setup(request, session)
      case 'PLAY':
      case 'RECORD':
        return this.#start(request, session)
      case 'PAUSE':
        this.#role?.pause()
        return this.#respond(request, 200, session)
      case 'TEARDOWN':
        this.#respond(request, 200, session)
        return this.#finish()
      default:
        return this.#respond(request, 501)
    }
  }

  async #describe(request: RtspRequest): Promise<void> {
    const path = await this.#admit(request, 'stream.read')
    const role = await PlayRole.open(this.#roleHost(), path)
    if (this.#ending) return role.close()
    this.#role = role
    const base = `${request.uri.replace(/\/+$/, '')}/`
    this.#respond(request, 200, { 'Content-Base': base, 'Content-Type': 'application/sdp' }, role.description)
  }

  async #announce(request: RtspRequest): Promise<void> {
    const path = await this.#admit(request, 'stream.publish')
    this.#role = new PublishRole(this.#roleHost(), path, Buffer.from(request.body).toString('utf8'))
    this.#respond(request, 200)
  }

  #roleHost(): RoleHost {
    return { ...this.#host, connection: this.#connection, scope: this.#scope, finish: (reason) => this.#finish(reason) }
  }

  /** Settles path, identity and permission of a publish or play. */
  async #admit(request: RtspRequest, action: Action['action']): Promise<string> {
    const { ctx } = this.#host
    const path = pathOf(request.uri)
    if (this.#started) throw new ShoalError('ERR_PROTOCOL', `${request.method} while a stream runs.`)
    this.#release()
    const { address } = this.#connection
    const who = (await this.#door.answered(request, placeOf(address))) ?? (await authenticate(ctx, shownBy(request), address))
    // held before it is asked for: no change can slip in between
    this.#held = { who, action, path }
    await permit(ctx, who, action, path)
    if (this.#ending) throw new ShoalError('ERR_ABORTED')
    return path
  }

  async #setup(request: RtspRequest, session: Fields): Promise<void> {
    const role = this.#role
    if (!role || this.#started) return this.#respond(request, 455, session)
    const medium = role.mediumOf(request.uri)
    // media by UDP would not be encrypted
    const isPossible = ({ kind, clientPort }: Transport): boolean => kind === 'tcp' || (clientPort !== undefined && !this.#host.secure)
    const transport = parseTransports(headerOf(request.headers, 'transport') ?? '').find(isPossible)
    if (!transport) return this.#respond(request, 461, session)
    if (this.#channels.size + this.#pairs.length >= maxLines) throw new ShoalError('ERR_LIMIT', `More than ${maxLines} media.`)
    const agreed = transport.kind === 'tcp' ? this.#interleave(role, medium, transport) : await this.#bind(role, medium, transport)
    this.#respond(request, 200, { ...session, Transport: writeTransport({ ...agreed, record: role.action === 'stream.publish' }) })
  }

  #interleave(role: Role, medium: number, { interleaved }: Transport): Transport {
    const [channel, report] = interleaved ?? [medium * 2, medium * 2 + 1]
    this.#channels.set(channel, { medium, report: false })
    this.#channels.set(report, { medium, report: true })
    role.add(medium, { channel, report })
    return { kind: 'tcp', record: false, interleaved: [channel, report] }
  }

  async #bind(role: Role, medium: number, { clientPort }: Transport): Promise<Transport> {
    const { localAddress, address } = this.#connection
    const ports = clientPort ?? [0, 0]
    const udp = await UdpPair.bind(localAddress, address, ports)
    if (this.#ending) udp.close()
    this.#pairs.push(udp)
    udp.take = (bytes, report) => {
      this.#idle.touch()
      if (this.#started) this.#packet(medium, bytes, report)
    }
    role.add(medium, { udp })
    return { kind: 'udp', record: false, clientPort: ports, serverPort: udp.ports }
  }

  #start(request: RtspRequest, session: Fields): void {
    const role = this.#role
    const wanted = request.method === 'PLAY' ? 'stream.read' : 'stream.publish'
    if (role?.action !== wanted || this.#channels.size + this.#pairs.length === 0) {
      this.#respond(request, 455, session)
      return
    }
    this.#started = true
    this.#respond(request, 200, { ...session, ...(request.method === 'PLAY' && { Range: 'npt=now-' }) })
    role.start()
  }

  #finish(reason?: unknown, linger?: number): void {
    if (this.#ending) return
    this.#reason ??= reason
    this.#ending = true
    this.#release()
    void this.#connection.end(linger)
  }

  /** What is published or played ends. */
  #release(): void {
    this.#role?.close()
    this.#role = undefined
    this.#held = undefined
    this.#channels.clear()
    for (const pair of this.#pairs.splice(0)) pair.close()
  }
}
