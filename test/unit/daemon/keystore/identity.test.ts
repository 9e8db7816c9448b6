import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, loadIdentity, loadOrCreateIdentity } from '../../../../src/daemon/keystore/identity.js'
import { peerIdOf, publicKeyOf, signedBy } from '../../../../src/daemon/keystore/peer-id.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-identity-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const freshFile = (): string => {
  const folder = join(root, `home${count++}`)
  mkdirSync(folder, { mode: 0o700 })
  return join(folder, 'identity.key')
}
const put = (bytes: string | Uint8Array): string => {
  const file = freshFile()
  writeFileSync(file, bytes, { mode: 0o600 })
  return file
}
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('a new identity', () => {
  it('is a file of mode 0600, alone in its folder, that loads as the same key', async () => {
    const file = freshFile()
    const made = await createIdentity(file)
    expect(statSync(file).mode & 0o7777).toBe(0o600)
    expect(readdirSync(join(file, '..'))).toEqual(['identity.key'])
    const loaded = await loadIdentity(file)
    expect(loaded.id).toBe(made.id)
    expect(loaded.privateKeyRaw()).toEqual(made.privateKeyRaw())
    expect(loaded.sealed).toBe(false)
  })

  it('has the peer id and the key that libp2p sees', async () => {
    const identity = await createIdentity(freshFile())
    const key = privateKeyFromRaw(identity.privateKeyRaw())
    expect(identity.id).toMatch(/^12D3KooW\w{44}$/)
    expect(peerIdFromPrivateKey(key).toString()).toBe(identity.id)
    expect(key.publicKey.raw).toEqual(identity.publicKey)
    const text = new TextEncoder().encode('signed by both')
    expect(await identity.sign(text)).toEqual(new Uint8Array(await key.sign(text)))
    expect(publicKeyOf(identity.id)).toEqual(identity.publicKey)
    expect(peerIdOf(identity.publicKey)).toBe(identity.id)
  })

  it('signs what only its id verifies', async () => {
    const [one, two] = [await createIdentity(freshFile()), await createIdentity(freshFile())]
    const text = new TextEncoder().encode('hello')
    const signature = await one.sign(text)
    expect(signedBy(one.id, text, signature)).toBe(true)
    expect(signedBy(two.id, text, signature)).toBe(false)
    expect(signedBy(one.id, new TextEncoder().encode('hellO'), signature)).toBe(false)
    expect(signedBy(one.id, text, signature.subarray(1))).toBe(false)
    expect(signedBy('nobody', text, signature)).toBe(false)
  })

  it('never shows its private key', async () => {
    const identity = await createIdentity(freshFile())
    const raw = identity.privateKeyRaw()
    const shown = [
      inspect(identity, { showHidden: true, depth: 9 }),
      JSON.stringify(identity),
      String(identity),
      inspect({ identity }),
      Object.keys(identity).join(),
    ]
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      const secret = Buffer.from(raw.subarray(0, 32)).toString(form).slice(0, 20)
      for (const text of shown) expect(text).not.toContain(secret)
    }
    for (const text of shown) expect(text).not.toContain([...raw.subarray(0, 4)].join(', '))
    raw.fill(0)
    expect(identity.privateKeyRaw()).not.toEqual(raw)
  })
})

describe('creating again', () => {
  it('returns what is there and does not touch it', async () => {
    const file = freshFile()
    const first = await createIdentity(file)
    const bytes = readFileSync(file)
    expect((await createIdentity(file)).id).toBe(first.id)
    expect(await loadOrCreateIdentity(file)).toMatchObject({ created: false, identity: { id: first.id } })
    expect(readFileSync(file)).toEqual(bytes)
  })

  it('by several at once gives all the same one', async () => {
    const file = freshFile()
    const made = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateIdentity(file)))
    expect(new Set(made.map(({ identity }) => identity.id)).size).toBe(1)
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    expect(readdirSync(join(file, '..'))).toEqual(['identity.key'])
  })

  it('refuses to replace a damaged one', async () => {
    const file = put('garbage')
    await expect(createIdentity(file)).rejects.toEqual(code('ERR_IDENTITY_DAMAGED'))
    await expect(loadOrCreateIdentity(file)).rejects.toEqual(code('ERR_IDENTITY_DAMAGED'))
    expect(readFileSync(file, 'utf8')).toBe('garbage')
  })

  it('leaves nothing where the folder takes no file', async () => {
    const file = join(put('a file, not a folder'), 'identity.key')
    await expect(createIdentity(file)).rejects.toBeInstanceOf(Error)
  })
})

