/** Four hosts in a row, each of which reaches only its neighbours: a message and a stream go from one end to the other. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from '../e2e/cli.js'
import type { Figures } from '../lan/figures.js'
import { type LanNode, pair } from '../lan/lan-node.js'
import { Nodes } from '../lan/nodes.js'
import { Viewer } from '../lan/viewer.js'
import { itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'

/** In the message: what a relay must not see. */
const marker = 'the herring flies at midnight'

/** Sent in clear before and after: what a relay that looks does see. */
const [first, last] = ['the nets are out', 'the nets are in']

/** Adds the tests. */
export function testChain(figures: Figures): void {
  let nodes: Nodes
  let folder: string
  const node = (name: string): LanNode => nodes.get(name)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-capture-'))
    // e is a second way from a to d, and is started later
    const hosts = [
      { name: 'a', networks: [0] },
      { name: 'b', networks: [0, 1] },
      { name: 'c', networks: [1, 2] },
      { name: 'd', networks: [2] },
      { name: 'e', networks: [0, 2] },
    ]
    nodes = await Nodes.start(hosts)
    await pair(node('b'), node('a'))
    await pair(node('c'), node('b'))
    await pair(node('c'), node('d'))
    await node('e').kill('SIGTERM')
  })

  afterAll(async () => {
    await nodes?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  itWith(
    ['tcpdump'],
    'a message and a stream cross A–B–C–D, and a capture on B lacks the plaintext',
    async () => {
      await waitFor('a to reach d', () => node('a').linked('d'), 30_000)
      expect(await viaOf(node('a'), 'd')).toEqual(['b', 'c'])
      const file = join(folder, 'b.pcap')
      const [program = '', ...args] = [...nodes.lab.prefix('b'), 'tcpdump', '-i', 'any', '--immediate-mode', '-U', '-s', '0', '-w', file]
      const capture = run(program, args)
      await waitFor('the capture to begin', () => /listening on/.test(capture.output.stderr))
      const sees = (text: string): Promise<boolean> => inClear(nodes, text).then(() => readFileSync(file).includes(text))
      await waitFor('the capture to see what is in clear', () => sees(first))
      await node('a').json('msg', 'd', marker)
      const { messages } = await node('d').json<{ messages: { text: string }[] }>('msg', 'history', 'a')
      expect(messages.map(({ text }) => text)).toContain(marker)
      await node('a').json('pull', 'file:///sample', 'live/cam', '-d')
      await node('d').json('pull', 'shoal://a/live/cam', 'far', '-d')
      const viewer = new Viewer(node('d').client, 'far')
      try {
        await waitFor('a second of frames at d', () => viewer.frames > 25, 30_000)
        expect(viewer.gapsSince(0)).toEqual([])
      } finally {
        await viewer.close()
      }
      const { streams } = await node('d').json<{ streams: { path: string; bytesIn: number }[] }>('streams')
      const received = streams.find(({ path }) => path === 'far')?.bytesIn ?? 0
      await waitFor('the capture to see what is in clear, after all that was sent', () => sees(last))
      await capture.kill('SIGINT')
      const captured = readFileSync(file)
      // what d has of the stream came this way, in and out, between the two that are in clear
      const passed = captured.indexOf(last) - captured.indexOf(first)
      figures.note('A–B–C–D, bytes of the stream at D', received)
      figures.note('A–B–C–D, bytes captured at B meanwhile', passed)
      expect(received).toBeGreaterThan(10_000)
      expect(passed).toBeGreaterThan(2 * received)
      expect(captured.includes(marker)).toBe(false)
      // the metadata of each FLV file would show in clear
      expect(captured.includes('onMetaData')).toBe(false)
    },
    120_000,
  )

  it('another way is taken when a relay dies', { timeout: 120_000 }, async () => {
    await node('e').start()
    await pair(node('a'), node('e'))
    await waitFor('e to reach d', async () => (await node('e').linked('d')) && (await viaOf(node('e'), 'd')).length === 0, 30_000)
    await node('d').json('pull', 'shoal://a/live/cam', 'again', '-d')
    const viewer = new Viewer(node('d').client, 'again')
    try {
      await waitFor('frames at d', () => viewer.frames > 0, 30_000)
      const [relay = ''] = await waitFor('a way', async () => {
        const via = await viaOf(node('a'), 'd')
        return via.length > 0 && via
      })
      await node(relay).kill('SIGKILL')
      const killed = performance.now()
      const first = await waitFor('frames at d again', () => viewer.firstSince(killed + 500), 30_000)
      figures.time('A–B–C–D, a relay killed, frames by another way after', first.at - killed)
      await waitFor('a to reach d', async () => {
        const via = await viaOf(node('a'), 'd')
        return via.length > 0 && !via.includes(relay)
      })
    } finally {
      await viewer.close()
    }
  })
}

/** Sends a datagram from a to b that nothing encrypts. */
async function inClear({ lab }: Nodes, text: string): Promise<void> {
  const [program = '', ...args] = [...lab.prefix('a'), 'bash', '-c', `echo "${text}" > /dev/udp/${lab.address('b')}/9`]
  await run(program, args).ended
}

/** Names of the nodes through which one is linked with another; none where the link is direct, or where there is none. */
async function viaOf(self: LanNode, name: string): Promise<string[]> {
  const { peers } = await self.client.call('peers.list')
  const via = peers.find((peer) => peer.name === name)?.via ?? []
  return via.map((id) => peers.find((peer) => peer.id === id)?.name ?? id)
}
