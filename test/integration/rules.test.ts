/** The plugin rules in whole daemons: what peers may pull and send, what they are told, and what a change takes back. */

import { renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawClient } from '../unit/plugins/rtmp/raw-client.js'
import { slowness, waitFor } from '../wait-for.js'
import { read } from './keys/bench.js'
import { Nodes, pullOf, readersOf, type TestNode, Ticker, take } from './nodes.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Rules under which all may be done, but for the lines given for reading and sending. */
function rules(reading: string, sending: string): string {
  return `stream.read:\n  "*": true\n${reading}stream.publish:\n  "*": true\npayload.send:\n  "*": true\n${sending}api.call:\n  "*": [owner]\n`
}

const first = rules('  secret/*: [owner, peer:cellar]\n', '  b.*: {allow: ["*"], deny: [peer:attic]}\n')

describe('three daemons, one of them with rules', () => {
  const nodes = new Nodes()
  let kitchen: TestNode
  let attic: TestNode
  let cellar: TestNode
  const streams: Ticker[] = []

  /** As an editor saves it. */
  const save = (text: string): void => {
    writeFileSync(join(kitchen.home, 'rules.new'), text)
    renameSync(join(kitchen.home, 'rules.new'), join(kitchen.home, 'rules.yaml'))
  }

  beforeAll(async () => {
    const home = nodes.newHome()
    writeFileSync(join(home, 'rules.yaml'), first)
    kitchen = await nodes.start('kitchen', { home, kinds: ['a.x', 'b.x'], flags: { 'rules.enabled': true, 'simple-tcp.enabled': true, 'simple-tcp.port': 0 } })
    attic = await nodes.start('attic')
    cellar = await nodes.start('cellar')
    await nodes.join(kitchen, attic)
    await nodes.join(kitchen, cellar)
    streams.push(new Ticker(kitchen, 'live/cam'), new Ticker(kitchen, 'secret/cam'))
    const claims = (node: TestNode): boolean => node.probe.ctx.peers.get('kitchen')?.kinds.includes('b.x') === true
    await waitFor('the kinds of kitchen', () => claims(attic) && claims(cellar))
  })

  afterAll(async () => {
    for (const stream of streams) stream.stop()
    await nodes.dispose()
  })

  const pull = async (node: TestNode, path: string): Promise<void> => {
    await node.client.call('pulls.create', { body: { url: `shoal://kitchen/${path}` } })
  }

  it('a peer may pull live/* and not secret/*; another one may', async () => {
    await pull(attic, 'live/cam')
    expect(await take(await attic.probe.ctx.streams.subscribe('live/cam', { wait: 10_000 }), 2)).toHaveLength(2)
    await pull(attic, 'secret/cam')
    const refused = await waitFor('the refusal', async () => (await pullOf(attic, 'secret/cam'))?.error)
    expect(refused).toMatchObject({ code: 'ERR_FORBIDDEN' })
    expect(attic.probe.ctx.streams.list().some(({ path }) => path === 'secret/cam')).toBe(false)
    await pull(cellar, 'secret/cam')
    expect(await take(await cellar.probe.ctx.streams.subscribe('secret/cam', { wait: 10_000 }), 2)).toHaveLength(2)
  })

  it('it may send a.* and not b.*, and is told why', async () => {
    const { payloads } = attic.probe.ctx
    await payloads.send(kitchen.id, 'a.x', bytes('1'))
    await expect(payloads.send(kitchen.id, 'b.x', bytes('1'))).rejects.toMatchObject({
      code: 'ERR_PAYLOAD_REJECTED',
      message: expect.stringContaining('payload.send of b.x'),
    })
    await cellar.probe.ctx.payloads.send(kitchen.id, 'b.x', bytes('1'))
  })

  it('a change of the file cuts a pull that runs, within a second, and no other', async () => {
    await waitFor('both readers', async () => (await readersOf(kitchen, 'secret/cam')).length === 1 && (await readersOf(kitchen, 'live/cam')).length === 1)
    const saved = performance.now()
    save(rules('  secret/*: [owner]\n', ''))
    await waitFor('the pull to be cut', async () => (await readersOf(kitchen, 'secret/cam')).length === 0)
    expect(performance.now() - saved).toBeLessThan(1000 * slowness)
    const told = await waitFor('the reason', async () => (await pullOf(cellar, 'secret/cam'))?.error)
    expect(told).toMatchObject({ code: 'ERR_FORBIDDEN' })
    expect(await readersOf(kitchen, 'live/cam')).toEqual([`shoal ${attic.id}`])
    // and a kind that is allowed again
    await attic.probe.ctx.payloads.send(kitchen.id, 'b.x', bytes('2'))
  })

  it('a change that is wrong changes nothing, and is shown', async () => {
    save('stream.read: {"*": maybe}\n')
    const problems = async () => (await read<{ problems: { line: number }[] }>(kitchen, '/rules/')).problems
    await waitFor('the problem', async () => (await problems()).length > 0)
    await attic.probe.ctx.payloads.send(kitchen.id, 'a.x', bytes('3'))
    expect(await take(await attic.probe.ctx.streams.subscribe('live/cam'), 2)).toHaveLength(2)
    save(rules('', ''))
    await waitFor('a right file', async () => (await problems()).length === 0)
    expect(await take(await cellar.probe.ctx.streams.subscribe('secret/cam', { wait: 20_000 }), 2)).toHaveLength(2)
  })

  it('an encoder over RTMP and a client of simple-tcp are cut when they may not publish any more', async () => {
    const encoder = await RawClient.publishing((await read<{ port: number }>(kitchen, '/rtmp/info')).port, 'encoder')
    const socket = connect((await read<{ port: number }>(kitchen, '/simple-tcp/status')).port, '127.0.0.1')
    let said = ''
    socket.on('data', (data) => (said += data))
    socket.write('PUBLISH lines\n')
    await waitFor('both publishers', () => kitchen.probe.ctx.streams.list().some(({ path }) => path === 'lines') && said.includes('OK PUBLISH'))
    save(rules('', '').replace('stream.publish:\n  "*": true', 'stream.publish:\n  "*": [owner]'))
    await waitFor('the encoder to be told', () => encoder.statuses.some(({ level }) => level === 'error') || encoder.closed)
    await waitFor('the line', () => said.includes('ERR ERR_FORBIDDEN'))
    await waitFor('the ends', () => !kitchen.probe.ctx.streams.list().some(({ path }) => path === 'lines' || path === 'live/encoder'))
    encoder.close()
    socket.destroy()
    save(rules('', ''))
  })

  it('a player over HTTP is cut when it may not read any more', async () => {
    // the socket's user is bound by no rule, so it comes over TCP
    await kitchen.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/film' } })
    await kitchen.probe.ctx.streams.subscribe('live/film', { wait: 20_000 }).then((subscription) => subscription.close())
    const { host, port } = kitchen.daemon.http ?? { host: '', port: 0 }
    const ending = new AbortController()
    const response = await fetch(`http://${host}:${port}/live/film.flv`, { signal: ending.signal })
    const ended = (async () => {
      for await (const _ of response.body ?? []);
    })().then(
      () => 'ended',
      () => 'cut',
    )
    if (response.status === 200) {
      save(rules('  live/*: [owner, "peer:*"]\n', ''))
      expect(await ended).toMatch(/cut|ended/)
    }
    ending.abort()
    expect(response.status).toBe(200)
    expect((await fetch(`http://${host}:${port}/live/film.flv`)).status).toBe(401)
  })
})

it('a daemon with a wrong rules file lets nobody in but its owner', async () => {
  const nodes = new Nodes()
  try {
    const home = nodes.newHome()
    writeFileSync(join(home, 'rules.yaml'), 'stream.read: {"*": true}\n')
    const closed = await nodes.start('closed', { home, kinds: ['t.x'], flags: { 'plugins.rules.enabled': true } })
    const other = await nodes.start('other')
    await nodes.join(closed, other)
    const { plugins } = await closed.client.call('plugins.list')
    expect(plugins.find(({ name }) => name === 'rules')).toMatchObject({ state: 'failed', error: expect.stringContaining('rules.yaml:1:') })
    await waitFor('the kind', () => other.probe.ctx.peers.get('closed')?.kinds.includes('t.x'))
    await expect(other.probe.ctx.payloads.send(closed.id, 't.x', bytes('1'))).rejects.toMatchObject({ code: 'ERR_PAYLOAD_REJECTED' })
  } finally {
    await nodes.dispose()
  }
})
