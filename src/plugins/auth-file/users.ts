/** The users file: read whole or not at all. */

import { constants, open } from 'node:fs/promises'
import { type Document, isMap, isScalar, parseDocument } from 'yaml'
import { digestAlgorithms, isDigestSecret } from '../../backends/digest.js'
import { ShoalError } from '../../errors.js'
import type { DigestAlgorithm } from '../../services.js'
import { type PasswordHash, parseHash } from './password.js'

/** Names and hashes, as they stand there. */
type Entries = readonly (readonly [name: string, hash: unknown])[]

/** What is known of a user. */
export interface KnownUser {
  readonly password: PasswordHash
  /** Secrets of Digest authentication, of those that have such. */
  readonly digests: ReadonlyMap<DigestAlgorithm, string>
}

/** Users by name. */
export type Users = ReadonlyMap<string, KnownUser>

/** Bytes of a file. */
const maxFile = 1024 * 1024
const maxUsers = 10_000
/** Characters of a file in any other form than a line for each user. */
const maxYaml = 128 * 1024
/** Printable, and nothing that rules read as something else. */
const userName = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u

/** Reads a file. Rejects with `ERR_PLUGIN_CONFIG` that says what is wrong and where, `ERR_MODE_UNSAFE`. */
export async function readUsers(file: string): Promise<Users> {
  return parseUsers(await readPrivate(file), file)
}

/** Reads the text of a users file, YAML or JSON. Throws `ERR_PLUGIN_CONFIG`. */
export function parseUsers(text: string, file: string): Users {
  const wrong = (message: string): ShoalError =>
    new ShoalError('ERR_PLUGIN_CONFIG', `${file}: ${message}.`, { hint: 'A line for each user: NAME: HASH, below users:' })
  const users = plainLines(text) ?? readYaml(text, wrong)
  if (users.length > maxUsers) throw wrong(`it has more than ${maxUsers} users`)
  const known = new Map(users.map(([name, hash]) => [checkName(name, wrong), readHash(name, hash, wrong)]))
  // of two of one name, also in two spellings of Unicode, only one could log in
  if (known.size < users.length) throw wrong('a user stands there twice')
  return known
}

