/** Users files from any text: users with hashes that can be used, or an error that says where. Never slow, never a hash shown. */

import fc from 'fast-check'
import { describe, it } from 'vitest'
import { costOf, parseHash } from '../../src/plugins/auth-file/password.js'
import { parseUsers } from '../../src/plugins/auth-file/users.js'
import { fuzz, runs } from './typed-errors.js'

const hash = `$scrypt$ln=4,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`
const good = `users:\n  ann: ${hash}\n  bob@example: "${hash}"\n`
const pieces = [
  'users',
  'ann',
  hash,
  ': ',
  ':\n',
  '\n',
  '  ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '&a ',
  '*a',
  '!!str ',
  '!!map ',
  '<<',
  '---\n',
  '#',
  '\t',
  '?',
  '|',
  '"',
  "'",
]
const strange = ['__proto__', 'constructor', 'anonymous', '\u0000', '\ud800', '\u{1f600}', '$scrypt$', 'ln=99,', '1e5', 'null', '~']
const ofPieces = fc.array(fc.constantFrom(...pieces, ...strange), { maxLength: 14 }).map((parts) => parts.join(''))
/** The good file with one part replaced. */
const mutated = fc.tuple(fc.nat(good.length), fc.nat(6), fc.string({ maxLength: 4 })).map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut))
const hashes = fc
  .tuple(fc.integer({ min: -1, max: 120 }), fc.integer({ min: -1, max: 120 }), fc.integer({ min: -1, max: 120 }), fc.nat(90), fc.nat(90))
  .map(([ln, r, p, salt, sum]) => `$scrypt$ln=${ln},r=${r},p=${p}$${'A'.repeat(salt)}$${'A'.repeat(sum)}`)

function users(text: string): void {
  for (const [name, known] of parseUsers(text, 'f')) {
    if (name === '' || name === 'anonymous' || name !== name.normalize('NFC') || /\s|:/.test(name)) throw new Error(`a user ${JSON.stringify(name)}`)
    cheap(known.password)
  }
}

function cheap(known: ReturnType<typeof parseHash>): void {
  if (known && (costOf(known) > 16 * 2 ** 18 || 128 * known.r * 2 ** known.ln > 1 << 27 || known.hash.length < 16 || known.salt.length < 8))
    throw new Error('a hash that cannot be used')
}

describe('a users file', () => {
  it('of pieces', () => fuzz(ofPieces, Math.ceil(runs / 10), users, ['ERR_PLUGIN_CONFIG']))
  it('with a mistake', () => fuzz(mutated, Math.ceil(runs / 10), users, ['ERR_PLUGIN_CONFIG']))
  it('with hashes of any cost', () => fuzz(hashes, runs, (text) => cheap(parseHash(text)), []))
})
