/** The five-minute story of the README, with the real command line, a real encoder and a real player. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../free-port.js'
import { describeWith } from '../needs.js'
import { slowness, waitFor } from '../wait-for.js'
import { CliNode, type Running, run } from './cli.js'

interface StreamRow {
  path: string
  origin: string
  hops: number
  framesIn: number
}

interface Probe {
  streams: { codec_name: string; codec_type: string; width?: number; height?: number; sample_rate?: string; r_frame_rate?: string }[]
}

/** Publishes a test picture and a tone as H.264 and AAC over RTMP, as an encoder in the field does. */
function publish(url: string): Running {
  const video = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25']
  const audio = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100']
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p', '-b:v', '500k', '-c:a', 'aac', '-b:a', '64k']
  return run('ffmpeg', ['-v', 'error', '-re', ...video, ...audio, ...codecs, '-f', 'flv', url])
}

describeWith(['ffmpeg'], 'the story', () => {
  let kitchen: CliNode
  let attic: CliNode
  let rtmp: number
  let http: number
  let encoder: Running | undefined
  let ticket = ''

  const streamsAt = async (node: CliNode): Promise<StreamRow[]> => (await node.json<{ streams: StreamRow[] }>('streams')).streams
  const framesAt = async (node: CliNode, path: string): Promise<number> => {
    const found = (await streamsAt(node)).find((stream) => stream.path === path && stream.hops <= 1 && stream.framesIn > 0)
    return found?.framesIn ?? 0
  }
  /** Waits until frames arrive at `node`, and go on arriving. */
  const flows = async (node: CliNode, path: string, ms = 15_000): Promise<void> => {
    const before = await waitFor(`frames of ${path} at ${node.name}`, () => framesAt(node, path), ms)
    await waitFor(`more frames of ${path}`, async () => (await framesAt(node, path)) !== before, ms)
  }

  beforeAll(async () => {
    rtmp = await freePort()
    http = await freePort()
    const swarm = await freePort()
    kitchen = new CliNode('kitchen', { SHOAL_RTMP__PORT: String(rtmp), SHOAL_SWARM__LISTEN: JSON.stringify([`/ip4/127.0.0.1/tcp/${swarm}`]) })
    attic = new CliNode('attic', { SHOAL_HTTP__PORT: String(http) })
    await kitchen.start()
    await attic.start()
  })

  afterAll(async () => {
    await encoder?.kill('SIGKILL')
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('forms a cluster with a ticket; both sides show the same code', async () => {
    const invite = await kitchen.json<{ ticket: string }>('invite')
    expect(invite.ticket).toMatch(/^shoal1/)
    const joined = await attic.json<{ code: string; name: string }>('join', invite.ticket)
    expect(joined.code).toMatch(/^\d{6}$/)
    expect(joined.name).toBe('kitchen')
    await waitFor('both to see each other', async () => {
      const [a, b] = await Promise.all([
        kitchen.json<{ peers: { name: string; connected: boolean }[] }>('peers'),
        attic.json<{ peers: { name: string; connected: boolean }[] }>('peers'),
      ])
      return a.peers.some((peer) => peer.name === 'attic' && peer.connected) && b.peers.some((peer) => peer.name === 'kitchen' && peer.connected)
    })
    expect(kitchen.log).toContain(joined.code)
    const cellar = new CliNode('cellar')
    try {
      await cellar.start()
      const late = await cellar.command('join', invite.ticket, '--json')
      expect(late.code).not.toBe(0)
      // no ticket is out any more, so the kitchen does not even listen to a stranger
      expect(JSON.parse(late.stdout)).toMatchObject({ error: { code: expect.stringMatching(/^ERR_(TICKET_REFUSED|PAIRING_FAILED|PEER_UNREACHABLE)$/) } })
    } finally {
      await cellar.dispose()
    }
    ticket = invite.ticket
  })

  it('lists a published stream on the other node', async () => {
    encoder = publish(`rtmp://127.0.0.1:${rtmp}/live/cam`)
    await waitFor('live/cam in the list of the attic', async () => (await streamsAt(attic)).some((stream) => stream.path === 'live/cam'), 20_000)
  })

  it('pulls it by URL and serves it to a player', async () => {
    const pulled = await attic.command('pull', 'shoal://kitchen/live/cam', '-d')
    expect(pulled.code, pulled.stderr).toBe(0)
    await flows(attic, 'live/cam')
    const probe = await run('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', '-analyzeduration', '3000000', `http://127.0.0.1:${http}/live/cam.flv`])
      .ended
    expect(probe.code, probe.stderr).toBe(0)
    const { streams } = JSON.parse(probe.stdout) as Probe
    expect(streams.find((stream) => stream.codec_type === 'video')).toMatchObject({ codec_name: 'h264', width: 640, height: 360, r_frame_rate: '25/1' })
    expect(streams.find((stream) => stream.codec_type === 'audio')).toMatchObject({ codec_name: 'aac', sample_rate: '44100' })
  })

  it('comes back by itself after the source node was killed and started again', async () => {
    await kitchen.kill('SIGKILL')
    await encoder?.kill('SIGKILL')
    await waitFor('the attic to notice', async () => !(await attic.json<{ peers: { connected: boolean }[] }>('peers')).peers[0]?.connected, 20_000)
    await kitchen.start()
    encoder = publish(`rtmp://127.0.0.1:${rtmp}/live/cam`)
    await flows(attic, 'live/cam', 30_000)
  })

  it('cuts a forgotten peer within a second, for good', async () => {
    await flows(attic, 'live/cam')
    const report = await kitchen.json<{ forgot: boolean; linksCutMs: number; plugins: { plugin: string; outcome: string }[] }>('peers', 'forget', 'attic')
    expect(report.forgot).toBe(true)
    expect(report.linksCutMs).toBeLessThan(1000 * slowness)
    expect(report.plugins.every(({ outcome }) => outcome === 'ok')).toBe(true)
    await waitFor('the stream to end at the attic', async () => (await framesAt(attic, 'live/cam')) === 0)
    // a start anew dials and pulls at once, and gets as little
    await attic.kill()
    await attic.start()
    await waitFor('the attic to dial in vain', () => attic.log.includes('cannot be reached'), 20_000)
    expect((await attic.json<{ peers: { connected: boolean }[] }>('peers')).peers).toMatchObject([{ connected: false }])
    expect(await framesAt(attic, 'live/cam')).toBe(0)
    expect((await kitchen.json<{ peers: unknown[] }>('peers')).peers).toEqual([])
    expect((await attic.command('join', ticket)).code).not.toBe(0)
  })
})
