import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readToken, TokenFile } from '../../../../src/daemon/api/token.js'

describe('the token', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-token-'))
    path = join(folder, 'token')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is made once, 256 bits, for nobody else to read', async () => {
    const first = await TokenFile.open(path)
    expect(first.token).toMatch(/^[\w-]{43}$/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await TokenFile.open(path)).token).toBe(first.token)
    expect(await readToken(path)).toBe(first.token)
  })

  it('is the same for starters that race', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => TokenFile.open(path)))
    expect(new Set(all.map(({ token }) => token)).size).toBe(1)
  })

  it('is replaced as a whole', async () => {
    const file = await TokenFile.open(path)
    const before = file.token
    const after = await file.rotate()
    expect(after).not.toBe(before)
    expect(file.token).toBe(after)
    expect(readFileSync(path, 'utf8')).toBe(`${after}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is refused when others can read it, when it is a link, and when it is damaged', async () => {
    await TokenFile.open(path)
    chmodSync(path, 0o644)
    await expect(TokenFile.open(path)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: expect.stringContaining('chmod') })
    symlinkSync(path, `${path}2`)
    await expect(TokenFile.open(`${path}2`)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
    for (const text of ['', 'short', 'x'.repeat(500), `${'a'.repeat(42)}!`]) {
      writeFileSync(`${path}3`, text, { mode: 0o600 })
      await expect(readToken(`${path}3`), text).rejects.toMatchObject({ code: 'ERR_START_FAILED', hint: expect.stringContaining('rm') })
    }
    await expect(readToken(`${path}4`)).rejects.toMatchObject({ code: 'ERR_NOT_INITIALIZED' })
  })
})