/** The usual file, a line for each user; `undefined` for any other. Thousands of users would take the YAML parser seconds, in which no stream moves. */
function plainLines(text: string): Entries | undefined {
  const [first, ...lines] = text
    .replace(/\r\n/g, '\n')
    .split('\n')
    .filter((line) => !/^ *(#.*)?$/.test(line))
  if (first !== 'users:' || lines.length === 0) return undefined
  const indent = /^ +/.exec(lines[0] ?? '')?.[0] ?? ''
  const entries = lines.map((line) => /^( +)(\p{L}[\p{L}\p{M}\p{N}._@+-]*): (\$scrypt\$[A-Za-z0-9=,$+/]+(?: \$digest\$[a-z0-9$-]+)*) *$/u.exec(line))
  const plain = entries.every((entry) => entry?.[1] === indent && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(entry[2] ?? ''))
  return plain ? entries.map((entry) => [entry?.[2] ?? '', entry?.[3]] as const) : undefined
}

function readYaml(text: string, wrong: (message: string) => ShoalError): Entries {
  if (text.length > maxYaml) throw wrong(`it is larger than ${maxYaml / 1024} KiB and has other lines than NAME: HASH below users:`)
  const document = readDocument(text, wrong)
  const [fault] = document.errors
  if (fault) throw wrong(fault.message.split('\n')[0] ?? 'it is neither YAML nor JSON')
  refuseDuplicates(document.contents, wrong)
  const value = plainValue(() => document.toJS({ maxAliasCount: 0 }), wrong)
  const users: unknown = isRecord(value) ? value['users'] : undefined
  if (!isRecord(value) || !isRecord(users) || Object.keys(value).length > 1) throw wrong('it holds one section, users, of names with their hashes')
  return Object.entries(users)
}

function readDocument(text: string, wrong: (message: string) => ShoalError): Document.Parsed {
  try {
    // its own check for duplicate keys takes quadratic time: minutes for a long file
    return parseDocument(text, { uniqueKeys: false, stringKeys: true, prettyErrors: false, logLevel: 'error' })
  } catch {
    // brackets nested thousands deep exhaust its stack
    throw wrong('it is nested too deeply')
  }
}

/** Of two users of one name only one could log in. */
function refuseDuplicates(node: unknown, wrong: (message: string) => ShoalError): void {
  if (!isMap(node)) return
  const seen = new Set<unknown>()
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : ''
    if (seen.has(name)) throw wrong(`${JSON.stringify(name.slice(0, 80))} stands there twice`)
    seen.add(name)
    refuseDuplicates(value, wrong)
  }
}

/** Aliases, which can make much of little, are refused. */
function plainValue(read: () => unknown, wrong: (message: string) => ShoalError): unknown {
  try {
    return read()
  } catch {
    throw wrong('it holds aliases')
  }
}

function checkName(name: string, wrong: (message: string) => ShoalError): string {
  const plain = name.normalize('NFC')
  if (!userName.test(plain) || plain === 'anonymous') throw wrong(`${JSON.stringify(name.slice(0, 80))} cannot be the name of a user`)
  return plain
}

/** Says what is wrong without showing the hash. */
function readHash(name: string, value: unknown, wrong: (message: string) => ShoalError): KnownUser {
  const [first = '', ...more] = typeof value === 'string' ? value.split(' ').filter(Boolean) : []
  const password = parseHash(first)
  if (!password) throw wrong(`the hash of ${name} is none that can be used; shoal config hash prints one`)
  const digests = more.map(readDigest)
  if (digests.some((digest) => !digest))
    throw wrong(`what stands behind the hash of ${name} is no secret for Digest; shoal config hash --digest ${name} prints both`)
  return { password, digests: new Map(digests.flatMap((digest) => (digest ? [digest] : []))) }
}

/** `$digest$sha-256$HEX` or `$digest$md5$HEX`. */
function readDigest(text: string): readonly [DigestAlgorithm, string] | undefined {
  const [, name, secret = ''] = /^\$digest\$(sha-256|md5)\$([0-9a-f]{32,64})$/.exec(text) ?? []
  const algorithm = digestAlgorithms.find((each) => each.toLowerCase() === name)
  return algorithm && isDigestSecret(algorithm, secret) ? [algorithm, secret] : undefined
}

/** How a users file has them, behind the hash. */
export function writeDigest(algorithm: DigestAlgorithm, secret: string): string {
  return `$digest$${algorithm.toLowerCase()}$${secret}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function readPrivate(file: string): Promise<string> {
  // without O_NONBLOCK a pipe of that name would be waited for
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.message}`
    throw new ShoalError('ERR_PLUGIN_CONFIG', `The users file ${file} ${why}.`, { cause: error, hint: 'Set plugins.auth-file.file.' })
  })
  try {
    const { mode, size } = await handle.stat().then((found) => (found.isFile() ? found : { mode: found.mode, size: Number.NaN }))
    if (Number.isNaN(size)) throw new ShoalError('ERR_PLUGIN_CONFIG', `The users file ${file} is not a regular file.`)
    if ((mode & 0o027) !== 0)
      throw new ShoalError('ERR_MODE_UNSAFE', `The users file ${file} is open to other users (mode ${(mode & 0o777).toString(8)}).`, {
        hint: `chmod 600 ${file}`,
      })
    const buffer = Buffer.alloc(maxFile + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    if (bytesRead > maxFile) throw new ShoalError('ERR_PLUGIN_CONFIG', `The users file ${file} is larger than ${maxFile / 1024} KiB.`)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await handle.close()
  }
}
