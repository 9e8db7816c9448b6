/** `shoal config hash` as a person uses it, and a login with what it printed. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { authFile } from '../../src/plugins/auth-file/index.js'
import { fakeContext } from '../../src/testing/index.js'
import { mainFile, run, stackTrace } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-hash-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hash = (input: string, ...more: string[]) => run(process.execPath, [mainFile, 'config', 'hash', ...more], { input }).ended

describe('shoal config hash', () => {
  it('prints a hash that logs in', async () => {
    const { code, stdout, stderr } = await hash('correct horse\n')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$\S+\n$/)
    writeFileSync(join(folder, 'users.yaml'), `users:\n  ann: ${stdout}`, { mode: 0o600 })
    const context = await fakeContext(authFile(folder)).start()
    const ask = (password: string) => context.services.authentication.authenticate({ via: 'rtmp', user: 'ann', password })
    expect([await ask('correct horse'), await ask('correct horse\n')]).toEqual([{ kind: 'client', id: 'ann' }, false])
    await context.stop()
  })

  it('prints with it what Digest needs, for one user', async () => {
    const { code, stdout } = await hash('Circle of Life\n', '--digest', 'Mufasa')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\$scrypt\$\S+ \$digest\$sha-256\$[0-9a-f]{64} \$digest\$md5\$[0-9a-f]{32}\n$/)])
    writeFileSync(join(folder, 'users.yaml'), `users:\n  Mufasa: ${stdout}`, { mode: 0o600 })
    const context = await fakeContext(authFile(folder)).start()
    expect(context.services.authentication.digest?.algorithms()).toEqual(['SHA-256', 'MD5'])
    await context.stop()
  })

  it('reads one line, and nothing from its arguments', async () => {
    expect(JSON.parse((await hash('one', '--json')).stdout)).toMatchObject({ hash: expect.stringMatching(/^\$scrypt\$/) })
    for (const finished of [await hash(''), await hash('\nsecond\n'), await hash('x'.repeat(5000)), await hash('x', 'password')]) {
      expect(finished.code).toBe(2)
      expect(finished.stderr).not.toMatch(stackTrace)
    }
  })
})
