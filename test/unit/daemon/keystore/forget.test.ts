import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ForgetPath, type ForgetPorts } from '../../../../src/daemon/keystore/forget.js'
import { createIdentity, type Identity } from '../../../../src/daemon/keystore/identity.js'
import { PeerBook } from '../../../../src/daemon/keystore/peer-book.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { memoryKeyValue } from './memory-key-value.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-forget-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let identity: Identity
beforeAll(async () => {
  identity = await createIdentity(join(root, 'identity.key'))
})
const [attic, cellar] = [1, 2].map((seed) => peerIdOf(new Uint8Array(32).fill(seed))) as [string, string]
const never = (): Promise<never> => new Promise(() => {})

async function newPath(ports: Partial<ForgetPorts> = {}, limits = {}) {
  const store = memoryKeyValue()
  const log = memoryLog()
  const book = await PeerBook.open(store, { identity, log })
  for (const [id, name] of [
    [attic, 'attic'],
    [cellar, 'cellar'],
  ] as const) {
    await book.trust({ id, name, addresses: [], trustedBy: 'ticket' })
  }
  const calls: string[] = []
  const note = (name: string) => async (peer: string) => {
    calls.push(
      `${name} ${peer === attic ? 'attic' : peer} trusted=${book.isTrusted(peer)} saved=${new TextDecoder().decode(store.map.get(peer)).startsWith('{"tombstone"')}`,
    )
  }
  const all: ForgetPorts = {
    cutLinks: note('links'),
    cutStreams: note('streams'),
    tellPlugins: async (peer) => {
      await note('plugins')(peer)
      return [{ plugin: 'messaging', outcome: 'ok', ms: 1 }]
    },
    purge: note('purge'),
    ...ports,
  }
  return { store, book, log, calls, path: new ForgetPath(book, all, { log, limits }) }
}

describe('forgetting', () => {
  it("does nothing on a member's word that a later pairing has overtaken", async () => {
    const { path, calls, book } = await newPath()
    await book.trust({ id: attic, name: 'attic', addresses: [], trustedBy: 'ticket' })
    expect(await path.forget(attic, { here: false, version: 1, source: cellar })).toMatchObject({ forgot: false })
    expect([calls, book.isTrusted(attic)]).toEqual([[], true])
    expect(await path.forget(attic, { here: false, version: 2, source: cellar })).toMatchObject({ forgot: true, name: 'attic' })
    expect(book.standing(attic)).toEqual({ kind: 'forgotten', version: 2, here: false, vouched: true, source: cellar })
  })

  it('buries first, then cuts, tells and purges', async () => {
    const { path, calls, book } = await newPath()
    const report = await path.forget('Attic')
    expect(report).toEqual({
      forgot: true,
      peer: attic,
      name: 'attic',
      plugins: [{ plugin: 'messaging', outcome: 'ok', ms: 1 }],
      linksCutMs: expect.any(Number),
      problems: [],
    })
    expect(calls).toEqual(['links', 'streams', 'plugins', 'purge'].map((part) => `${part} attic trusted=false saved=true`))
    expect(book.isForgotten(attic)).toBe(true)
    expect(book.isTrusted(cellar)).toBe(true)
  })

  it('cuts links and streams at the same time, and tells plugins after both', async () => {
    const order: string[] = []
    let streamsCut = (): void => {}
    const streams = new Promise<void>((resolve) => {
      streamsCut = resolve
    })
    const { path } = await newPath({
      cutStreams: async () => {
        order.push('streams')
        await streams
        order.push('streams cut')
      },
      cutLinks: async () => {
        order.push('links')
        streamsCut()
      },
      tellPlugins: async () => {
        order.push('plugins')
        return []
      },
    })
    await path.forget(attic)
    expect(order).toEqual(['links', 'streams', 'streams cut', 'plugins'])
  })

  it('of one peer by several at once is one run, by whatever name', async () => {
    const { path, calls } = await newPath()
    const reports = await Promise.all([path.forget('attic'), path.forget(attic), path.forget(' ATTIC '), path.forget(attic.slice(0, 30))])
    expect(new Set(reports).size).toBe(1)
    expect(calls).toHaveLength(4)
    expect((await path.forget('attic')).forgot).toBe(false)
    expect(calls).toHaveLength(4)
  })

  it('of nobody does nothing', async () => {
    const { path, calls } = await newPath()
    expect(await path.forget('nobody')).toEqual({ forgot: false, peer: 'nobody', name: '', plugins: [], linksCutMs: 0, problems: [] })
    expect(calls).toEqual([])
  })

  it('of what is ambiguous does nothing', async () => {
    const { path, calls } = await newPath()
    const prefix = [...attic]
      .slice(
        0,
        [...attic].findIndex((letter, at) => letter !== cellar[at]),
      )
      .join('')
    await expect(path.forget(prefix)).rejects.toMatchObject({ code: 'ERR_PEER_AMBIGUOUS' })
    expect(calls).toEqual([])
  })

  it('goes on when parts fail, throw at once or hang', async () => {
    const { path, calls, log } = await newPath(
      {
        cutLinks: () => {
          throw new Error('no links')
        },
        cutStreams: never,
        tellPlugins: () => Promise.reject(new Error('no host')),
      },
      { cut: 20 },
    )
    const report = await path.forget(attic)
    expect(report).toMatchObject({ forgot: true, plugins: [], problems: ['links: no links', 'streams: no answer within 20 ms', 'plugins: no host'] })
    expect(calls).toEqual(['purge attic trusted=false saved=true'])
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(3)
  })

  it('bounds plugins and purge too', async () => {
    const { path } = await newPath({ tellPlugins: never, purge: never }, { plugins: 10, purge: 10 })
    expect((await path.forget(attic)).problems).toEqual(['plugins: no answer within 10 ms', 'purge: no answer within 10 ms'])
  })

  it('cuts also when the disk is full, and says that it will not last', async () => {
    const { path, store, calls, book } = await newPath()
    store.full = true
    await expect(path.forget('attic')).rejects.toMatchObject({
      code: 'ERR_STORE_READ_ONLY',
      message: expect.stringContaining('attic is cut off'),
      data: { report: { forgot: true, peer: attic } },
    })
    expect(calls).toHaveLength(4)
    expect(book.isTrusted(attic)).toBe(false)
  })

  it('does not let a slow disk keep the links up', async () => {
    const { path, store, calls } = await newPath({}, { save: 10 })
    let written = (): void => {}
    store.gate = new Promise((resolve) => {
      written = resolve
    })
    const purged = (): boolean => calls.some((call) => call.startsWith('purge'))
    const forgetting = path.forget('attic')
    while (!purged()) await new Promise((resolve) => setImmediate(resolve))
    expect(calls[0]).toBe('links attic trusted=false saved=false')
    written()
    expect((await forgetting).forgot).toBe(true)
  })

  it('ends also when the disk never answers', async () => {
    const { path, store, calls } = await newPath({}, { save: 5, purge: 20 })
    store.gate = never()
    await expect(path.forget('attic')).rejects.toMatchObject({ code: 'ERR_TIMEOUT', data: { report: { forgot: true } } })
    expect(calls).toHaveLength(4)
  })

  it('can be done again after the peer was trusted anew', async () => {
    const { path, book, calls } = await newPath()
    await path.forget('attic')
    await book.trust({ id: attic, name: 'attic', addresses: [], trustedBy: 'ticket' })
    expect((await path.forget('attic')).forgot).toBe(true)
    expect(calls).toHaveLength(8)
  })
})