describe('a damaged file', () => {
  let good: Buffer
  beforeAll(async () => {
    const file = freshFile()
    await createIdentity(file)
    good = readFileSync(file)
  })

  it('is refused at every length short of the whole', async () => {
    const file = put('')
    for (let length = 0; length < good.length; length++) {
      writeFileSync(file, good.subarray(0, length))
      await expect(loadIdentity(file), `${length} bytes`).rejects.toEqual(code('ERR_IDENTITY_DAMAGED'))
    }
  })

  it('is refused with any byte changed in any bit', async () => {
    const file = put('')
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      writeFileSync(file, bytes)
      await expect(loadIdentity(file), `byte ${at}`).rejects.toEqual(code('ERR_IDENTITY_DAMAGED'))
    }
  })

  const signed = (content: string): string => `${content}sha256 ${createHash('sha256').update(content).digest('hex')}\n`
  const peer = `12D3KooW${'A'.repeat(44)}`
  const key = 'A'.repeat(43)
  it.each([
    ['empty', '', 'ERR_IDENTITY_DAMAGED'],
    ['zeros', '\0'.repeat(220), 'ERR_IDENTITY_DAMAGED'],
    ['text after the end', '{good}\n', 'ERR_IDENTITY_DAMAGED'],
    ['twice', '{good}{good}', 'ERR_IDENTITY_DAMAGED'],
    ['too long', 'x'.repeat(5000), 'ERR_IDENTITY_DAMAGED'],
    ['a PEM key', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n', 'ERR_IDENTITY_DAMAGED'],
    ['the key of another peer', signed(`shoal identity 1\npeer ${peer}\nseal none\nkey ${key}\n`), 'ERR_IDENTITY_DAMAGED'],
    ['an unknown seal', signed(`shoal identity 1\npeer ${peer}\nseal rot13\nkey ${key}\n`), 'ERR_IDENTITY_DAMAGED'],
    ['a sealed key without seal', signed(`shoal identity 1\npeer ${peer}\nseal none\nkey ${'A'.repeat(64)}\n`), 'ERR_IDENTITY_DAMAGED'],
    ['version 0', signed(`shoal identity 0\npeer ${peer}\nseal none\nkey ${key}\n`), 'ERR_IDENTITY_DAMAGED'],
    ['a later version', signed('shoal identity 2\nwhatever it says\n'), 'ERR_SCHEMA_NEWER'],
  ])('%s is refused', async (_name, text, expected) => {
    const file = put(text.replaceAll('{good}', good.toString()))
    await expect(loadIdentity(file)).rejects.toEqual(code(expected))
    expect(existsSync(file)).toBe(true)
  })
})

describe('a file that others could use', () => {
  it.each(['644', '640', '604', '660', '700', '601'])('of mode %s is refused with the command that helps', async (mode) => {
    const file = freshFile()
    await createIdentity(file)
    chmodSync(file, Number.parseInt(mode, 8))
    await expect(loadIdentity(file)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: `Run: chmod 600 ${file}` })
  })

  it('is refused when it is a link', async () => {
    const file = freshFile()
    await createIdentity(file)
    const path = `${file}.link`
    symlinkSync(file, path)
    await expect(loadIdentity(path)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    await expect(createIdentity(path)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })

  it('is refused when it is a dangling link or a folder, and nothing is made in its place', async () => {
    const dangling = freshFile()
    symlinkSync(`${dangling}.nowhere`, dangling)
    await expect(createIdentity(dangling)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    expect(existsSync(`${dangling}.nowhere`)).toBe(false)
    const folder = freshFile()
    mkdirSync(folder)
    await expect(loadIdentity(folder)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })

  it('that is missing says so', async () => {
    await expect(loadIdentity(freshFile())).rejects.toEqual(code('ERR_NOT_INITIALIZED'))
  })
})

describe('a passphrase', () => {
  it('seals the file: right, wrong, missing and normalised', async () => {
    const file = freshFile()
    const made = await createIdentity(file, { passphrase: 'fisch und mo\u0308we' })
    expect(readFileSync(file).includes(Buffer.from(made.privateKeyRaw().subarray(0, 32)).toString('base64url'))).toBe(false)
    expect((await loadIdentity(file, { passphrase: 'fisch und m\u00f6we' })).id).toBe(made.id)
    expect(made.sealed).toBe(true)
    await expect(loadIdentity(file, { passphrase: 'wrong' })).rejects.toEqual(code('ERR_PASSPHRASE_WRONG'))
    await expect(loadIdentity(file)).rejects.toEqual(code('ERR_PASSPHRASE_REQUIRED'))
    await expect(loadIdentity(file, { passphrase: '' })).rejects.toEqual(code('ERR_PASSPHRASE_REQUIRED'))
  })

  it('must not be empty', async () => {
    const file = freshFile()
    await expect(createIdentity(file, { passphrase: '' })).rejects.toEqual(code('ERR_PASSPHRASE_REQUIRED'))
    expect(existsSync(file)).toBe(false)
  })
})
