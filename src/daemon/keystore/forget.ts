/**
 * The one way in which a peer is forgotten, whoever asks. First the tombstone, so that nothing lets the peer back in; then its links and its streams;
 * then the plugins; then what else is kept of it.
 */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { delay, monotonic, within } from '../util/wait.js'
import type { ForgetDecision } from './decision.js'
import type { PeerBook } from './peer-book.js'
import { nameKey } from './peer-name.js'
import type { PeerRow } from './peer-row.js'

/** What a plugin made of `onPeerForgotten`. */
export interface PluginOutcome {
  readonly plugin: string
  readonly outcome: 'ok' | 'failed' | 'timeout'
  readonly ms: number
  readonly error?: string
}

/** What forgetting needs of the rest of the daemon. Each may fail or hang; the path goes on. */
export interface ForgetPorts {
  /** Closes every connection to the peer. */
  cutLinks(peer: PeerId): Promise<void>
  /** Ends every stream and pull from or to it. */
  cutStreams(peer: PeerId): Promise<void>
  /** Calls each plugin's `onPeerForgotten`, each with its own limit. */
  tellPlugins(peer: PeerId): Promise<readonly PluginOutcome[]>
  /** Removes what the daemon itself keeps of it: queues, outboxes, discovery entries. */
  purge(peer: PeerId): Promise<void>
}

/** What came of it. */
export interface ForgetReport {
  /** False: no such trusted peer, and nothing was done. */
  readonly forgot: boolean
  /** Its id; what was asked for when there is no such peer. */
  readonly peer: string
  readonly name: string
  readonly plugins: readonly PluginOutcome[]
  /** ms from the request until links and streams were cut. */
  readonly linksCutMs: number
  /** What did not go as it should, for people. Empty = all went well. */
  readonly problems: readonly string[]
}

/** ms for each part. Defaults: save 500, cut 5,000, plugins 15,000, purge 5,000. */
export interface ForgetLimits {
  /** How long the links may wait for the tombstone to be on the disk; in memory it counts at once. */
  readonly save: number
  readonly cut: number
  /** All plugins together; the host limits each. */
  readonly plugins: number
  readonly purge: number
}

const defaultLimits: ForgetLimits = { save: 500, cut: 5000, plugins: 15_000, purge: 5000 }

/** The forget path. */
export class ForgetPath {
  readonly #book: PeerBook
  readonly #ports: ForgetPorts
  readonly #log: Logger
  readonly #limits: ForgetLimits
  readonly #running = new Map<PeerId, { readonly name: string; readonly report: Promise<ForgetReport> }>()

  constructor(book: PeerBook, ports: ForgetPorts, options: { readonly log: Logger; readonly limits?: Partial<ForgetLimits> }) {
    this.#book = book
    this.#ports = ports
    this.#log = options.log
    this.#limits = { ...defaultLimits, ...options.limits }
  }

  /**
   * Forgets a peer named by id, prefix or display name: here alone, in the cluster, or on a member's word of a version that still counts. Calls for
   * one peer share one run. A peer that is not trusted: `forgot: false`, and nobody is called. Rejects with `ERR_PEER_AMBIGUOUS`; and with the store's
   * code when the tombstone could not be written: the peer is then cut off all the same, until the daemon restarts, and the report is in `data`.
   */
  forget(peer: string, decision: ForgetDecision = { here: true }): Promise<ForgetReport> {
    let row: PeerRow
    try {
      row = this.#book.find(peer)
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'ERR_PEER_UNKNOWN') return Promise.reject(error)
      return this.#underWay(peer.normalize('NFC').trim()) ?? Promise.resolve(unknown(peer))
    }
    // it was paired anew since that record
    if (decision.version !== undefined && decision.version < row.version) return Promise.resolve(unknown(peer))
    const report = this.#run(row, decision).finally(() => {
      if (this.#running.get(row.id)?.report === report) this.#running.delete(row.id)
    })
    this.#running.set(row.id, { name: row.name, report })
    return report
  }

  /** A run under way for that peer: the book knows it no more. */
  #underWay(peer: string): Promise<ForgetReport> | undefined {
    for (const [id, { name, report }] of this.#running) {
      if (nameKey(name) === nameKey(peer) || (peer.length >= 8 && id.startsWith(peer))) return report
    }
    return undefined
  }

  async #run({ id, name }: PeerRow, decision: ForgetDecision): Promise<ForgetReport> {
    const start = monotonic()
    const problems: string[] = []
    const saving = this.#book.tombstone(id, decision).then(
      () => undefined,
      (error: unknown) => ShoalError.from(error),
    )
    await soonest(saving, this.#limits.save)
    await Promise.all([
      this.#part('links', problems, this.#limits.cut, () => this.#ports.cutLinks(id)),
      this.#part('streams', problems, this.#limits.cut, () => this.#ports.cutStreams(id)),
    ])
    const linksCutMs = monotonic() - start
    const plugins = (await this.#part('plugins', problems, this.#limits.plugins, () => this.#ports.tellPlugins(id))) ?? []
    await this.#part('purge', problems, this.#limits.purge, () => this.#ports.purge(id))
    const report = { forgot: true, peer: id, name, plugins, linksCutMs, problems }
    const failure = await within(saving, this.#limits.purge, 'ERR_TIMEOUT', 'the disk does not answer').catch((error: unknown) => ShoalError.from(error))
    if (failure) {
      this.#log.error('the tombstone of a forgotten peer is not on the disk', { peer: id, err: failure })
      throw unsaved(name, failure, report)
    }
    this.#log.info('peer forgotten', { peer: id, name, linksCutMs: Math.round(linksCutMs), problems })
    return report
  }

  /** Runs one part within its limit; a failure is noted, and the path goes on. */
  async #part<T>(name: string, problems: string[], limit: number, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await within(Promise.resolve().then(action), limit, 'ERR_TIMEOUT', `no answer within ${limit} ms`)
    } catch (error) {
      problems.push(`${name}: ${ShoalError.from(error).message}`)
      this.#log.warn('a part of forgetting a peer failed', { part: name, err: error })
      return undefined
    }
  }
}

/** Waits for a promise that never rejects, but at most `limit` ms. */
async function soonest(promise: Promise<unknown>, limit: number): Promise<void> {
  const timer = new AbortController()
  await Promise.race([promise, delay(limit, timer.signal).catch(() => {})])
  timer.abort()
}

function unknown(peer: string): ForgetReport {
  return { forgot: false, peer, name: '', plugins: [], linksCutMs: 0, problems: [] }
}

function unsaved(name: string, cause: ShoalError, report: ForgetReport): ShoalError {
  return new ShoalError(cause.code, `${name} is cut off, but that could not be written down, and a restart would bring it back: ${cause.message}`, {
    cause,
    hint: 'Free disk space, and see shoal peers after a restart.',
    data: { report },
  })
}
