/**
 * `HOME/plugins`: moves packages in and out so that, whenever the daemon dies, the next start finds the old one or the new one.
 *
 * A new plugin is written to the lock first and moved into place then: an entry without a folder is dropped at the next start. An update is
 * written to the lock together with what was there, then the old folder moves aside and the new one into its place; as long as the lock holds
 * both, the update is not done, and the next start takes it back.
 */

import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../../errors.js'
import type { Logger } from '../../../plugin.js'
import { syncFolder } from '../../util/private-files.js'
import { type LockEntries, type LockEntry, readLock, writeLock } from './plugin-lock.js'
import { makeScratch } from './staging.js'

/** What crashes leave behind beside folders that stand aside. */
const leftovers: readonly RegExp[] = [/^\.install-[0-9a-f]{12}$/, /^\.module-/, /^\.shoal-plugins\.lock\.[0-9a-f]+\.tmp$/]

const asidePattern = /^\.old-([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})-[0-9a-f]{12}$/

/** Begins the names of copies that modules are imported from, each under a name of its own: a module of one path is never read anew. */
export const modulePrefix = '.module-'

/** An exchange of folders that can still be taken back. */
export interface Exchange {
  /** The new one stays: the lock changes, the old one goes. */
  keep(): Promise<void>
  /** The old one comes back. */
  undo(): Promise<void>
}

/** The folder of plugins and its lock. Its calls are made one after the other, by one owner. */
export class PluginsFolder {
  readonly path: string
  readonly #onStep: () => void

  /** `onStep` is called before and after each change on the disk: where a crash can come between. */
  constructor(path: string, onStep: () => void = () => {}) {
    this.path = path
    this.#onStep = onStep
  }

  /** The lock. Rejects with `ERR_PLUGIN_LOCK`. */
  async entries(): Promise<LockEntries> {
    return await readLock(this.path)
  }

  /** What the lock says of one plugin. Rejects with `ERR_PLUGIN_LOCK`. */
  async entry(name: string): Promise<LockEntry | undefined> {
    const entries = await this.entries()
    return Object.hasOwn(entries, name) ? entries[name] : undefined
  }

  /** Is there a folder of that name? */
  async has(name: string): Promise<boolean> {
    return await exists(join(this.path, name))
  }

  /** Moves a folder to where no plugin is, and enters it in the lock. Rejects when that fails; then neither is done. */
  async place(folder: string, name: string, entry: LockEntry): Promise<void> {
    const before = await this.entries()
    await this.#write({ ...before, [name]: entry })
    try {
      await this.#move(folder, join(this.path, name))
    } catch (error) {
      await this.#write(before)
      throw error
    }
  }

  /** Moves a folder into the place of another, which stands aside until it is decided. */
  async exchange(folder: string, name: string, entry: LockEntry): Promise<Exchange> {
    const place = join(this.path, name)
    const aside = join(this.path, `.old-${name}-${randomBytes(6).toString('hex')}`)
    const before = await this.entry(name)
    if (!before) throw new ShoalError('ERR_PLUGIN_UNKNOWN', `${name} was not installed.`)
    const undo = async (): Promise<void> => {
      if (await exists(aside)) {
        await this.#discard(place)
        await this.#move(aside, place)
      }
      await this.#enter(name, before)
    }
    try {
      await this.#enter(name, { ...entry, previous: before })
      await this.#move(place, aside)
      await this.#move(folder, place)
    } catch (error) {
      await undo()
      throw error
    }
    const keep = async (): Promise<void> => {
      await this.#enter(name, entry)
      await this.#erase(aside)
    }
    return { keep, undo }
  }

  /** Takes a plugin out, folder and entry. It is gone in one step. */
  async remove(name: string): Promise<void> {
    const { [name]: _gone, ...rest } = await this.entries()
    await this.#discard(join(this.path, name))
    await this.#write(rest)
  }

  /** Tidies up after a crash. Never rejects: what cannot be mended is logged. Before anything is loaded from here. */
  async recover(log: Logger): Promise<void> {
    const entries = await this.entries().catch(() => undefined)
    for (const name of await readdir(this.path).catch((): string[] => [])) {
      try {
        const [, plugin] = asidePattern.exec(name) ?? []
        if (plugin !== undefined && entries) await this.#settle(plugin, join(this.path, name), entries)
        else if (leftovers.some((pattern) => pattern.test(name))) await this.#erase(join(this.path, name))
      } catch (err) {
        log.error('what an interrupted install left cannot be removed', { name, err })
      }
    }
    if (entries) await this.#mend(entries, log).catch((err) => log.error('the lock of the plugins cannot be mended', { err }))
  }

  /** An update was cut short, or its old folder not removed yet. */
  async #settle(name: string, aside: string, entries: LockEntries): Promise<void> {
    const place = join(this.path, name)
    const done = Object.hasOwn(entries, name) && entries[name]?.previous === undefined && (await exists(place))
    if (done) return await this.#erase(aside)
    await this.#discard(place)
    await this.#move(aside, place)
  }

  /** Takes updates back that were not done, and drops entries whose folder is gone. */
  async #mend(entries: LockEntries, log: Logger): Promise<void> {
    const mended: Record<string, LockEntry> = {}
    for (const [name, entry] of Object.entries(entries)) if (await this.has(name)) mended[name] = entry.previous ?? entry
    const lost = Object.keys(entries).filter((name) => mended[name] === undefined)
    const back = Object.keys(mended).filter((name) => entries[name] !== mended[name])
    if (lost.length > 0) log.warn('plugins whose folder is gone are forgotten', { plugins: lost })
    if (back.length > 0) log.warn('updates were interrupted; the versions before are back', { plugins: back })
    if (lost.length + back.length > 0) await this.#write(mended)
  }

  async #enter(name: string, entry: LockEntry): Promise<void> {
    await this.#write({ ...(await this.entries()), [name]: entry })
  }

  /** Out of sight in one step, then gone. */
  async #discard(folder: string): Promise<void> {
    const scratch = await makeScratch(this.path)
    this.#onStep()
    if (await exists(folder)) await this.#move(folder, join(scratch, 'gone'))
    await this.#erase(scratch)
  }

  async #move(from: string, to: string): Promise<void> {
    await this.#step(async () => {
      await rename(from, to)
      await syncFolder(this.path)
    })
  }

  async #write(entries: LockEntries): Promise<void> {
    await this.#step(() => writeLock(this.path, entries))
  }

  async #erase(path: string): Promise<void> {
    await this.#step(() => rm(path, { recursive: true, force: true }))
  }

  async #step(change: () => Promise<void>): Promise<void> {
    this.#onStep()
    await change()
    this.#onStep()
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
