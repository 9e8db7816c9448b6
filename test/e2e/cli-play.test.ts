/** `shoal play --with` and `--player`: addresses of a stream, and programs that are started with them. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../free-port.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { itWith } from '../needs.js'
import { has } from '../tools.js'
import { type Finished, mainFile, run } from './cli.js'

const nodes = new Nodes()
let node: TestNode
let folder: string
let srtPort: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-play-'))
  srtPort = await freePort()
  node = await nodes.start('played', has('libsrt') ? { flags: { 'srt.listen': true, 'srt.port': srtPort } } : {})
  node.probe.ctx.streams.publish('live/cam one', [{ id: 1, kind: 'video', codec: 'hvc1.1.6.L93.B0' }])
  for (const name of ['ffplay', 'xdg-open']) {
    mkdirSync(join(folder, 'bin'), { recursive: true })
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "$0" "$@" > ${join(folder, name)}\nexit 3\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
})
afterAll(async () => {
  await nodes.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const play = (...args: string[]): Promise<Finished> =>
  run(process.execPath, [mainFile, 'play', ...args], { env: { SHOAL_HOME: node.home, PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, NO_COLOR: '1' } }).ended

it('prints the address for a protocol', async () => {
  const base = `http://127.0.0.1:${node.daemon.http?.port}`
  const { port } = await node.client.plugin<{ port: number }>('GET', '/rtsp/info')
  expect((await play('live/cam one', '--with', 'hls')).stdout).toBe(`${base}/live/cam%20one.m3u8\n`)
  expect((await play('live/cam one', '--with', 'rtsp')).stdout).toBe(`rtsp://127.0.0.1:${port}/live/cam%20one\n`)
  expect(JSON.parse((await play('live/cam one', '--with', 'webrtc', '--json')).stdout)).toEqual({
    schema: 1,
    path: 'live/cam one',
    protocol: 'webrtc',
    url: `${base}/watch/?path=live/cam%20one&via=webrtc`,
  })
})

itWith(['libsrt'], 'prints the address for SRT, with the stream in its id', async () => {
  expect((await play('live/cam one', '--with', 'srt')).stdout).toBe(`srt://127.0.0.1:${srtPort}?streamid=read:live/cam%20one\n`)
})

it('starts the player with the address that suits the codecs, and ends as it does', async () => {
  const base = `http://127.0.0.1:${node.daemon.http?.port}`
  const { code, stdout } = await play('live/cam one', '--player', 'ffplay')
  expect([code, stdout]).toEqual([3, `${base}/live/cam%20one.ts\n`])
  expect(readFileSync(join(folder, 'ffplay'), 'utf8')).toContain(`nobuffer -scan_all_pmts 0 ${base}/live/cam%20one.ts`)
  await play('live/cam one', '--player', 'ffplay', '--with', 'fmp4')
  expect(readFileSync(join(folder, 'ffplay'), 'utf8')).toContain(`nobuffer ${base}/live/cam%20one.mp4`)
  await play('live/cam one', '--player', 'browser', '--with', 'flv')
  expect(readFileSync(join(folder, 'xdg-open'), 'utf8')).toContain(`${base}/watch/?path=live/cam%20one&via=flv`)
})

it('refuses what it does not know', async () => {
  expect(await play('live/cam', '--with', 'gopher')).toMatchObject({ code: 2, stderr: expect.stringContaining('no protocol "gopher"') })
  expect(await play('live/cam', '--player', 'winamp')).toMatchObject({ code: 2, stderr: expect.stringContaining('no player "winamp"') })
})
