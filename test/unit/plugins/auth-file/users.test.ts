import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authFile } from '../../../../src/plugins/auth-file/index.js'
import { hashPassword } from '../../../../src/plugins/auth-file/password.js'
import { parseUsers, readUsers } from '../../../../src/plugins/auth-file/users.js'
import { fakeContext } from '../../../../src/testing/index.js'
import { cpuTime } from '../../../cpu-time.js'
import { waitFor } from '../../../wait-for.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-users-'))
let hash: string

beforeAll(async () => {
  hash = await hashPassword('right', { ln: 4, r: 8, p: 1 })
})
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('a users file', () => {
  it('may be YAML or JSON', () => {
    expect([...parseUsers(`users:\n  ann: ${hash}\n  bob@example: ${hash}\n`, 'f').keys()]).toEqual(['ann', 'bob@example'])
    expect([...parseUsers(JSON.stringify({ users: { ann: hash } }), 'f').keys()]).toEqual(['ann'])
  })

  it('is refused whole when anything in it is wrong, without showing a hash', () => {
    const wrong = ['', 'users:', 'users: []', `ann: ${hash}`, `users: {ann: right}`, `users: {ann: 7}`, `users: {"": "${hash}"}`, `users: {"a b": "${hash}"}`]
    const behind = `users: {ann: "${hash}${' $digest$md5$00000000000000000000000000000000'.repeat(8)} x"}`
    const odd = [behind, `users: {anonymous: "${hash}"}`, `users: {ann: "${hash}"}\nmore: 1`, 'users: [', `users: {ann: &a "${hash}", bob: *a}`]
    for (const text of [...wrong, ...odd, `users: {ann: "${hash}", ann: "${hash}"}`]) {
      expect(() => parseUsers(text, 'users.yaml')).toThrow(
        expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG', message: expect.stringMatching(/^users\.yaml: /) }),
      )
      expect(() => parseUsers(text, 'f')).not.toThrow(hash.slice(-20))
    }
  })

  it('of ten thousand users stops nobody else, and one of any other form is small', () => {
    const of = (count: number): number => {
      const text = `# people\nusers:\n${Array.from({ length: count }, (_, at) => `  u${at}: ${hash}\n`).join('')}`
      return cpuTime(() => expect(parseUsers(text, 'f').size).toBe(count))
    }
    const few = of(950)
    // each user costs the same, however many there are: 10 times as many, and nothing near the square
    expect(of(9500)).toBeLessThan(30 * Math.max(few, 10))
    expect(() => parseUsers(`users:\n${'  x: a\n'.repeat(50_000)}`, 'f')).toThrow('larger than 128 KiB')
    expect(() => parseUsers(`users:\n${'  x: a\n'.repeat(200)}`, 'f')).toThrow('twice')
    expect(() => parseUsers('['.repeat(500_000), 'f')).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG' }))
  })

  it('means the same in any form', () => {
    const usual = `users:\n  ann: ${hash}\n  # gone\n\n  Bob.b: ${hash}\n`
    for (const text of [usual, usual.replaceAll('\n', '\r\n'), usual.replace('ann:', '"ann":'), usual.replaceAll('  ', '    ')])
      expect([...parseUsers(text, 'f').keys()]).toEqual(['ann', 'Bob.b'])
    expect(() => parseUsers(`users:\n  ann: ${hash}\n   bob: ${hash}\n`, 'f')).toThrow('f: ')
    expect(() => parseUsers(`users:\n  a\u0301: ${hash}\n  \u00e1: ${hash}\n`, 'f')).toThrow('twice')
  })

  it('must be there, private, and not huge', async () => {
    const text = `users: {ann: "${hash}"}`
    expect((await readUsers(file('private', text))).size).toBe(1)
    expect((await readUsers(file('group', text, 0o640))).size).toBe(1)
    for (const mode of [0o604, 0o620, 0o602])
      await expect(readUsers(file('open', text, mode))).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: expect.stringContaining('chmod 600') })
    await expect(readUsers(join(folder, 'none'))).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG', message: expect.stringContaining('does not exist') })
    await expect(readUsers(folder)).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
    await expect(readUsers(file('huge', `# ${'x'.repeat(1_100_000)}`))).rejects.toThrow('larger')
  })
})

describe('auth-file', () => {
  it('fails to start without its file, and says where it looked', async () => {
    await expect(fakeContext(authFile(folder), { config: { file: 'nowhere.yaml' } }).start()).rejects.toThrow(join(folder, 'nowhere.yaml'))
  })

  it('refuses unknown users, or leaves them to others', async () => {
    const path = file('two.yaml', `users: {ann: "${hash}"}`)
    for (const [unknown, answer] of [
      ['refuse', false],
      ['pass', null],
    ] as const) {
      const context = await fakeContext(authFile(folder), { config: { file: path, unknown } }).start()
      const ask = (user: string, password: string) => context.services.authentication.authenticate({ via: 'rtmp', user, password })
      expect(await ask('bob', 'right')).toBe(answer)
      expect(await ask('ann', 'right')).toEqual({ kind: 'client', id: 'ann' })
      expect(await ask('ann', 'wrong')).toBe(false)
      expect((await context.stop()).tasks).toEqual([])
    }
  })

  it('takes a change at once, and keeps the users when the file is wrong or open to others', async () => {
    const path = file('changing.yaml', `users: {ann: "${hash}"}`)
    const context = await fakeContext(authFile(folder), { config: { file: path } }).start()
    const ask = (user: string) => context.services.authentication.authenticate({ via: 'rtmp', user, password: 'right' })
    expect([await ask('ann'), await ask('bob')]).toEqual([{ kind: 'client', id: 'ann' }, false])
    writeFileSync(path, `users: {bob: "${hash}"}`)
    await waitFor('bob', async () => await ask('bob'))
    expect(await ask('ann')).toBe(false)
    writeFileSync(path, 'users: nobody')
    await waitFor('the complaint', () => context.log.lines.some(({ level, msg }) => level === 'error' && msg.includes('users file is wrong')))
    expect(await ask('bob')).toBeTruthy()
    await context.stop()
  })
})
