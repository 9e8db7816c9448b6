import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RulesStatus, type RulesVerdict, rules } from '../../../../src/plugins/rules/rules.js'
import type { Permission } from '../../../../src/services.js'
import { type FakeContext, fakeContext } from '../../../../src/testing/fake-context.js'
import { fakePeer } from '../../../../src/testing/fake-peers.js'
import { memoryStorage } from '../../../../src/testing/memory-storage.js'
import { waitFor } from '../../../wait-for.js'

const kitchen = fakePeer({ id: '12D3KooWKitchen', name: 'kitchen' })
const attic = fakePeer({ id: '12D3KooWAttic', name: 'attic' })

let folder: string
let fake: FakeContext | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-rules-'))
})

afterEach(async () => {
  await fake?.stop()
  fake = undefined
  rmSync(folder, { recursive: true })
})

const text = (read: string): string => `stream.read: ${read}\nstream.publish: {"*": true}\npayload.send: {"*": true}\napi.call: {"*": [owner]}\n`

/** As editors do it: another file takes the place. */
function write(content: string): void {
  writeFileSync(join(folder, 'new'), content)
  renameSync(join(folder, 'new'), join(folder, 'rules.yaml'))
}

async function start(content: string, storage = memoryStorage()): Promise<FakeContext> {
  write(content)
  fake = await fakeContext(rules(folder), { peers: [kitchen, attic], services: { storage } }).start()
  return fake
}

const mayRead = (peer: string, target = 'x'): unknown =>
  (fake as FakeContext).services.use('permission').allows({ kind: 'peer', id: peer }, { action: 'stream.read', target })

const status = async (): Promise<RulesStatus> => (await fake?.request('GET', '/rules/')) as RulesStatus

describe('the plugin rules', () => {
  it('decides, and says what it refuses', async () => {
    await start(text('{"*": true, "secret/*": false}'))
    expect(await mayRead(kitchen.id)).toBe(true)
    expect(await mayRead(kitchen.id, 'secret/x')).toBe('The rules of this node do not allow stream.read of secret/x.')
  })

  it.each([
    ['is wrong', (at: string) => writeFileSync(at, 'stream.read: {"*": maybe}'), /rules\.yaml:1:20: stream.read \*: must be true/],
    ['is not there', () => {}, /rules\.yaml:1:1: does not exist/],
    ['is not UTF-8', (at: string) => writeFileSync(at, Buffer.from([0xff, 0xfe])), /is not UTF-8/],
    ['is too large', (at: string) => writeFileSync(at, 'x'.repeat(300_000)), /larger than 256 KiB/],
  ])('does not start with a file that %s', async (_, make, message) => {
    make(join(folder, 'rules.yaml'))
    await expect(fakeContext(rules(folder)).start()).rejects.toMatchObject({ code: 'ERR_RULES_INVALID', message: expect.stringMatching(message) })
  })

  it('takes a changed file at once, and tells those who listen', async () => {
    const { services } = await start(text('{"*": true}'))
    const changed: unknown[] = []
    const ending = new AbortController()
    const permission: Permission = services.use('permission')
    const listening = (async () => {
      for await (const change of permission.changes?.(ending.signal) ?? []) changed.push(change)
    })()
    write(text('{"*": [peer:kitchen]}'))
    await waitFor('the change', () => changed.length > 0)
    expect([await mayRead(kitchen.id), await mayRead(attic.id)]).toEqual([true, expect.any(String)])
    ending.abort()
    await listening
  })

  it('keeps the rules it has when the file becomes wrong or goes away, and says so', async () => {
    await start(text('{"*": [peer:kitchen]}'))
    write(text('{"*": [peer:kitchen], broken: maybe}'))
    await waitFor('the problem', async () => (await status()).problems.length > 0)
    expect((await status()).problems).toMatchObject([{ line: 1, message: expect.stringContaining('must be true') }])
    expect(fake?.log.lines.some(({ level, msg }) => level === 'error' && msg.startsWith('the rules file is wrong'))).toBe(true)
    rmSync(join(folder, 'rules.yaml'))
    await waitFor('the other problem', async () => (await status()).problems[0]?.message.startsWith('does not exist'))
    expect([await mayRead(kitchen.id), await mayRead(attic.id)]).toEqual([true, expect.any(String)])
    write(text('{"*": [peer:attic]}'))
    await waitFor('the rules', async () => (await status()).problems.length === 0)
    expect([await mayRead(kitchen.id), await mayRead(attic.id)]).toEqual([expect.any(String), true])
  })

  it('a name goes on to mean the same peer when that is renamed and another takes the name, also after a restart', async () => {
    const storage = memoryStorage()
    const { peers } = await start(text('{"*": [peer:kitchen]}'), storage)
    expect(await mayRead(kitchen.id)).toBe(true)
    peers.set({ ...kitchen, name: 'pantry' })
    peers.set({ ...attic, name: 'kitchen' })
    peers.emit({ type: 'renamed', peer: kitchen.id, name: 'pantry', time: 0 })
    expect([await mayRead(kitchen.id), await mayRead(attic.id)]).toEqual([true, expect.any(String)])
    expect((await status()).renamedPeers).toEqual([{ ref: 'kitchen', peer: kitchen.id, name: 'pantry' }])
    await fake?.stop()
    write(text('{"*": [peer:kitchen]}'))
    const renamed = [
      { ...kitchen, name: 'pantry' },
      { ...attic, name: 'kitchen' },
    ]
    fake = await fakeContext(rules(folder), { peers: renamed, services: { storage } }).start()
    expect([await mayRead(kitchen.id), await mayRead(attic.id)]).toEqual([true, expect.any(String)])
  })

  it('a name of nobody is shown, and means the peer that takes it', async () => {
    const { peers } = await start(text('{"*": [peer:cellar]}'))
    expect((await status()).unknownPeers).toEqual(['cellar'])
    peers.set(fakePeer({ id: '12D3KooWCellar', name: 'cellar' }))
    expect(await mayRead('12D3KooWCellar')).toBe(true)
    expect((await status()).unknownPeers).toEqual([])
  })

  it('/rules/test tells the rule that decides, with its line', async () => {
    await start(text('\n  "*": true\n  home/$who/*: [$who]'))
    const ask = async (who: string, target: string): Promise<RulesVerdict> =>
      (await fake?.request('GET', '/rules/test', { query: { who, action: 'stream.read', target } })) as RulesVerdict
    expect(await ask('peer:kitchen', 'home/kitchen/cam')).toMatchObject({
      allowed: true,
      rule: { line: 3, pattern: 'home/$who/*', source: 'home/$who/*: [$who]' },
    })
    expect(await ask('peer:attic', 'home/kitchen/cam')).toMatchObject({ allowed: false, rule: { line: 3 } })
    expect(await ask('user:ada', 'home/ada/cam')).toMatchObject({ allowed: true })
    expect(await ask('client:local', 'x')).toMatchObject({ allowed: true, rule: { line: 2 } })
    expect(await ask('client:192.0.2.1', 'x')).toMatchObject({ allowed: true, who: { address: '192.0.2.1', local: false } })
    await expect(ask('peer:nobody', 'x')).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    await expect(ask('somebody', 'x')).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(fake?.request('GET', '/rules/test', { query: { who: 'owner', action: 'stream.red', target: 'x' } })).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('did you mean stream.read?'),
    })
  })
})
