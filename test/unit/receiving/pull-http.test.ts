import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { TsDemuxer } from '../../../src/media/mpegts/demuxer.js'
import { TsMuxer, tsStart } from '../../../src/media/mpegts/muxer.js'
import { chooseTsTracks } from '../../../src/media/mpegts/track.js'
import { fetchWhole } from '../../../src/receiving/http-fetch.js'
import { pullHttp } from '../../../src/receiving/pull-http.js'
import { fakePullJob } from '../../../src/testing/fake-job.js'

let server: Server | undefined

/** A server that answers so; its address. */
async function serving(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
})

/** Ten packets of sound, 20 ms apart. */
function clip(): Buffer {
  const muxer = new TsMuxer(chooseTsTracks([{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }]).carried)
  let position = tsStart
  const parts = Array.from({ length: 10 }, (_, n) => {
    const unit = muxer.write({ track: 1, timestamp: n * 20_000, key: true, data: Uint8Array.of(0xfc, n) }, 0, position)
    position = unit?.after ?? position
    return unit?.bytes ?? new Uint8Array()
  })
  return Buffer.concat(parts)
}

describe('pullHttp', () => {
  it('reads a body to its end, with the login of the URL', async () => {
    let login: string | undefined
    const host = await serving((request, response) => {
      login = request.headers.authorization
      response.end(clip())
    })
    const job = fakePullJob(`http://eva:secret@${host}/a.ts`)
    await pullHttp(job, new TsDemuxer())
    expect(login).toBe(`Basic ${Buffer.from('eva:secret').toString('base64')}`)
    expect(job.streams.publications[0]?.frames.length).toBe(10)
    await job.end()
  })

  it('says why there is nothing', async () => {
    const answers: Record<string, (response: ServerResponse) => void> = {
      '/closed.ts': (response) => response.writeHead(401).end(),
      '/gone.ts': (response) => response.writeHead(404).end(),
      '/empty.ts': (response) => response.end(),
      '/page.ts': (response) => response.end('<html>'.repeat(20_000)),
      '/silent.ts': (response) => response.write('G'),
    }
    const host = await serving((request, response) => answers[request.url ?? '']?.(response))
    const codes = {
      closed: 'ERR_UNAUTHENTICATED',
      gone: 'ERR_SOURCE_FAILED',
      empty: 'ERR_SOURCE_FAILED',
      page: 'ERR_MEDIA_INVALID',
      silent: 'ERR_SOURCE_FAILED',
    }
    for (const [name, code] of Object.entries(codes)) {
      const job = fakePullJob(`http://${host}/${name}.ts`)
      await expect(pullHttp(job, new TsDemuxer(), { answer: 5000, silence: 300, lead: 0 }), name).rejects.toMatchObject({ code })
      await job.end()
    }
    const dead = fakePullJob('http://127.0.0.1:1/a.ts')
    await expect(pullHttp(dead, new TsDemuxer())).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    await dead.end()
  })
})

describe('fetchWhole', () => {
  const signal = new AbortController().signal

  it('takes the part it asked for also of a server that sends all', async () => {
    const url = new URL(`http://${await serving((_, response) => response.end('0123456789'))}/`)
    const { bytes } = await fetchWhole(url, 100, { signal, timeout: 5000, range: { from: 3, length: 4 } })
    expect(bytes.toString()).toBe('3456')
    await expect(fetchWhole(url, 5, { signal, timeout: 5000 })).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
  })

  it('does not wait for ever', async () => {
    const url = new URL(`http://${await serving(() => {})}/`)
    await expect(fetchWhole(url, 5, { signal, timeout: 200 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  })
})
