/** Encoders and players that log in by Digest, with users from a file. */

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { digestAlgorithms, digestSecret } from '../../src/backends/digest.js'
import { definePlugin } from '../../src/plugin.js'
import { hashPassword } from '../../src/plugins/auth-file/password.js'
import { writeDigest } from '../../src/plugins/auth-file/users.js'
import { sampleUrl } from '../../src/plugins/file/index.js'
import { read } from '../integration/keys/bench.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { describeWith, itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { type Running, run } from './cli.js'

const yaml = 'plugins: { auth-file: { enabled: true } }\n'

/** Also clients of this machine have to say who they are. */
const guard = definePlugin({
  name: 'guard',
  provides: ['permission'],
  start: (ctx) => ctx.provide('permission', { allows: ({ kind, id }) => kind !== 'client' || id === 'ann' }),
})

describeWith(['ffmpeg'], 'RTSP with Digest', () => {
  const nodes = new Nodes()
  const running: Running[] = []
  let node: TestNode
  let port: number

  const start = (program: string, args: readonly string[]): Running => {
    const process = run(program, args)
    running.push(process)
    return process
  }

  beforeAll(async () => {
    const home = nodes.newHome(yaml)
    const secrets = digestAlgorithms.map((each) => writeDigest(each, digestSecret(each, 'ann', 'right')))
    writeFileSync(join(home, 'users.yaml'), `users:\n  ann: ${[await hashPassword('right', { ln: 4, r: 8, p: 1 }), ...secrets].join(' ')}\n`, { mode: 0o600 })
    node = await nodes.start('studio', { home, plugins: [guard] })
    port = (await read<{ port: number }>(node, '/rtsp/info')).port
    const source = [
      '-re',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=160x90:rate=25',
      '-t',
      '60',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-g',
      '25',
      '-pix_fmt',
      'yuv420p',
    ]
    start('ffmpeg', ['-v', 'error', '-nostdin', ...source, '-f', 'rtsp', '-rtsp_transport', 'tcp', `rtsp://ann:right@127.0.0.1:${port}/live/cam`])
    await waitFor('frames', () => (node.probe.ctx.streams.list().find(({ path }) => path === 'live/cam')?.framesIn ?? 0) > 25)
  })
  afterAll(async () => {
    for (const process of running) await process.kill('SIGKILL')
    await nodes.dispose()
  })

  it('ffmpeg publishes and plays, and does not with a wrong password', async () => {
    const probe = (password: string): Running =>
      start('ffprobe', ['-v', 'trace', '-rtsp_transport', 'tcp', `rtsp://ann:${password}@127.0.0.1:${port}/live/cam`])
    const right = await probe('right').ended
    expect([right.code, /Authorization: Digest username="ann".*qop="?auth/.test(right.stderr)]).toEqual([0, true])
    const wrong = await probe('wrong').ended
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('401 Unauthorized')])
  })

  it('ffmpeg logs in with the secrets of a web service, which sees no password', async () => {
    const asked: string[] = []
    const service = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      asked.push(body)
      const { user, digest } = JSON.parse(body)
      const known = user === 'ann' && digest ? { id: user, secret: digestSecret(digest.algorithm, user, 'right') } : undefined
      response.writeHead(known ? 200 : 401).end(JSON.stringify(known ?? {}))
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
      const flags = { 'auth-http.enabled': true, 'auth-http.url': url, 'auth-http.digest': ['SHA-256', 'MD5'] }
      const asking = await nodes.start('asking', { flags, plugins: [guard] })
      asking.probe.ctx.streams.pull(sampleUrl, 'live/clip')
      await waitFor('the clip', () => asking.probe.ctx.streams.list().some(({ path }) => path === 'live/clip'))
      const own = (await read<{ port: number }>(asking, '/rtsp/info')).port
      const probe = (password: string) => start('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', `rtsp://ann:${password}@127.0.0.1:${own}/live/clip`]).ended
      expect((await probe('wrong')).code).toBe(1)
      expect((await probe('right')).code).toBe(0)
      expect(asked.map((body) => JSON.parse(body).digest)).toContainEqual({ algorithm: 'MD5', realm: 'shoal' })
      expect(asked.join()).not.toMatch(/right|wrong|password/)
    } finally {
      service.close()
    }
  })

  it('another node pulls with SHA-256', async () => {
    const other = await nodes.start('kitchen')
    other.probe.ctx.streams.pull(`rtsp://ann:right@127.0.0.1:${port}/live/cam`, 'pulled')
    await waitFor('frames', () => (other.probe.ctx.streams.list().find(({ path }) => path === 'pulled')?.framesIn ?? 0) > 10)
  })

  itWith(['gstreamer'], 'GStreamer plays', async () => {
    const line = `rtspsrc location=rtsp://127.0.0.1:${port}/live/cam user-id=ann user-pw=right protocols=tcp ! rtph264depay ! identity eos-after=10 ! fakesink`
    const played = await start('gst-launch-1.0', ['-q', ...line.split(' ')]).ended
    expect(played.code, played.stderr).toBe(0)
  })
})
