import { describe, expect, it } from 'vitest'
import { costOf, hashPassword, isPassword, type PasswordHash, parseHash } from '../../../../src/plugins/auth-file/password.js'

const cheap = { ln: 4, r: 8, p: 1 }
const parsed = (text: string): PasswordHash => {
  const hash = parseHash(text)
  if (!hash) throw new Error(`no hash: ${text}`)
  return hash
}

describe('a hash of a password', () => {
  it('is right for this password alone, and differs each time', async () => {
    const [one, two] = [await hashPassword('grüße', cheap), await hashPassword('grüße', cheap)]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    for (const hash of [one, two]) expect(await isPassword('grüße', parsed(hash))).toBe(true)
    for (const other of ['grüsse', '', 'grüße ', 'x'.repeat(5000)]) expect(await isPassword(other, parsed(one))).toBe(false)
  })

  it('knows a password typed on another keyboard', async () => {
    expect(await isPassword('e\u0301', parsed(await hashPassword('\u00e9', cheap)))).toBe(true)
  })

  it('agrees with RFC 7914', async () => {
    // section 12, the second vector, its first 64 bytes
    const hash = Buffer.from(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      'hex',
    )
    const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
    expect(parseHash(`$scrypt$ln=10,r=8,p=16$${text(Buffer.from('NaCl'))}$${text(hash)}`)).toBeUndefined()
    expect(await isPassword('password', { ln: 10, r: 8, p: 16, salt: Buffer.from('NaCl'), hash })).toBe(true)
  })

  it('is refused when it is none, or would cost too much', async () => {
    const [, , , salt, hash] = (await hashPassword('x', cheap)).split('$')
    const make = (cost: string): string => `$scrypt$${cost}$${salt}$${hash}`
    expect(parseHash(make('ln=17,r=8,p=1'))).toBeDefined()
    for (const cost of ['ln=18,r=8,p=1', 'ln=15,r=99,p=1', 'ln=15,r=8,p=17', 'ln=0,r=8,p=1', 'ln=15,r=0,p=1', 'ln=15,r=8,p=0', 'ln=15', 'r=8,ln=15,p=1'])
      expect(parseHash(make(cost))).toBeUndefined()
    for (const text of ['', 'right', '$2b$10$abc', `$scrypt$ln=4,r=8,p=1$${salt}`, `${make('ln=4,r=8,p=1')}\n`]) expect(parseHash(text)).toBeUndefined()
    expect(costOf({ ln: 15, r: 8, p: 1 })).toBeGreaterThan(costOf({ ln: 14, r: 8, p: 1 }))
  })
})
