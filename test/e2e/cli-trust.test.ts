/** How trust is ended from the command line: in the cluster, here alone, and for ever. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode, pair } from './cli.js'

interface Answers {
  peers: { id: string; name: string; trustedBy: string }[]
  forgotten: { name: string; scope: string; byName?: string }[]
  blocked: { id: string; name: string }[]
}

describe('ending trust', () => {
  const [kitchen, attic, cellar] = [new CliNode('kitchen'), new CliNode('attic'), new CliNode('cellar')]
  const read = async <K extends keyof Answers>(node: CliNode, what: K, ...words: string[]): Promise<Answers[K]> => (await node.json<Answers>(...words))[what]
  const names = async (node: CliNode): Promise<string[]> => (await read(node, 'peers', 'peers')).map(({ name }) => name)

  beforeAll(async () => {
    await Promise.all([kitchen, attic, cellar].map((node) => node.start()))
    await pair(kitchen, attic)
    await pair(kitchen, cellar)
    await waitFor('all to know each other', async () => (await names(attic)).includes('cellar') && (await names(cellar)).includes('attic'))
  })
  afterAll(() => Promise.all([kitchen, attic, cellar].map((node) => node.dispose())))

  it('says how each peer came to be trusted', async () => {
    expect((await attic.command('peers')).stdout).toMatch(/cellar .*by kitchen/)
    expect((await attic.command('peers')).stdout).toMatch(/kitchen .*ticket/)
  })

  it('forgets in the cluster what came by introduction, and shows it', async () => {
    const dry = await attic.command('peers', 'forget', 'cellar', '--dry-run')
    expect(dry.stdout).toMatch(/would forget cellar[\s\S]*in the cluster; would be told now: kitchen/)
    expect((await attic.command('peers', 'forget', 'cellar', '--cluster', '--here')).code).toBe(2)
    const done = await attic.command('peers', 'forget', 'cellar')
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toContain('in the cluster; told now: kitchen')
    await waitFor('the kitchen to forget it', async () => !(await names(kitchen)).includes('cellar'))
    expect(await read(kitchen, 'forgotten', 'peers', 'forgotten')).toMatchObject([{ name: 'cellar', scope: 'cluster', byName: 'attic' }])
    expect((await kitchen.command('peers', 'forgotten')).stdout).toMatch(/cellar .*in the cluster +attic/)
    expect((await attic.command('peers', 'forget', 'cellar')).stderr).toContain('forgotten already')
    // it is told, or where its links were cut before that, finds out when it dials
    const knows = /refuses this node|says that this node was forgotten/
    await waitFor('the cellar to be told', async () => knows.test((await cellar.command('status')).stdout), 120_000)
  })

  it('forgets here alone, and later everywhere', async () => {
    await pair(kitchen, cellar)
    await waitFor('the attic to know it again', async () => (await names(attic)).includes('cellar'))
    expect((await attic.command('peers', 'forget', 'cellar', '--here')).stdout).toContain('here alone')
    expect([await names(attic), (await names(kitchen)).includes('cellar')]).toEqual([['kitchen'], true])
    expect((await attic.command('peers', 'forgotten')).stdout).toMatch(/cellar .*here alone +this node/)
    expect((await attic.command('peers', 'forget', 'cellar', '--cluster')).code).toBe(0)
    await waitFor('the kitchen to forget it too', async () => !(await names(kitchen)).includes('cellar'))
  })

  it('blocks an id, shows it and lifts the block', async () => {
    const done = await kitchen.command('peers', 'block', 'attic')
    expect(done.stdout).toMatch(/blocked attic 12D3\S+; it was forgotten here/)
    expect((await read(kitchen, 'blocked', 'peers', 'blocked')).map(({ name }) => name)).toEqual(['attic'])
    expect((await kitchen.command('peers', 'blocked')).stdout).toContain('attic')
    const { ticket } = await kitchen.json<{ ticket: string }>('invite')
    expect((await attic.command('join', ticket)).code).not.toBe(0)
    expect(await names(kitchen)).toEqual([])
    expect((await kitchen.command('peers', 'unblock', 'nobody')).code).toBe(6)
    expect((await kitchen.command('peers', 'unblock', 'attic')).stdout).toContain('unblocked attic')
    expect((await kitchen.command('peers', 'blocked')).stdout).toContain('Nobody is blocked.')
    await pair(kitchen, attic)
    expect(await names(kitchen)).toEqual(['attic'])
  })
})
