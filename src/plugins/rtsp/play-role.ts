/** A client that plays a stream. */

import { setTimeout as delay } from 'node:timers/promises'
import { ShoalError } from '../../errors.js'
import { mediaOf } from '../../media/sdp/media.js'
import { writeSdp } from '../../media/sdp/sdp.js'
import type { Task } from '../../plugin.js'
import type { Track } from '../../stream.js'
import { namingVersions } from '../../viewing/versions.js'
import { type Outlet, payloadTypeOf, sendable, sendStream } from './player.js'
import type { Role, RoleHost } from './role.js'

/** ms from the last datagram to the end of the connection. */
const goodbyeDelay = 100

/** Plays; see {@link Role}. */
export class PlayRole implements Role {
  readonly action = 'stream.read'
  readonly path: string
  /** The session description. */
  readonly description: string
  readonly #host: RoleHost
  readonly #tracks: readonly Track[]
  readonly #lines = new Map<number, Outlet>()
  #task: Task | undefined

  private constructor(host: RoleHost, path: string, tracks: readonly Track[]) {
    this.#host = host
    this.path = path
    this.#tracks = sendable(path, tracks)
    this.description = writeSdp(
      path,
      this.#tracks.map((track) => mediaOf(track, payloadTypeOf(track))),
    )
  }

  /** Looks at the tracks of a stream. Rejects with `ERR_STREAM_NOT_FOUND`, `ERR_CODEC_UNSUPPORTED` and what the hub says. */
  static async open(host: RoleHost, path: string): Promise<PlayRole> {
    const { ctx, connection, scope } = host
    const subscription = await ctx.streams.subscribe(path, { wait: ctx.config.playWait, signal: scope.signal, reader: `rtsp ${connection.name}` })
    try {
      return new PlayRole(host, path, subscription.tracks)
    } catch (error) {
      throw namingVersions(ShoalError.from(error), ctx.streams.versions(path))
    } finally {
      subscription.close()
    }
  }

  /** Over TCP what is not read is noticed. */
  get lively(): boolean {
    return [...this.#lines.values()].every((line) => 'channel' in line)
  }

  mediumOf(uri: string): number {
    const found = /trackID=(\d{1,3})\/?$/.exec(uri)
    const medium = found ? Number(found[1]) : this.#tracks.length === 1 ? 0 : -1
    if (this.#tracks[medium]) return medium
    throw new ShoalError('ERR_STREAM_NOT_FOUND', `${this.path} has no such track.`)
  }

  add(medium: number, line: Outlet): void {
    const track = this.#tracks[medium]
    if (track) this.#lines.set(track.id, line)
  }

  /** Begins, or goes on at the newest key frame. */
  start(): void {
    if (this.#task) return
    this.#task = this.#host.scope.run(`play ${this.path}`, async ({ signal }) => {
      try {
        await this.#play(signal)
        // the goodbyes are datagrams: they must not come after the end of the connection
        if (!this.lively) await delay(goodbyeDelay, undefined, { signal }).catch(() => {})
        if (!signal.aborted) this.#host.finish()
      } catch (error) {
        if (!signal.aborted) this.#host.finish(error)
      }
    })
  }

  pause(): void {
    void this.#task?.stop()
    this.#task = undefined
  }

  /** Reports of receivers: that they come is all that counts. */
  packet(): void {}

  close(): void {
    this.pause()
  }

  async #play(signal: AbortSignal): Promise<void> {
    const { ctx, connection, cache } = this.#host
    const subscription = await ctx.streams.subscribe(this.path, { wait: ctx.config.playWait, signal, reader: `rtsp ${connection.name}` })
    try {
      ctx.log.info('playing', { path: this.path, client: connection.name, transport: this.lively ? 'tcp' : 'udp' })
      await sendStream(subscription, { connection, outlets: this.#lines, cache })
    } finally {
      subscription.close()
      ctx.log.info('play ended', { path: this.path, client: connection.name, dropped: subscription.dropped })
    }
  }
}
