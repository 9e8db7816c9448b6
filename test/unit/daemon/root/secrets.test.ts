import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSecrets } from '../../../../src/daemon/root/secrets.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = '0123456789abcdefABCDEF0123456789'.repeat(2)
const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}
const read = (cluster: object, swarm: object = {}) =>
  readSecrets({ cluster, swarm: { listen: [], announce: [], discovery: true, ...swarm } } as unknown as Parameters<typeof readSecrets>[0])

describe('the secrets of the configuration', () => {
  it('are values or the first lines of files', async () => {
    const secret = 'correct horse battery'
    const one = await read({ secret }, { networkKey: key })
    const two = await read({ secretFile: file('secret', `${secret}\r\nmore\n`) }, { networkKeyFile: file('key', `  ${key}\n`, 0o400) })
    expect(one).toEqual({ clusterSecret: secret, networkKey: new Uint8Array(Buffer.from(key, 'hex')), hidden: [secret, key] })
    expect(two).toEqual(one)
    expect(await read({})).toEqual({ hidden: [] })
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['a secret that is too short', () => read({ secretFile: file('short', 'fifteen letters\n') }), 'ERR_CONFIG_INVALID'],
    ['a key that is none', () => read({}, { networkKeyFile: file('none', 'zz'.repeat(32)) }), 'ERR_CONFIG_INVALID'],
    ['a file that is not there', () => read({ secretFile: join(folder, 'absent') }), 'ERR_CONFIG_INVALID'],
    ['a file that others can read', () => read({ secretFile: file('open', 'correct horse battery', 0o644) }), 'ERR_MODE_UNSAFE'],
  ])('refuses %s, and does not say what it holds', async (_, attempt, code) => {
    const error = await attempt().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(error)).not.toMatch(/fifteen|zzzz|horse/)
  })
})
