import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Plugin } from '../../../../src/plugin.js'
import { snapshot } from '../../../../src/plugins/snapshot/index.js'
import type { Publication } from '../../../../src/stream.js'
import { itWith } from '../../../needs.js'
import { waitFor } from '../../../wait-for.js'
import { audio, picture, sound, video } from '../../viewing/media.js'
import { ViewingNode } from '../../viewing/node.js'

let folder: string
let node: ViewingNode
let publication: Publication

/** A program in the place of ffmpeg: writes down that it was called, reads all, says `text`. */
function stand(body: string): string {
  const file = join(folder, 'ffmpeg')
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${join(folder, 'calls')}\ncat > ${join(folder, 'clip')}\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
const serve = async (config: object): Promise<void> => {
  node = await ViewingNode.start(snapshot as Plugin, { wait: 0, interval: 0, ...config })
  publication = node.hub.publish('live/cam', [video, audio], { publisher: 'test' })
  publication.write(picture(0))
  publication.write(sound(0))
}
const ask = (query = ''): Promise<Response> => fetch(node.url(`live/cam.jpg${query}`))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-snapshot-'))
})
afterEach(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a snapshot', () => {
  it('is what the program makes of the newest key frame, once for all who ask until the next', async () => {
    await serve({ ffmpeg: stand('printf picture') })
    const answers = await Promise.all([ask(), ask(), ask()])
    expect(answers.map((answer) => [answer.status, answer.headers.get('content-type')])).toEqual(Array(3).fill([200, 'image/jpeg']))
    expect(await answers[0]?.text()).toBe('picture')
    publication.write(picture(1))
    await ask()
    expect(calls()).toHaveLength(1)
    expect(readFileSync(join(folder, 'clip')).includes('moof')).toBe(true)
    publication.write(picture(25))
    await ask()
    expect(calls()).toHaveLength(2)
    expect((await ask('?width=320')).status).toBe(200)
    expect(calls()[2]).toContain('scale=320:-2')
  })

  it('is given again within the interval, though key frames come', async () => {
    await serve({ ffmpeg: stand('printf picture'), interval: 3_600_000 })
    await ask()
    publication.write(picture(25))
    await ask()
    expect(calls()).toHaveLength(1)
  })

  it('says what is wrong: no program, a program that fails, no stream, no picture, no width', async () => {
    await serve({ ffmpeg: join(folder, 'nothing') })
    const missing = await ask()
    expect([missing.status, await missing.json()]).toMatchObject([
      501,
      { error: { code: 'ERR_PROGRAM_MISSING', hint: expect.stringContaining('Install ffmpeg') } },
    ])
    await node.close()
    await serve({ ffmpeg: stand('echo cannot do it >&2; exit 1') })
    const failed = await ask()
    expect((await failed.json()).error).toMatchObject({ code: 'ERR_MEDIA_INVALID', message: 'ffmpeg could not decode the picture: cannot do it.' })
    expect((await fetch(node.url('live/none.jpg'))).status).toBe(404)
    expect((await ask('?width=9')).status).toBe(400)
    node.hub.publish('live/sound', [audio], { publisher: 'test' })
    expect((await fetch(node.url('live/sound.jpg'))).status).toBe(415)
  })

  it('is made with few processes at a time', async () => {
    await serve({ ffmpeg: stand(`while [ ! -e ${join(folder, 'go')} ]; do sleep 0.05; done; printf picture`), processes: 1 })
    const asked = ['', '?width=100', '?width=200'].map((query) => ask(query))
    await waitFor('the first call', () => calls().length === 1)
    writeFileSync(join(folder, 'go'), '')
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(calls()).toHaveLength(3)
  })

  itWith(['ffmpeg'], 'is a JPEG of the right size by the real program', async () => {
    await serve({ ffmpeg: 'ffmpeg' })
    const stop = await node.feed('live/real')
    const bytes = Buffer.from(await (await fetch(node.url('live/real.jpg?width=320'))).arrayBuffer())
    expect(bytes.subarray(0, 3).toString('hex')).toBe('ffd8ff')
    const frame = bytes.indexOf(Buffer.from('ffc0', 'hex'))
    expect([bytes.readUInt16BE(frame + 7), bytes.readUInt16BE(frame + 5)]).toEqual([320, 180])
    await stop()
  })
})
