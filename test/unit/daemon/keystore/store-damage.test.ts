/** Each way in which Level's files were seen to break, on a store of two tables and a log. */

import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../../../src/daemon/keystore/store.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-damage-'))
const sound = join(root, 'sound')
const log = memoryLog()
afterAll(() => rmSync(root, { recursive: true, force: true }))

beforeAll(async () => {
  for (const round of [0, 1, 2]) {
    const store = await openStore(sound, { create: round === 0, log })
    const room = store.open('peers')
    for (let index = 0; index < 40; index++)
      await room.set(
        `${round}-${index}`,
        new Uint8Array(300).map((_, at) => (at * 7 + index) & 0xff),
      )
    await store.close()
  }
})

const names = (dir: string, pattern: RegExp): string[] =>
  readdirSync(dir)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(dir, name))
const only = (dir: string, pattern: RegExp, at: 0 | -1): string => {
  const name = names(dir, pattern).at(at)
  if (name === undefined) throw new Error(`no ${pattern} in ${readdirSync(dir)}`)
  return name
}
const halve = (file: string): void => truncateSync(file, Math.floor(statSync(file).size / 2))
const flip = (file: string): void => {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  for (let at = middle; at < middle + 4; at++) bytes[at] = (bytes[at] as number) ^ 0xff
  writeFileSync(file, bytes)
}
const table = /\.ldb$/
const newestLog = /^\d+\.log$/
const manifest = /^MANIFEST/

const cases: [string, (dir: string) => void][] = [
  ['CURRENT missing', (dir) => unlinkSync(join(dir, 'CURRENT'))],
  ['CURRENT empty', (dir) => truncateSync(join(dir, 'CURRENT'))],
  ['CURRENT garbage', (dir) => writeFileSync(join(dir, 'CURRENT'), 'no such file\n')],
  ['MANIFEST missing', (dir) => unlinkSync(only(dir, manifest, -1))],
  ['MANIFEST cut in half', (dir) => halve(only(dir, manifest, -1))],
  ['MANIFEST flipped', (dir) => flip(only(dir, manifest, -1))],
  ['newest log deleted', (dir) => unlinkSync(only(dir, newestLog, -1))],
  ['newest log cut in half', (dir) => halve(only(dir, newestLog, -1))],
  ['newest log flipped', (dir) => flip(only(dir, newestLog, -1))],
  ['oldest table deleted', (dir) => unlinkSync(only(dir, table, 0))],
  ['oldest table cut in half', (dir) => halve(only(dir, table, 0))],
  ['oldest table flipped', (dir) => flip(only(dir, table, 0))],
  ['every file cut to nothing', (dir) => names(dir, /./).forEach((file) => void truncateSync(file))],
  ['all but SEAL gone', (dir) => names(dir, /^[^S]/).forEach((file) => void unlinkSync(file))],
  ['SEAL garbage', (dir) => writeFileSync(join(dir, 'SEAL'), 'shoal')],
]

/** A copy of the sound store. Node 22 and later give copied folders the default mode. */
function copyStore(dir: string): void {
  cpSync(sound, dir, { recursive: true })
  chmodSync(dir, 0o700)
}

describe('a store on a damaged disk', () => {
  it('opens when nothing is damaged', async () => {
    const dir = join(root, 'copy')
    copyStore(dir)
    const store = await openStore(dir, { create: false, log })
    let count = 0
    for await (const [, value] of store.open('peers').entries()) count += value.length / 300
    await store.close()
    expect(count).toBe(120)
  })

  it.each(cases)('is refused with path and hint: %s', async (name, damage) => {
    const dir = join(root, name.replaceAll(' ', '-'))
    copyStore(dir)
    damage(dir)
    for (const create of [false, true]) {
      const refusal = await openStore(dir, { create, log }).then(
        () => 'opened',
        (error: unknown) => error,
      )
      expect(refusal).toMatchObject({ code: 'ERR_STORE_DAMAGED' })
    }
    await expect(openStore(dir, { create: false, log })).rejects.toMatchObject({ hint: expect.stringContaining('cp -a') })
  })
})
