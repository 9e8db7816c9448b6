/**
 * The keystore's database: durable, checked, and honest about failure. Every write is on the disk before it is acknowledged. After a disk error the
 * store takes no writes until it has been closed, reopened and checked again, because Level goes on acknowledging what it then loses.
 *
 * Open it under the daemon's lock: Level's own lock is lost when one process tries to open a database twice.
 */

import { existsSync } from 'node:fs'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { KeyValue, Storage } from '../../services.js'
import { ensurePrivateFolder } from '../util/private-files.js'
import { Throttle } from '../util/rate.js'
import { Backoff, delay } from '../util/wait.js'
import { type Disk, faultOf, levelDisk } from './level-backend.js'
import { NamespaceView } from './namespace-view.js'
import { type Change, damaged, Session } from './store-session.js'

/** `read-only`: after a disk error, until the disk takes writes again. */
export type StoreState = 'ok' | 'read-only' | 'closed'

/** How a store is opened. */
export interface StoreOptions {
  /** Make a new store where there is none. Only for a home that is new: an absent or empty store is otherwise a lost one. */
  readonly create: boolean
  readonly log: Logger
  /** Where databases live. Default: Level, on the disk. */
  readonly disk?: Disk
  /** ms between tries to reopen after a disk error. Default 1,000 growing to 60,000. */
  readonly backoff?: { readonly min: number; readonly max: number }
}

/**
 * Opens the store in `dir`, a folder of mode 0700, and checks every record in it.
 * @throws `ERR_STORE_DAMAGED`, `ERR_STORE_LOCKED`, `ERR_STORE_READ_ONLY`, `ERR_SCHEMA_NEWER`, `ERR_MODE_UNSAFE`
 */
export async function openStore(dir: string, options: StoreOptions): Promise<Store> {
  const disk = options.disk ?? levelDisk
  if (options.create || existsSync(dir)) await ensurePrivateFolder(dir)
  const session = await Session.open(disk, dir, options.create)
  await session.seal().catch((error: unknown) => options.log.warn('the keystore could not be sealed', { err: error }))
  return new Store(dir, session, { ...options, disk })
}

/** Writes that may wait; more are refused with `ERR_OVERLOADED`. */
const maxWaiting = { writes: 4096, bytes: 32 << 20 }

