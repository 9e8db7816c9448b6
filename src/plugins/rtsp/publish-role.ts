/** A client that publishes a stream. */

import { ShoalError } from '../../errors.js'
import { type MediaReader, readerOf } from '../../media/sdp/media.js'
import { parseSdp, type SdpMedia } from '../../media/sdp/sdp.js'
import type { Publication, Track } from '../../stream.js'
import { Ingest, nothingReadable } from './ingest.js'
import type { Outlet } from './player.js'
import { sendReports } from './reports.js'
import type { Role, RoleHost } from './role.js'

/** Publishes; see {@link Role}. */
export class PublishRole implements Role {
  readonly action = 'stream.publish'
  readonly path: string
  readonly lively = false
  readonly #host: RoleHost
  readonly #media: readonly SdpMedia[]
  /** By medium; formats that are not known have none, and what comes of them is dropped. */
  readonly #readers: readonly (MediaReader | undefined)[]
  readonly #lines = new Map<number, Outlet>()
  readonly #held: Publication | undefined
  #ingest: Ingest | undefined
  /** Media that are received, in the order of the ingest. */
  #order: number[] = []
  #reports: (() => void) | undefined
  #closed = false

  /** `description`: what ANNOUNCE brought. Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`, and what publishing throws. */
  constructor(host: RoleHost, path: string, description: string) {
    this.#host = host
    this.path = path
    this.#media = parseSdp(description).media
    this.#readers = this.#media.map((media, i) => readerOf(media, i + 1))
    if (this.#readers.every((reader) => !reader)) throw nothingReadable(this.#media.map(({ encoding }) => encoding))
    // Holding the path tells a second publisher at once. One that takes over opens it when it has something to show.
    if (!host.ctx.config.takeover) this.#held = this.#open([])
  }

  mediumOf(uri: string): number {
    const named = this.#media.findIndex(({ control }) => control !== undefined && control !== '*' && uri.replace(/\/+$/, '').endsWith(control))
    const medium = named >= 0 ? named : this.#media.findIndex((_, i) => !this.#lines.has(i))
    if (medium >= 0) return medium
    throw new ShoalError('ERR_STREAM_NOT_FOUND', `${this.path} has no such track.`)
  }

  add(medium: number, line: Outlet): void {
    this.#lines.set(medium, line)
  }

  start(): void {
    if (this.#ingest) return
    const { ctx, connection } = this.#host
    this.#order = [...this.#lines.keys()].filter((medium) => this.#readers[medium])
    const media = this.#order.flatMap((medium) => this.#readers[medium] ?? [])
    if (media.length === 0) throw nothingReadable(this.#media.map(({ encoding }) => encoding))
    const ordered = [...this.#lines.values()].every((line) => 'channel' in line)
    const ingest = new Ingest({
      media,
      ordered,
      open: (tracks) => {
        const publication = this.#held ?? this.#open(tracks)
        for (const track of tracks) this.#held?.update(track)
        ctx.log.info('publishing', { path: this.path, client: connection.name, tracks: tracks.map((track) => track.codec) })
        return publication
      },
    })
    this.#ingest = ingest
    const lines = this.#order.map((medium) => this.#lines.get(medium))
    const reports = sendReports(ingest, connection, lines)
    const transport = ordered ? 'tcp' : 'udp'
    const shown = this.#host.sources.add({ path: this.path, from: connection.name, pulled: false, transport }, ingest)
    this.#reports = () => {
      reports()
      shown()
    }
  }

  pause(): void {}

  packet(medium: number, bytes: Uint8Array, report: boolean): void {
    const index = this.#order.indexOf(medium)
    if (index < 0) return
    if (report) this.#ingest?.rtcp(index, bytes)
    else this.#ingest?.rtp(index, bytes)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#reports?.()
    this.#ingest?.close()
    this.#held?.close()
    this.#host.ctx.log.info('publish ended', { path: this.path, client: this.#host.connection.name, lost: this.#ingest?.lost ?? 0 })
  }

  #open(tracks: readonly Track[]): Publication {
    const { ctx, finish } = this.#host
    const publication = ctx.streams.publish(this.path, tracks, { takeover: ctx.config.takeover, sourceStats: () => this.#ingest?.stats() ?? {} })
    publication.signal.addEventListener('abort', () => !this.#closed && finish(publication.signal.reason), { once: true })
    return publication
  }
}
