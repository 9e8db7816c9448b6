/** What each key of the snapshot plugin changes. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { picture, video } from '../../unit/viewing/media.js'
import { waitFor } from '../../wait-for.js'
import type { TestNode } from '../nodes.js'
import type { Bench, Observation } from './bench.js'

/** A node whose ffmpeg counts its calls, and waits for the file `go`. */
async function counting(bench: Bench): Promise<{ readonly node: TestNode; calls(): number; go(): void; ask(query?: string): Promise<number> }> {
  const folder = bench.nodes.folder
  const program = join(folder, 'counting-ffmpeg')
  const node = await bench.node('snapshots', async () => {
    writeFileSync(program, `#!/bin/sh\ncat > /dev/null\necho >> ${folder}/snapshot-calls\nwhile [ ! -e ${folder}/go ]; do sleep 0.05; done\nprintf picture\n`)
    chmodSync(program, 0o755)
    return { flags: { 'snapshot.ffmpeg': program, 'snapshot.processes': 1, 'snapshot.interval': 0, 'snapshot.wait': 0 } }
  })
  const path = 'live/pictures'
  if (!node.probe.ctx.streams.list().some((stream) => stream.path === path)) node.probe.ctx.streams.publish(path, [video]).write(picture(0))
  const calls = (): number => (existsSync(join(folder, 'snapshot-calls')) ? readFileSync(join(folder, 'snapshot-calls'), 'utf8').length : 0)
  const ask = async (query = ''): Promise<number> => (await fetch(`http://127.0.0.1:${node.daemon.http?.port}/${path}.jpg${query}`)).status
  return { node, calls, go: () => writeFileSync(join(folder, 'go'), ''), ask }
}

/** Key → its observation. */
export function snapshotKeys(bench: Bench): Record<string, Observation> {
  return {
    'snapshot.processes': async () => {
      const { calls, go, ask } = await counting(bench)
      const before = calls()
      const asked = [ask('?width=100'), ask('?width=200')]
      await waitFor('the first', () => calls() === before + 1)
      go()
      expect(await Promise.all(asked)).toEqual([200, 200])
      expect(calls()).toBe(before + 2)
    },
    'snapshot.ffmpeg': async () => {
      const { calls, go, ask } = await counting(bench)
      go()
      const before = calls()
      expect(await ask('?width=300')).toBe(200)
      expect(calls()).toBe(before + 1)
    },
    'snapshot.interval': async () => {
      const { node, calls, go, ask } = await counting(bench)
      go()
      await ask()
      const before = calls()
      const publication = node.probe.ctx.streams.publish('live/pictures', [video], { takeover: true })
      publication.write(picture(25))
      expect(await ask()).toBe(200)
      expect(calls()).toBe(before + 1)
    },
    'snapshot.wait': async () => {
      const { node } = await counting(bench)
      expect((await fetch(`http://127.0.0.1:${node.daemon.http?.port}/live/no-picture.jpg`)).status).toBe(404)
      const patient = await bench.plain()
      const asked = fetch(`http://127.0.0.1:${patient.daemon.http?.port}/live/no-picture.jpg`)
      const publication = patient.probe.ctx.streams.publish('live/no-picture', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
      // it waited for the publisher, and this one has no picture
      expect((await asked).status).toBe(415)
      publication.close()
    },
  }
}
