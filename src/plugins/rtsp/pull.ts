/** `rtsp://` and `rtsps://` as a source: plays a stream of a camera or another server into a local path. */

import { setTimeout as delay } from 'node:timers/promises'
import { isShoalError, ShoalError } from '../../errors.js'
import { writeGoodbye } from '../../media/rtp/rtcp.js'
import { headerOf, printable } from '../../media/rtsp/message.js'
import { type MediaReader, readerOf } from '../../media/sdp/media.js'
import { parseSdp, type Sdp, type SdpMedia } from '../../media/sdp/sdp.js'
import type { PullJob } from '../../plugin.js'
import { Watchdog } from '../../receiving/watchdog.js'
import type { Publication } from '../../stream.js'
import { controlUri, parseAddress, type RtspAddress, redirected, transportsOf } from './address.js'
import { defaultCallTimeout, RtspClient, reasonOf } from './client.js'
import { Ingest, nothingReadable } from './ingest.js'
import { closeAll, setUp, TransportRefused } from './media-line.js'
import { type Outlet, reportChannel } from './player.js'
import { sendReports } from './reports.js'
import { Sources } from './sources.js'

/** Limits of a pull in ms. */
export interface PullTiming {
  /** For the connection and for each answer. */
  readonly call: number
  /** Until the first packet over UDP, which a firewall may keep from us; then TCP is tried. */
  readonly firstDatagram: number
  /** Until the stream starts. */
  readonly firstMedia: number
  /** Between packets afterwards. */
  readonly silence: number
}

const defaultTiming: PullTiming = { call: defaultCallTimeout, firstDatagram: 3000, firstMedia: 10_000, silence: 15_000 }

const maxRedirects = 5

/** ms that goodbyes may come late. */
const goodbyeDelay = 300

/**
 * Pulls until the source says goodbye; see `PullerFactory.pull`. TCP comes first, UDP with `?transport=udp`; the other one
 * is tried where the first is refused, or UDP is silent. `sources` shows it while it lasts. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`,
 * `ERR_CODEC_UNSUPPORTED`, `ERR_URL_INVALID` or what the hub says.
 */
export async function pull(job: PullJob, timing = defaultTiming, sources = new Sources()): Promise<void> {
  const address = parseAddress(job.url)
  let refused: TransportRefused | undefined
  for (const kind of transportsOf(address)) {
    try {
      await new Pulling({ job, timing, kind, sources }).run(address)
      return
    } catch (error) {
      if (!(error instanceof TransportRefused)) throw error
      job.log.info('trying another transport', { refused: kind, reason: error.message })
      refused = error
    }
  }
  throw new ShoalError('ERR_SOURCE_FAILED', `${address.host}:${address.port} takes neither TCP nor UDP for media: ${refused?.message}.`)
}

/** What a server described. */
interface Described {
  readonly client: RtspClient
  readonly sdp: Sdp
  /** What controls are relative to. */
  readonly base: string
}

/** What a try is made with. */
interface PullingOptions {
  readonly job: PullJob
  readonly timing: PullTiming
  readonly kind: 'tcp' | 'udp'
  readonly sources: Sources
}

/** One try with one transport. */
class Pulling {
  readonly #job: PullJob
  readonly #timing: PullTiming
  readonly #kind: 'tcp' | 'udp'
  readonly #sources: Sources
  readonly #lines: Outlet[] = []
  #ended = false
  readonly #over = deferred()
  #silence: Watchdog | undefined

  constructor({ job, timing, kind, sources }: PullingOptions) {
    this.#job = job
    this.#timing = timing
    this.#kind = kind
    this.#sources = sources
  }

