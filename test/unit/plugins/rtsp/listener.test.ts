import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeRequest } from '../../../../src/media/rtsp/message.js'
import { rtsp } from '../../../../src/plugins/rtsp/index.js'
import { pull } from '../../../../src/plugins/rtsp/pull.js'
import { type FakeContext, fakeContext, fakePullJob } from '../../../../src/testing/index.js'
import { forge } from '../../../forged-certificate.js'
import { waitFor } from '../../../wait-for.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-rtsp-tls-'))
const [certificate, key, other] = [join(folder, 'cert.pem'), join(folder, 'key.pem'), join(folder, 'other.pem')]
const stops: (() => unknown)[] = []

beforeAll(() => {
  const made = forge()
  writeFileSync(certificate, made.cert)
  writeFileSync(key, made.key)
  writeFileSync(other, forge().key)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A running plugin with this section `tls`, and its ports. */
async function start(tls: Readonly<Record<string, unknown>>): Promise<{ fake: FakeContext<never>; port: number; tlsPort: number | undefined }> {
  const context = fakeContext(rtsp, { config: { port: 0, playWait: 0, tls: { port: 0, ...tls } } })
  stops.push(() => context.stop())
  const fake = (await context.start()) as unknown as FakeContext<never>
  const { port, tlsPort } = (await fake.request('GET', '/rtsp/info')) as { port: number; tlsPort?: number }
  return { fake, port, tlsPort }
}

describe('rtsps', () => {
  it('is not served without a certificate, and not with half of one or another key', async () => {
    expect((await start({})).tlsPort).toBeUndefined()
    for (const tls of [{ certificate }, { key }, { certificate, key: other }, { certificate: key, key }, { certificate: join(folder, 'none'), key }]) {
      await expect(start(tls), JSON.stringify(tls)).rejects.toMatchObject({ code: 'ERR_START_FAILED' })
    }
  })

  it('serves what rtsp serves, beside it', async () => {
    const { fake, tlsPort } = await start({ certificate, key })
    const publication = fake.streams.publish('live/call', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
    const job = fakePullJob(`rtsps://127.0.0.1:${tlsPort}/live/call?insecure`)
    const pulling = pull(job).catch((error: unknown) => error)
    let at = 0
    const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: new Uint8Array(160) }), 20)
    stops.push(() => clearInterval(timer))
    await waitFor('sound', () => (job.streams.publications[0]?.frames.length ?? 0) >= 3)
    await job.end()
    await pulling
  })

  it('sends no media beside the connection, and outlives those who speak no TLS', async () => {
    const { fake, tlsPort = 0 } = await start({ certificate, key })
    fake.streams.publish('live/call', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
    const stranger = connect({ port: tlsPort, host: '127.0.0.1', maxVersion: 'TLSv1.1', minVersion: 'TLSv1', rejectUnauthorized: false })
    await once(stranger, 'error')
    const socket = connect({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
    stops.push(() => socket.destroy())
    let answers = ''
    socket.on('data', (bytes: Buffer) => {
      answers += bytes.toString('latin1')
    })
    await once(socket, 'secureConnect')
    const url = `rtsps://127.0.0.1:${tlsPort}/live/call`
    socket.write(encodeRequest('DESCRIBE', url, { CSeq: '1' }))
    socket.write(encodeRequest('SETUP', `${url}/trackID=0`, { CSeq: '2', Transport: 'RTP/AVP;unicast;client_port=5000-5001' }))
    socket.write(encodeRequest('SETUP', `${url}/trackID=0`, { CSeq: '3', Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' }))
    await waitFor('three answers', () => /CSeq: 3/.test(answers))
    expect([...answers.matchAll(/^RTSP\/1\.0 (\d+)/gm)].map(([, status]) => status)).toEqual(['200', '461', '200'])
  })
})
