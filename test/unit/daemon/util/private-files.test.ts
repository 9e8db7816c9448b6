import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createPrivate, ensureOwnFolder, ensurePrivateFolder, readPrivate, shellQuoted } from '../../../../src/daemon/util/private-files.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-private-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())
let count = 0
const freshPath = (): string => join(root, `f${count++}`)
const bytes = Buffer.from('content')

describe('a private file', () => {
  it('is created whole, once, and never in place of another', async () => {
    const path = freshPath()
    const results = await Promise.allSettled([createPrivate(path, Buffer.from('one')), createPrivate(path, Buffer.from('two'))])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(['one', 'two']).toContain(readFileSync(path, 'utf8'))
    await expect(createPrivate(path, bytes)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(statSync(path).mode & 0o7777).toBe(0o600)
    expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('is read up to a limit and one byte', async () => {
    const path = freshPath()
    await createPrivate(path, bytes)
    expect(Buffer.from(await readPrivate(path, 100)).toString()).toBe('content')
    expect((await readPrivate(path, 3)).length).toBe(4)
  })

  it('of another user is refused, with the command that helps', async () => {
    const path = freshPath()
    writeFileSync(path, '', { mode: 0o600 })
    const uid = process.getuid?.() ?? 0
    vi.spyOn(process, 'getuid').mockReturnValue(uid + 1)
    await expect(readPrivate(path, 10)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: `Run: chown ${uid + 1} ${path}` })
    await expect(ensurePrivateFolder(root)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
    await expect(ensureOwnFolder(root)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
  })
})

describe('a private folder', () => {
  it('is made with all above it, whatever the umask allows', async () => {
    const path = join(freshPath(), 'a', 'b')
    await ensurePrivateFolder(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  })

  it('that cannot be made says why', async () => {
    const file = freshPath()
    writeFileSync(file, '')
    await expect(ensurePrivateFolder(join(file, 'x'))).rejects.toMatchObject({ code: 'ERR_START_FAILED', message: expect.stringContaining(file) })
    await expect(ensurePrivateFolder(file)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
    await expect(ensureOwnFolder(file)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
    expect(existsSync(file)).toBe(true)
  })

  it('names its path as a shell takes it', async () => {
    expect(shellQuoted('/plain/path-1.x')).toBe('/plain/path-1.x')
    expect(shellQuoted("/it's here")).toBe("'/it'\\''s here'")
    const path = `${freshPath()} with space`
    await ensurePrivateFolder(path)
    chmodSync(path, 0o755)
    await expect(ensurePrivateFolder(path)).rejects.toMatchObject({ hint: `Run: chmod 700 '${path}'` })
  })
})
