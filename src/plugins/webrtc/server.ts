/** WHEP and WHIP over HTTP: opens sessions, keeps the list of them, ends them. */

import type { OutgoingHttpHeaders } from 'node:http'
import { ShoalError } from '../../errors.js'
import { type Description, isTcp, isUsable, parseDescription, type Transport } from '../../media/webrtc/description.js'
import { writeDescription } from '../../media/webrtc/write-description.js'
import type { HttpExchange, PluginContext } from '../../plugin.js'
import type { Publication, StreamVersion, Subscription, Track } from '../../stream.js'
import { sendError } from '../../viewing/answer.js'
import { addressOf, wantedTracks } from '../../viewing/request.js'
import { namingVersions } from '../../viewing/versions.js'
import { fragmentType, linkTo, locationOf, Refusal, readBody, sdpType, sendCreated, sendEmpty } from './answer.js'
import type { ClientParts } from './client.js'
import type { WebRtcConfig } from './config.js'
import { lookAhead } from './delivery.js'
import { MediaPort } from './media-port.js'
import { Peer } from './peer.js'
import { Publisher, planPublish } from './publisher.js'
import { newSessionId, offersData, type Session, type SessionInfo } from './session.js'
import { TcpDoor } from './tcp-door.js'
import { planView, type ViewPlan } from './view-answer.js'
import { betterVersion, type Shortcoming } from './view-version.js'
import { Viewer } from './viewer.js'

/** What `GET /webrtc/info` answers. */
export interface WebRtcInfo {
  readonly host: string
  readonly port: number
  /** Is the native library in use? */
  readonly library: 'loaded' | 'not loaded'
  readonly sessions: number
  /** Clients on the TCP port of the same number; absent where another program has that. */
  readonly tcpConnections?: number
  /** Since the start. */
  readonly opened: number
  readonly refused: number
}

/** A client tries each of its networks. */
const connectionsEach = 4

/** A client's request, read. */
interface Asked {
  readonly path: string
  readonly offer: Description
  readonly exchange: HttpExchange
}

/** The clients of one plugin instance. */
export class WebRtcServer {
  readonly #ctx: PluginContext<WebRtcConfig>
  readonly #port: MediaPort
  readonly #door: TcpDoor | undefined
  readonly #parts: ClientParts
  readonly #sessions = new Map<string, Session>()
  #opening = 0
  #opened = 0
  #refused = 0

  private constructor(ctx: PluginContext<WebRtcConfig>, parts: ClientParts, { port, door }: Ports) {
    this.#ctx = ctx
    this.#parts = parts
    this.#port = port
    this.#door = door
  }

