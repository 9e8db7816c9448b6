/** Who this node is: one Ed25519 key in one file. It is created once and never replaced; a damaged file stops the daemon. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { inspect } from 'node:util'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { createPrivate, errnoOf, readPrivate } from '../util/private-files.js'
import { decodeIdentity, encodeIdentity, identityDamaged, maxIdentityFile, openSeal, sealSeed } from './identity-file.js'
import { peerIdOf } from './peer-id.js'

/** This node's key. The private part shows in no output: not in JSON, not in `inspect`, not among its properties. */
export interface Identity {
  readonly id: PeerId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Is the file protected by a passphrase? */
  readonly sealed: boolean
  /** 64 bytes, seed then public key: libp2p's form. A copy, for the swarm only. */
  privateKeyRaw(): Uint8Array
  /** Ed25519 over `bytes` as they are; callers put their domain in front. 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** As `sign`, in the caller's turn (about 40 µs): for what is signed with each frame. */
  signNow(bytes: Uint8Array): Uint8Array
}

/** How an identity file is opened. */
export interface IdentityOptions {
  /** Protects the key in the file. Needed to load a file that was created with one; ignored for one that was not. */
  readonly passphrase?: string
}

/** PKCS #8 before the 32 bytes of an Ed25519 seed (RFC 8410 section 7). */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20)

class KeyIdentity implements Identity {
  readonly id: PeerId
  readonly publicKey: Uint8Array
  readonly sealed: boolean
  readonly #seed: Uint8Array
  readonly #key: KeyObject

  constructor(seed: Uint8Array, sealed: boolean) {
    this.#seed = seed
    this.#key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
    this.publicKey = new Uint8Array(createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32))
    this.id = peerIdOf(this.publicKey)
    this.sealed = sealed
  }

  privateKeyRaw(): Uint8Array {
    return new Uint8Array([...this.#seed, ...this.publicKey])
  }

  sign(bytes: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      sign(null, bytes, this.#key, (error, signature) => (error ? reject(error) : resolve(new Uint8Array(signature))))
    })
  }

  signNow(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, bytes, this.#key))
  }

  toJSON(): { id: PeerId } {
    return { id: this.id }
  }

  [inspect.custom](): string {
    return `Identity(${this.id})`
  }
}

/**
 * Creates the identity in `file`, mode 0600, in one step: it is there whole, or not at all. A file that exists is never touched: the identity in
 * it is loaded and returned, or its error thrown.
 * @throws as {@link loadIdentity}; the system's error when the folder takes no file.
 */
export async function createIdentity(file: string, options: IdentityOptions = {}): Promise<Identity> {
  return (await loadOrCreateIdentity(file, options)).identity
}

/**
 * Loads the identity in `file`.
 * @throws `ERR_NOT_INITIALIZED` (no file), `ERR_IDENTITY_DAMAGED`, `ERR_SCHEMA_NEWER`, `ERR_MODE_UNSAFE`, `ERR_PASSPHRASE_REQUIRED`, `ERR_PASSPHRASE_WRONG`.
 */
export async function loadIdentity(file: string, options: IdentityOptions = {}): Promise<Identity> {
  const record = decodeIdentity(await readIdentityFile(file))
  const identity = new KeyIdentity(await openSeal(record, options.passphrase), record.seal !== undefined)
  if (identity.id !== record.peer) throw identityDamaged('its key is not that of the peer id in it')
  return identity
}

/** As {@link loadIdentity}; where there is no file, creates one. `created` says which. Safe when several processes do it at once: all get the same. */
export async function loadOrCreateIdentity(file: string, options: IdentityOptions = {}): Promise<{ identity: Identity; created: boolean }> {
  try {
    return { identity: await loadIdentity(file, options), created: false }
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_NOT_INITIALIZED') throw error
  }
  const { passphrase } = options
  if (passphrase === '') throw new ShoalError('ERR_PASSPHRASE_REQUIRED', 'The passphrase is empty.', { hint: 'Set one, or give none at all.' })
  const seed = newSeed()
  const identity = new KeyIdentity(seed, passphrase !== undefined)
  const record = passphrase === undefined ? { peer: identity.id, key: seed } : await sealSeed(identity.id, seed, passphrase)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await createPrivate(file, encodeIdentity(record))
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    return { identity: await loadIdentity(file, options), created: false }
  }
  return { identity, created: true }
}

function newSeed(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32))
}

async function readIdentityFile(file: string): Promise<Uint8Array> {
  try {
    return await readPrivate(file, maxIdentityFile)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new ShoalError('ERR_NOT_INITIALIZED', `There is no identity at ${file}.`, { cause: error })
    if (error instanceof ShoalError) throw error
    if (errnoOf(error) === 'EIO') throw identityDamaged('the disk cannot read it', error)
    throw ShoalError.from(error, 'ERR_START_FAILED')
  }
}