  async run(address: RtspAddress): Promise<void> {
    const { client, sdp, base } = await this.#describe(address)
    const aggregate = controlUri(base, sdp.control)
    let stop = (): void => {}
    try {
      const ingest = await this.#setUp(client, sdp, base)
      const reports = sendReports(ingest, client.connection, this.#lines)
      const shown = this.#sources.add({ path: this.#job.path, from: client.connection.name, pulled: true, transport: this.#kind }, ingest)
      stop = () => {
        reports()
        shown()
      }
      const methods = headerOf((await client.request('OPTIONS', aggregate)).headers, 'public') ?? ''
      await client.demand('PLAY', aggregate, { Range: 'npt=0.000-' })
      client.keepAlive(/\bGET_PARAMETER\b/i.test(methods) ? 'GET_PARAMETER' : 'OPTIONS', aggregate)
      this.#openFirewall()
      await Promise.race([client.closed, this.#over.promise])
      // goodbyes by UDP may come after the end of the connection
      if (this.#kind === 'udp' && !this.#ended && !this.#job.signal.aborted) await delay(goodbyeDelay)
    } finally {
      stop()
      this.#silence?.stop()
      closeAll(this.#lines)
      await client.end()
    }
    if (!this.#ended) throw client.failure
  }

  /** DESCRIBE, wherever it leads. */
  async #describe(start: RtspAddress): Promise<Described> {
    let address = start
    for (let i = 0; i <= maxRedirects; i++) {
      const client = await RtspClient.open(address, this.#job.signal, this.#timing.call)
      try {
        const response = await client.request('DESCRIBE', address.uri, { Accept: 'application/sdp' })
        const location = headerOf(response.headers, 'location')
        if (response.status === 200) {
          const own = headerOf(response.headers, 'content-base') ?? headerOf(response.headers, 'content-location') ?? ''
          return { client, sdp: parseSdp(Buffer.from(response.body).toString('utf8')), base: /^rtsps?:\/\/./i.test(own) ? own : address.uri }
        }
        if (response.status < 301 || response.status > 305 || location === undefined)
          throw new ShoalError('ERR_SOURCE_FAILED', `${address.host}:${address.port} refused DESCRIBE: ${response.status} ${response.reason}.`)
        address = redirected(address, location)
        await client.end()
      } catch (error) {
        client.connection.cut()
        throw error
      }
    }
    throw new ShoalError('ERR_SOURCE_FAILED', `${start.host}:${start.port} redirects more than ${maxRedirects} times.`)
  }

  async #setUp(client: RtspClient, { media }: Sdp, base: string): Promise<Ingest> {
    const wanted = media.flatMap((each, i) => {
      const reader = this.#readerOf(each, i + 1)
      return reader ? [{ reader, uri: controlUri(base, each.control) }] : []
    })
    const agreed: MediaReader[] = []
    for (const { reader, uri } of wanted) {
      const line = await this.#setUpOne(client, reader, uri)
      if (!line) continue
      this.#lines.push(line)
      agreed.push(reader)
    }
    if (agreed.length === 0) throw nothingReadable(media.map(({ encoding }) => encoding))
    const ingest = this.#ingest(client, agreed)
    this.#listen(client, ingest)
    return ingest
  }

  /** Metadata that a camera describes and does not give are no reason to have nothing of it: undefined then. */
  async #setUpOne(client: RtspClient, { reader }: MediaReader, uri: string): Promise<Outlet | undefined> {
    try {
      return await setUp({ client, uri, kind: this.#kind, index: this.#lines.length, record: false })
    } catch (error) {
      if (reader.track?.kind !== 'data' || client.failure !== undefined || !isShoalError(error)) throw error
      this.#job.log.warn('metadata are left out', { codec: reader.track.codec, reason: error.message })
      return undefined
    }
  }

  /** A medium whose description cannot be read is as good as one that is not known: the others are. */
  #readerOf(media: SdpMedia, id: number): MediaReader | undefined {
    try {
      return readerOf(media, id)
    } catch (error) {
      if (!isShoalError(error, 'ERR_MEDIA_INVALID')) throw error
      this.#job.log.warn('a medium is left out', { encoding: printable(media.encoding), reason: error.message })
      return undefined
    }
  }

  #ingest(client: RtspClient, media: readonly MediaReader[]): Ingest {
    const ingest: Ingest = new Ingest({
      media,
      ordered: this.#kind === 'tcp',
      open: (tracks) => this.#opened(client, this.#job.publish(tracks, { sourceStats: () => ingest.stats() })),
    })
    return ingest
  }

  #opened(client: RtspClient, publication: Publication): Publication {
    this.#watch(client, this.#timing.silence)
    const { signal } = publication
    signal.addEventListener('abort', () => client.fail(reasonOf(signal)), { once: true })
    return publication
  }

  #listen(client: RtspClient, ingest: Ingest): void {
    let heard = false
    const take = (index: number, bytes: Uint8Array, report: boolean): void => {
      if (!heard) this.#watch(client, this.#timing.firstMedia)
      heard = true
      try {
        if (report) ingest.rtcp(index, bytes)
        else {
          ingest.rtp(index, bytes)
          // packets of which nothing comes are no media
          if (ingest.publication) this.#silence?.touch()
        }
      } catch (error) {
        client.fail(error)
      }
      if (ingest.ended && !this.#ended) this.#end()
    }
    const channels = new Map<number, { index: number; report: boolean }>()
    this.#lines.forEach((line, index) => {
      if ('udp' in line) line.udp.take = (bytes, report) => take(index, bytes, report)
      else {
        channels.set(reportChannel(line), { index, report: true })
        channels.set(line.channel, { index, report: false })
      }
    })
    client.packet = (channel, bytes) => {
      const target = channels.get(channel)
      if (target) take(target.index, bytes, target.report)
    }
    const silent = new TransportRefused(`nothing came by UDP within ${this.#timing.firstDatagram} ms`)
    if (this.#kind === 'udp') this.#watch(client, this.#timing.firstDatagram, silent)
    else this.#watch(client, this.#timing.firstMedia)
  }

  #end(): void {
    this.#ended = true
    this.#over.resolve()
  }

  #watch(client: RtspClient, ms: number, error: Error = new ShoalError('ERR_SOURCE_FAILED', `The server sent no media for ${ms} ms.`)): void {
    this.#silence?.stop()
    this.#silence = new Watchdog(ms, () => client.fail(error))
  }

  /** A datagram from us lets those of the server through what stands between. */
  #openFirewall(): void {
    for (const line of this.#lines) {
      if (!('udp' in line)) continue
      line.udp.send(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), false)
      line.udp.send(writeGoodbye(0).subarray(0, 8), true)
    }
  }
}

/** A promise that is settled from outside. */
function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