  /** Takes the port. Rejects with `ERR_PORT_IN_USE`, `ERR_START_FAILED`. */
  static async start(ctx: PluginContext<WebRtcConfig>, parts: ClientParts): Promise<WebRtcServer> {
    const { host, port: wanted } = ctx.config
    const port = await MediaPort.bind(host, wanted)
    const door = await openDoor(ctx, port.port)
    const server = new WebRtcServer(ctx, parts, { port, door })
    ctx.signal.addEventListener('abort', () => server.#stop(), { once: true })
    ctx.log.info('listening', { host, port: port.port, tcp: door !== undefined })
    return server
  }

  info(): WebRtcInfo {
    const { host, port } = this.#port
    const tcp = this.#door && { tcpConnections: this.#door.connections }
    return { host, port, library: this.#parts.library.state, sessions: this.#sessions.size, ...tcp, opened: this.#opened, refused: this.#refused }
  }

  sessions(): readonly SessionInfo[] {
    return [...this.#sessions.values()].map((session) => session.info())
  }

  /** WHEP: answers an offer with the stream. */
  async view(path: string, exchange: HttpExchange): Promise<void> {
    await this.#answered(exchange, async () => this.#view({ path, exchange, offer: await readOffer(exchange) }))
  }

  /** WHIP: takes a stream. */
  async publish(path: string, exchange: HttpExchange): Promise<void> {
    await this.#answered(exchange, async () => this.#publish({ path, exchange, offer: await readOffer(exchange) }))
  }

  /** PATCH: candidates that came later. */
  async change(_path: string, id: string, exchange: HttpExchange): Promise<void> {
    await this.#answered(exchange, async () => {
      const session = this.#sessionOf(id)
      const fragment = await readBody(exchange, fragmentType)
      const match = exchange.request.headers['if-match']
      if (match !== undefined && match !== '*' && match !== '"1"')
        throw new Refusal(412, new ShoalError('ERR_REQUEST_INVALID', 'This session has another ETag.'))
      const candidates = candidatesOf(fragment)
      if (candidates === undefined) throw new Refusal(422, new ShoalError('ERR_REQUEST_INVALID', 'ICE is not restarted here; open a new session.'))
      for (const candidate of candidates) session.peer.addCandidate(candidate)
      sendEmpty(exchange, 204)
    })
  }

  /** DELETE: ends a session. */
  async close(_path: string, id: string, exchange: HttpExchange): Promise<void> {
    await this.#answered(exchange, async () => {
      this.#sessionOf(id).peer.close()
      sendEmpty(exchange, 200)
    })
  }

  /** Asks again whether clients may go on, after each change of permissions. */
  async watchPermissions(signal: AbortSignal): Promise<void> {
    const permission = this.#ctx.use('permission')
    for await (const _ of permission.changes?.(signal) ?? []) {
      for (const session of [...this.#sessions.values()]) {
        const answer = await permission.allows(session.who, { action: session.action, target: session.path })
        if (answer !== true) session.peer.close(new ShoalError('ERR_FORBIDDEN', typeof answer === 'string' ? answer : undefined))
      }
    }
  }

  async #view({ path, offer, exchange }: Asked): Promise<void> {
    const { streams, config } = this.#ctx
    const data = offersData(offer)
    const tracks = [...wantedTracks(exchange.query), ...(data ? (['data'] as const) : [])]
    const address = addressOf(exchange)
    const subscribe = (): Promise<Subscription> => streams.subscribe(path, { tracks, wait: config.wait, signal: this.#ctx.signal, reader: `webrtc ${address}` })
    const first = await subscribe()
    let plan: ViewPlan
    try {
      plan = await this.#planned({ path, offer, exchange }, first)
    } finally {
      first.close()
    }
    const told = await this.#leftOut({ path, offer, exchange }, plan, first.tracks)
    const { peer, local } = await this.#peer(offer, data, `view ${path}`)
    const dataTracks = data ? first.tracks.filter(({ kind }) => kind === 'data') : []
    for (const { id, codec } of dataTracks) peer.open({ label: `${id}`, protocol: codec })
    const viewer = new Viewer({ carried: plan.carried, peer, who: exchange.who, address, packets: this.#parts.packets, subscribe }, await subscribe())
    const id = this.#keep(viewer, () => viewer.run())
    sendCreated(exchange, locationOf(exchange, id), writeDescription(local, plan.sections), told)
  }

  /** What a viewer gets. Rejects with `ERR_CODEC_UNSUPPORTED` (406), and the version that it could have instead, where the stream has one. */
  async #planned(asked: Asked, subscription: Subscription): Promise<ViewPlan> {
    const { path, offer } = asked
    const { tracks } = subscription
    let plan: ViewPlan | undefined
    try {
      plan = planView(path, offer, tracks)
      await lookAhead(subscription, plan)
      return plan
    } catch (error) {
      const version = error instanceof Refusal ? await this.#versionFor(asked, { tracks, carried: 0, reordered: plan !== undefined }) : undefined
      if (!(error instanceof Refusal) || !version) throw error
      throw new Refusal(error.status, namingVersions(error, [version]), linkTo(version.path, path))
    }
  }

  /** Headers that say what of a stream a viewer does not get, and where it would. */
  async #leftOut(asked: Asked, { left, carried }: ViewPlan, tracks: readonly Track[]): Promise<OutgoingHttpHeaders> {
    if (left.length === 0) return {}
    const leftOut = left.map(({ codec }) => codec)
    const version = await this.#versionFor(asked, { tracks, carried: carried.length, reordered: false })
    this.#ctx.log.info('tracks left out', { path: asked.path, client: addressOf(asked.exchange), leftOut, ...(version && { version: version.path }) })
    return { 'Shoal-Left-Out': leftOut.join(', '), ...(version && linkTo(version.path, asked.path)) }
  }

  /** A version that this viewer can take, and may. */
  async #versionFor({ path, offer, exchange }: Asked, lacking: Shortcoming): Promise<StreamVersion | undefined> {
    const permission = this.#ctx.use('permission')
    const allowed: StreamVersion[] = []
    for (const version of this.#ctx.streams.versions(path))
      if ((await permission.allows(exchange.who, { action: 'stream.read', target: version.path })) === true) allowed.push(version)
    return betterVersion(offer, lacking, allowed)
  }

  async #publish({ path, offer, exchange }: Asked): Promise<void> {
    const { streams, config, log } = this.#ctx
    const plan = planPublish(offer)
    // Holding the path tells a second publisher at once. One that takes over opens it when it has something to show.
    const receiving: { by?: Publisher } = {}
    const keyWanted = (): void => receiving.by?.wantKey()
    const asked = { keyWanted, sourceStats: () => receiving.by?.stats() ?? {} }
    const held = config.takeover ? undefined : streams.publish(path, [], asked)
    try {
      const { peer, local } = await this.#peer(offer, offersData(offer), `publish ${path}`)
      const address = addressOf(exchange)
      const open = (tracks: readonly Track[]): Publication => {
        log.info('publishing', { path, client: address, tracks: tracks.map(({ codec }) => codec) })
        for (const track of tracks) held?.update(track)
        return held ?? streams.publish(path, tracks, { takeover: true, ...asked })
      }
      void peer.over.then(() => held?.close())
      const publisher = new Publisher({ path, plan, peer, who: exchange.who, address, open })
      receiving.by = publisher
      const id = this.#keep(publisher, () => publisher.run())
      sendCreated(exchange, locationOf(exchange, id), writeDescription(local, plan.sections))
    } catch (error) {
      held?.close()
      throw error
    }
  }

  /** A connection that answers `offer`, under all addresses that are known. */
  async #peer(offer: Description, data: boolean, name: string): Promise<{ readonly peer: Peer; readonly local: Transport }> {
    const library = await this.#parts.library.load()
    const giveBack = await this.#port.lend()
    try {
      const { peer, local } = await Peer.answer({ library, name, shared: this.#port, stunServers: this.#parts.stunServers, data }, offer.transport)
      void peer.over.then(giveBack)
      const more = this.#ctx.config.addresses.map((address, i) => hostCandidate(address, this.#port.port, i))
      const all = [...local.candidates, ...more]
      return { peer, local: { ...local, candidates: [...all, ...(this.#door ? tcpCandidates(all, this.#port.port) : [])] } }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  /** Adds a session, supervised until it ends; returns its id. */
  #keep(session: Session, run: () => Promise<void>): string {
    const { log, config } = this.#ctx
    const id = newSessionId()
    const { peer, path } = session
    this.#sessions.set(id, session)
    this.#opened++
    const late = setTimeout(
      () => peer.close(new ShoalError('ERR_TIMEOUT', `The client did not connect within ${config.connectTimeout} ms.`)),
      config.connectTimeout,
    )
    peer.connected.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    )
    this.#ctx.run(`${session.action === 'stream.read' ? 'view' : 'publish'} ${path}`, async () => {
      let outcome: unknown
      try {
        await run()
      } catch (error) {
        outcome = peer.reason ?? error
      }
      this.#sessions.delete(id)
      peer.close(outcome)
      const { code } = outcome === undefined ? { code: undefined } : ShoalError.from(outcome)
      log.info('session ended', { ...session.info(), ...(code !== undefined && { reason: code, message: ShoalError.from(outcome).message }) })
    })
    return id
  }

  #sessionOf(id: string): Session {
    const session = this.#sessions.get(id)
    if (!session) throw new ShoalError('ERR_NOT_FOUND', 'There is no such session; it may have ended.')
    return session
  }

  async #answered(exchange: HttpExchange, respond: () => Promise<void>): Promise<void> {
    if (this.#opening + this.#sessions.size >= this.#ctx.config.maxSessions && exchange.request.method === 'POST') {
      this.#refused++
      sendError(exchange, new ShoalError('ERR_LIMIT', `There are ${this.#ctx.config.maxSessions} WebRTC clients already.`))
      return
    }
    this.#opening++
    try {
      await respond()
    } catch (error) {
      this.#refused++
      const refusal = error instanceof ShoalError ? error : ShoalError.from(error)
      this.#ctx.log.debug('request refused', { client: addressOf(exchange), reason: refusal.code, message: refusal.message })
      if (!exchange.signal.aborted) sendError(exchange, refusal, refusal instanceof Refusal ? refusal.headers : {})
    } finally {
      this.#opening--
    }
  }

  #stop(): void {
    for (const { peer } of this.#sessions.values()) peer.close(new ShoalError('ERR_STOPPING'))
    this.#sessions.clear()
    this.#port.close()
    this.#door?.close()
  }
}

/** What a server listens to. */
interface Ports {
  readonly port: MediaPort
  readonly door: TcpDoor | undefined
}

/** The way in by TCP; clients that get through by UDP do without it. */
async function openDoor({ config, log }: PluginContext<WebRtcConfig>, port: number): Promise<TcpDoor | undefined> {
  try {
    return await TcpDoor.open({ host: config.host, port, maxConnections: connectionsEach * config.maxSessions })
  } catch (error) {
    log.warn('no media over TCP', { host: config.host, port, reason: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

async function readOffer(exchange: HttpExchange): Promise<Description> {
  const text = await readBody(exchange, sdpType)
  return parseDescription(text)
}

/** The candidates of a fragment (RFC 8840); undefined where it begins ICE anew. */
function candidatesOf(fragment: string): string[] | undefined {
  const lines = fragment.split(/\r\n|\n/)
  const candidates = lines.filter((line) => line.startsWith('a=candidate:')).map((line) => line.slice(2).trim())
  const restarts =
    candidates.length === 0 && lines.some((line) => line.startsWith('a=ice-ufrag:')) && !lines.some((line) => line.startsWith('a=end-of-candidates'))
  return restarts ? undefined : candidates.filter((candidate) => isUsable(candidate) && !isTcp(candidate)).slice(0, 64)
}

/** The same addresses, by TCP (RFC 6544): after all that is reached by UDP. */
function tcpCandidates(candidates: readonly string[], port: number): string[] {
  const addresses = candidates.flatMap((candidate) => new RegExp(`^candidate:\\S+ 1 udp \\d+ (\\S+) ${port} typ host`, 'i').exec(candidate)?.[1] ?? [])
  return [...new Set(addresses)].map((address, i) => `candidate:${300 + i} 1 TCP ${1_518_280_447 - i} ${address} ${port} typ host tcptype passive`)
}

/** A candidate for an address that this machine does not know of (RFC 8839 section 5.1). */
function hostCandidate(address: string, port: number, at: number): string {
  return `candidate:${100 + at} 1 UDP ${2_113_929_471 - at} ${address} ${port} typ host`
}
