/** A home on disk: identity and keystore, made together and opened together. */

import { existsSync, readFileSync } from 'node:fs'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import { type Identity, loadOrCreateIdentity } from '../keystore/identity.js'
import { openStore, type Store } from '../keystore/store.js'
import { acquireLock } from '../lock.js'
import { ensureFolders, type Paths } from '../paths.js'

/** An open home. */
export interface Home {
  readonly identity: Identity
  readonly store: Store
  /** It was made just now. */
  readonly created: boolean
}

/** How a home is opened. */
export interface HomeOptions {
  readonly passphrase?: string
  readonly log: Logger
}

/** Where the store says whose it is. */
const homeNamespace = 'daemon/home'

/** Name space of the peer book in the store. */
export const peersNamespace = 'daemon/peers'

/** Name space of the blocked ids. */
export const blockedNamespace = 'daemon/blocked'

/**
 * Opens a home, making it where there is none; the caller holds its lock. The store is made before the identity, so that a kill
 * between the two leaves an empty store, which the next start takes over. A store that belongs to another identity, or to one that is gone, is
 * a damaged home: a new identity would be a stranger to every peer.
 */
export async function openHome(paths: Paths, options: HomeOptions): Promise<Home> {
  await ensureFolders(paths)
  const isNew = !existsSync(paths.identity)
  const store = await openStore(paths.keystore, { create: isNew, log: options.log })
  try {
    const owner = await ownerOf(store)
    if (isNew && owner !== undefined) throw new ShoalError('ERR_IDENTITY_DAMAGED', `${paths.identity} is missing; it held the key of ${owner}.`)
    const { identity, created } = await loadOrCreateIdentity(paths.identity, options.passphrase === undefined ? {} : { passphrase: options.passphrase })
    if (owner === undefined) await store.open(homeNamespace).set('identity', new TextEncoder().encode(identity.id))
    else if (owner !== identity.id)
      throw new ShoalError('ERR_IDENTITY_DAMAGED', `${paths.identity} is the key of ${identity.id}, and the keystore beside it belongs to ${owner}.`)
    return { identity, store, created }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The peer id to which a store belongs; none yet in a new one. */
async function ownerOf(store: Store): Promise<string | undefined> {
  const bytes = await store.open(homeNamespace).get('identity')
  return bytes && new TextDecoder().decode(bytes)
}

/** Makes a home where there is none; a home that is there is checked and left as it is. Rejects with `ERR_ALREADY_RUNNING` while a daemon has it. */
export async function initHome(paths: Paths, options: HomeOptions): Promise<{ id: string; created: boolean }> {
  await ensureFolders(paths)
  const lock = await acquireLock(paths.lock, { home: paths.home })
  try {
    const { identity, store, created } = await openHome(paths, options)
    await store.close()
    return { id: identity.id, created }
  } finally {
    await lock.release()
  }
}

/** The passphrase from `SHOAL_PASSPHRASE`, or from the first line of the file that an option or `SHOAL_PASSPHRASE_FILE` names. */
export function findPassphrase(env: Readonly<Record<string, string | undefined>>, file = env['SHOAL_PASSPHRASE_FILE']): string | undefined {
  if (env['SHOAL_PASSPHRASE'] !== undefined) return env['SHOAL_PASSPHRASE']
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? ''
  } catch (error) {
    throw new ShoalError('ERR_PASSPHRASE_REQUIRED', `The passphrase file ${file} cannot be read.`, { cause: error })
  }
}