interface Write {
  readonly changes: readonly Change[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** An open store. */
export class Store implements Storage {
  /** Writes refused because too many waited. */
  refused = 0
  #state: StoreState = 'ok'
  #fault: ShoalError | undefined
  /** Absent while a disk error keeps the database closed. */
  #session: Session | undefined
  #sequence: number
  #waiting: Write[] = []
  #waitingBytes = 0
  #flushing: Promise<void> | undefined
  #healing: Promise<void> | undefined
  #reopening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  readonly #reads = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()
  readonly #dir: string
  readonly #options: StoreOptions & { disk: Disk }
  readonly #refusals = new Throttle(10_000)
  readonly #retries = new Throttle(60_000)

  /** For {@link openStore} only. */
  constructor(dir: string, session: Session, options: StoreOptions & { disk: Disk }) {
    this.#dir = dir
    this.#session = session
    this.#sequence = session.sequence
    this.#options = options
  }

  get state(): StoreState {
    return this.#state
  }

  /** Why it is read-only. */
  get fault(): ShoalError | undefined {
    return this.#fault
  }

  /** Opens a name space: 1–128 bytes. Throws `ERR_KEY_INVALID`. */
  open(namespace: string): KeyValue {
    return new NamespaceView(namespace, {
      read: (action) => this.#read(action),
      write: (changes, bytes) => this.#write(changes, bytes),
    })
  }

  /** Writes what waits, then closes. Idempotent; everything afterwards rejects with `ERR_STOPPING`. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const sound = this.#state === 'ok'
    this.#state = 'closed'
    this.#ending.abort(closedError())
    await this.#flushing
    await this.#healing
    await Promise.allSettled(this.#reads)
    const session = this.#session
    this.#session = undefined
    if (sound && !this.#fault) {
      await session?.seal().catch((error: unknown) => this.#options.log.warn('the keystore could not be sealed', { err: error }))
    }
    await session?.close()
  }

  async #read<T>(action: (session: Session) => Promise<T>): Promise<T> {
    await this.#reopening
    const session = this.#session
    if (this.#state === 'closed') throw closedError()
    if (!session) throw this.#fault ?? new ShoalError('ERR_STORE_READ_ONLY')
    const reading = action(session)
    this.#reads.add(reading)
    try {
      return await reading
    } catch (error) {
      throw this.#readFailed(error)
    } finally {
      this.#reads.delete(reading)
    }
  }

  #readFailed(error: unknown): unknown {
    if (error instanceof ShoalError) return error
    if (this.#state === 'closed' || faultOf(error) === 'closed') return closedError()
    if (faultOf(error) === 'disk') this.#break(error)
    return damaged(this.#dir, (error as Error).message, error)
  }

  #write(changes: readonly Change[], bytes: number): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(closedError())
    if (this.#state === 'read-only') return Promise.reject(this.#fault)
    if (this.#waiting.length >= maxWaiting.writes || this.#waitingBytes + bytes > maxWaiting.bytes) return Promise.reject(this.#overloaded())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#flushing ??= this.#flush()
    })
  }

  #overloaded(): ShoalError {
    this.refused++
    this.#refusals.run((heldBack) => this.#options.log.warn('the keystore refuses writes: too many wait', { refused: this.refused, heldBack }))
    return new ShoalError('ERR_OVERLOADED', 'Too many writes to the keystore wait.')
  }

  /** Writes that wait together share one batch, and so one wait for the disk. */
  async #flush(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, 256)
      for (const { bytes } of group) this.#waitingBytes -= bytes
      try {
        if (!this.#session || this.#fault) throw this.#fault ?? closedError()
        await this.#session.commit(group.flatMap(({ changes }) => changes))
        this.#sequence = this.#session.sequence
        for (const { resolve } of group) resolve()
      } catch (error) {
        const reason = error instanceof ShoalError ? error : this.#break(error)
        for (const { reject } of group) reject(reason)
      }
    }
    this.#flushing = undefined
  }

  /** After an error of the disk: no more writes, and a new session in a while. */
  #break(error: unknown): ShoalError {
    if (this.#fault) return this.#fault
    const fault = new ShoalError('ERR_STORE_READ_ONLY', `The keystore takes no writes after a disk error: ${(error as Error).message}`, { cause: error })
    this.#fault = fault
    if (this.#state === 'closed') return fault
    this.#state = 'read-only'
    this.#options.log.error('keystore read-only after a disk error', { err: error, path: this.#dir })
    this.#healing = this.#heal()
    return fault
  }

  async #heal(): Promise<void> {
    const { log, backoff = { min: 1000, max: 60_000 } } = this.#options
    const pauses = new Backoff(backoff)
    for (let tries = 1; ; tries++) {
      try {
        await delay(pauses.next(), this.#ending.signal)
        await this.#options.disk.probe(this.#dir)
        await this.#reopen()
        this.#fault = undefined
        if (this.#state === 'read-only') this.#state = 'ok'
        log.info('keystore writable again', { tries, path: this.#dir })
        return
      } catch (error) {
        if (this.#ending.signal.aborted) return
        if (error instanceof ShoalError && error.code === 'ERR_STORE_DAMAGED') return this.#giveUp(error)
        this.#retries.run(() => log.warn('keystore still read-only', { err: error, tries }))
      }
    }
  }

  #giveUp(error: ShoalError): void {
    this.#fault = error
    this.#options.log.error('keystore damaged by the disk error', { err: error })
  }

  /** Closes the session and opens another; reads wait meanwhile. */
  async #reopen(): Promise<void> {
    const reopening = this.#renew()
    this.#reopening = reopening.catch(() => {})
    try {
      await reopening
    } finally {
      this.#reopening = undefined
    }
  }

  async #renew(): Promise<void> {
    await this.#flushing
    await Promise.allSettled(this.#reads)
    await this.#session?.close()
    this.#session = undefined
    const session = await Session.open(this.#options.disk, this.#dir, false, this.#sequence)
    this.#session = session
    await session.touch()
    this.#sequence = session.sequence
  }
}

function closedError(): ShoalError {
  return new ShoalError('ERR_STOPPING', 'The keystore is closed.')
}
