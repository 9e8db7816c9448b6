/** `shoal msg`, every command of it, between two real nodes; and nodes that are killed. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConversationList, HistoryPage, SendAnswer } from '../../src/plugins/messaging/api.js'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { CliNode, mainFile, pair, run, stackTrace } from './cli.js'

describe('shoal msg', () => {
  let kitchen: CliNode
  let attic: CliNode
  const send = (from: CliNode, to: string, text: string): Promise<SendAnswer> => from.json('msg', to, text, '--wait', '20')
  const texts = async (node: CliNode, peer: string): Promise<string[]> => {
    const { messages } = await node.json<HistoryPage>('msg', 'history', peer, '--limit', '500')
    return messages.map(({ text }) => text)
  }
  const unread = async (node: CliNode): Promise<number | undefined> => (await node.json<ConversationList>('msg', 'conversations')).conversations[0]?.unread
  const refusal = async (...args: string[]): Promise<{ code: number | null; error: string }> => {
    const { code, stdout, stderr } = await kitchen.command('msg', ...args, '--json')
    expect(stdout + stderr).not.toMatch(stackTrace)
    return { code, error: (JSON.parse(stdout) as { error: { code: string } }).error.code }
  }

  beforeAll(async () => {
    const listen = async (): Promise<Record<string, string>> => ({ SHOAL_SWARM__LISTEN: `["/ip4/127.0.0.1/tcp/${await freePort()}"]` })
    kitchen = new CliNode('kitchen', await listen())
    attic = new CliNode('attic', await listen())
    await Promise.all([kitchen.start(), attic.start()])
    await pair(kitchen, attic)
  })
  afterAll(async () => {
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('writes, with and without the word send, and from a pipe', async () => {
    const plain = await kitchen.command('msg', 'attic', 'dinner is ready', '--wait', '20')
    expect(plain).toMatchObject({ code: 0, stderr: '' })
    expect(plain.stdout).toMatch(/^delivered {3}[0-9a-f]{8}\n$/)
    expect(await kitchen.json('msg', 'send', 'attic', 'history', '--wait', '20')).toMatchObject({ schema: 1, name: 'attic', message: { state: 'delivered' } })
    const piped = run(process.execPath, [mainFile, 'msg', 'attic', '-', '--wait', '20'], { env: kitchen.env, input: 'two\r\nlines\n' })
    expect((await piped.ended).code).toBe(0)
    expect(await texts(attic, 'kitchen')).toEqual(['dinner is ready', 'history', 'two\nlines'])
  })

  it('shows history, conversations and what is unread', async () => {
    expect((await kitchen.command('msg', 'conversations')).stdout).toMatch(/PEER[^\n]*\nattic +connected +3 +0 +0 +\d+ s ago +me: two lines\n/)
    expect(await unread(attic)).toBe(3)
    const shown = (await attic.command('msg', 'history', 'kitchen', '-n', '1')).stdout
    expect(shown).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}[0-9a-f]{8} {2}new +kitchen: two\n {4}lines\n$/)
    const { messages } = await attic.json<HistoryPage>('msg', 'history', 'kitchen')
    const older = await attic.json<HistoryPage>('msg', 'history', 'kitchen', '--before', messages[2]?.id.slice(0, 8) ?? '')
    expect(older.messages.map(({ text }) => text)).toEqual(['dinner is ready', 'history'])
    const read = await attic.json<{ marked: number; messages: unknown[] }>('msg', 'read', 'kitchen')
    expect([read.marked, read.messages.length, await unread(attic)]).toEqual([3, 3, 0])
    expect((await attic.command('msg', 'read', 'kitchen')).stdout).toBe('Nothing is unread.\n')
    await waitFor('the writer to know', async () =>
      (await kitchen.json<HistoryPage>('msg', 'history', 'attic')).messages.every(({ state }) => state === 'read'),
    )
  })

  it('deletes one message, or all, here', async () => {
    const [first] = (await attic.json<HistoryPage>('msg', 'history', 'kitchen')).messages
    expect((await attic.command('msg', 'rm', 'kitchen', first?.id.slice(0, 8) ?? '')).stdout).toBe('1 message deleted\n')
    expect(await texts(attic, 'kitchen')).toEqual(['history', 'two\nlines'])
    expect(await attic.json('msg', 'rm', 'kitchen')).toMatchObject({ schema: 1, removed: 2 })
    expect(await attic.json('msg', 'conversations')).toEqual({ schema: 1, conversations: [] })
    expect((await attic.command('msg', 'conversations')).stdout).toContain('No messages yet')
    expect((await attic.command('msg', 'history', 'kitchen')).stdout).toBe('No messages with kitchen.\n')
    expect(await texts(kitchen, 'attic')).toHaveLength(3)
  })

  it('tells who watches', async () => {
    const watchers = [attic.spawn('msg', 'watch'), attic.spawn('msg', 'watch', 'kitchen', '--json')] as const
    await waitFor('messages that are seen', async () => {
      await send(kitchen, 'attic', 'look')
      return watchers.every(({ output }) => output.stdout.includes('look'))
    })
    for (const watcher of watchers) expect((await watcher.kill('SIGINT')).code).toBe(130)
    expect(watchers[0].output.stdout).toMatch(/new +kitchen: look\n/)
    for (const line of watchers[1].output.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('type')
  })

  it('says what is wrong', async () => {
    expect(await refusal('cellar', 'hi')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
    expect(await refusal('attic', ' ')).toEqual({ code: 2, error: 'ERR_MESSAGE_EMPTY' })
    expect(await refusal('attic', 'x'.repeat(16_385))).toEqual({ code: 2, error: 'ERR_MESSAGE_TOO_LONG' })
    expect(await refusal('attic', 'a\u001bb')).toEqual({ code: 2, error: 'ERR_MESSAGE_INVALID' })
    expect(await refusal('attic')).toEqual({ code: 2, error: 'ERR_USAGE' })
    expect(await refusal()).toEqual({ code: 2, error: 'ERR_USAGE' })
    expect(await refusal('attic', 'two', 'words')).toEqual({ code: 2, error: 'ERR_USAGE' })
    expect(await refusal('rm', 'attic', 'ffffffff')).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })
    expect(await refusal('rm', 'attic', 'xyz')).toMatchObject({ code: 6 })
    expect(await refusal('history', 'attic', '--limit', '0')).toEqual({ code: 2, error: 'ERR_REQUEST_INVALID' })
    expect(await refusal('read', 'cellar')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
    expect(await refusal('watch', 'cellar')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
  })

  it('delivers once and in order although both nodes are killed', async () => {
    await attic.json('msg', 'rm', 'kitchen')
    await attic.kill('SIGKILL')
    const all: string[] = []
    for (let at = 0; at < 5; at++) {
      all.push(`while away ${at}`)
      await kitchen.json('msg', 'attic', all.at(-1) ?? '', '--wait', '0')
    }
    await kitchen.kill('SIGKILL')
    await Promise.all([kitchen.start(), attic.start()])
    // killed again amid the delivery, wherever that is
    await attic.kill('SIGKILL')
    await attic.start()
    await waitFor('the messages', async () => (await texts(attic, 'kitchen')).length >= all.length, 60_000)
    expect(await texts(attic, 'kitchen')).toEqual(all)
    await waitFor('the acknowledgements', async () => (await kitchen.json<ConversationList>('msg', 'conversations')).conversations[0]?.queued === 0)
    expect(await texts(attic, 'kitchen')).toEqual(all)
  })

  it('names the plugin where it does not run', async () => {
    const mute = new CliNode('mute', { SHOAL_MESSAGING__ENABLED: 'false' })
    await mute.start()
    const { code, stderr } = await mute.command('msg', 'conversations')
    expect([code, stderr]).toEqual([6, expect.stringContaining('The plugin messaging does not run on this node.')])
    await mute.dispose()
  })
})
