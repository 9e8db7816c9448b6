/** `shoal demo`: the story on one machine, and nothing left of it afterwards. */

import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { mainFile, type Running, run } from './cli.js'

interface Nodes {
  readonly nodes: readonly { readonly node: string; readonly peers: number; readonly stream?: { readonly framesIn: number; readonly hops: number } }[]
}

/** TCP ports on which a process listens: its sockets, looked up by inode in the tables of its network. Source: proc(5). */
function portsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fd`
  const links = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name))
    } catch {
      return ''
    }
  })
  const sockets = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]))
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n')).map((line) => line.trim().split(/\s+/))
  return rows.filter((row) => row[3] === '0A' && sockets.has(row[9] ?? '')).map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16))
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    const answer = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}

describe('the demo', () => {
  let folder: string
  let demo: Running | undefined
  const start = (...args: string[]): Running => {
    demo = run(process.execPath, [mainFile, 'demo', ...args], { env: { TMPDIR: folder, NO_COLOR: '1' } })
    return demo
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-demo-test-'))
  })
  afterEach(async () => {
    await demo?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  it('has frames flowing to the second node, and leaves nothing behind after Ctrl-C', async () => {
    const running = start('--json')
    const framesAtAttic = (): number => {
      const rows = running.output.stdout.split('\n').filter((line) => line.includes('"nodes"') && line.endsWith('}'))
      const attic = rows.map((line) => (JSON.parse(line) as Nodes).nodes.find(({ node }) => node === 'attic')).at(-1)
      return attic?.stream?.hops === 1 ? attic.stream.framesIn : 0
    }
    const before = await waitFor('frames at the attic', framesAtAttic, 15_000)
    await waitFor('more of them', () => framesAtAttic() > before)
    const story = JSON.parse(running.output.stdout.split('\n')[0] ?? '') as Record<string, string>
    expect(story).toMatchObject({ type: 'demo', code: expect.stringMatching(/^\d{6}$/), pull: 'shoal://kitchen/live/demo' })
    expect((await fetch(story['watch'] ?? '')).status).toBe(200)

    const ports = portsOf(running.child.pid ?? 0)
    // two nodes: links, HTTP, RTMP, RTSP and WebRTC
    expect(ports.length).toBe(10)
    expect(readdirSync(folder).length).toBe(1)
    const ended = await running.kill('SIGINT')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(folder)).toEqual([])
    expect(await Promise.all(ports.map(isOpen))).toEqual(ports.map(() => false))
  })

  it('leaves nothing behind when it is interrupted while it starts', async () => {
    const running = start()
    await waitFor('the temporary homes', () => readdirSync(folder).length > 0)
    expect((await running.kill('SIGTERM')).code).toBe(0)
    expect(readdirSync(folder)).toEqual([])
    expect(running.output.stderr).toContain('nothing is left behind')
  })

  it('tells people where to look, and ends by itself', async () => {
    const { code, stdout, stderr } = await start('--duration', '4').ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/watch it +http:\/\/127\.0\.0\.1:\d+\/watch\//)
    expect(stdout).toContain('kitchen')
    expect(stdout).toContain('live/demo')
  })
})
