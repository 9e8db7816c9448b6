import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Paths, resolvePaths } from '../../../../src/daemon/paths.js'
import { initHome, openHome } from '../../../../src/daemon/root/home.js'
import { memoryLog } from '../../../../src/testing/index.js'

const log = memoryLog()

function newHome(): Paths {
  const home = mkdtempSync(join(tmpdir(), 'shoal-home-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return resolvePaths({ home: join(home, 'h'), env: {} })
}

describe('a home', () => {
  it('is made once, and found afterwards', async () => {
    const paths = newHome()
    const made = await initHome(paths, { log })
    expect(await initHome(paths, { log })).toEqual({ id: made.id, created: false })
  })

  it('is not given a new identity when its own is gone', async () => {
    const paths = newHome()
    await initHome(paths, { log })
    unlinkSync(paths.identity)
    await expect(initHome(paths, { log })).rejects.toMatchObject({ code: 'ERR_IDENTITY_DAMAGED' })
    await expect(openHome(paths, { log })).rejects.toMatchObject({ code: 'ERR_IDENTITY_DAMAGED' })
  })

  it('refuses the identity of another home', async () => {
    const [one, other] = [newHome(), newHome()]
    await initHome(one, { log })
    await initHome(other, { log })
    await expect(openHome({ ...one, identity: other.identity }, { log })).rejects.toMatchObject({ code: 'ERR_IDENTITY_DAMAGED' })
  })

  it('takes over the empty store that a kill during its making left', async () => {
    const paths = newHome()
    const { store } = await openHome(paths, { log })
    await store.open('daemon/home').delete('identity')
    await store.close()
    unlinkSync(paths.identity)
    expect(await initHome(paths, { log })).toMatchObject({ created: true })
  })
})
