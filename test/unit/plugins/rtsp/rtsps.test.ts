/** Pulling over TLS: a camera that a test writes the answers of, behind a certificate nobody signed. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeGoodbye } from '../../../../src/media/rtp/rtcp.js'
import { encodeInterleaved, encodeResponse, headerOf, RtspReader } from '../../../../src/media/rtsp/message.js'
import { parseAddress, redirected, transportsOf } from '../../../../src/plugins/rtsp/address.js'
import { pull } from '../../../../src/plugins/rtsp/pull.js'
import { fakePullJob } from '../../../../src/testing/index.js'
import { describeWith } from '../../../needs.js'

const timing = { call: 3000, firstDatagram: 300, firstMedia: 3000, silence: 3000 }

it('reads addresses with TLS', () => {
  expect(parseAddress(new URL('rtsps://ann:x@cam.example/a?b=1&insecure'))).toEqual({
    host: 'cam.example',
    port: 322,
    uri: 'rtsps://cam.example/a?b=1',
    transport: 'tcp',
    tls: { verify: false },
    login: { user: 'ann', password: 'x' },
  })
  const address = parseAddress(new URL('rtsps://cam.example:5/a?transport=udp'))
  expect([address.tls, address.port, transportsOf(address)]).toEqual([{ verify: true }, 5, ['tcp']])
  // a camera may have a parameter of that name
  expect(parseAddress(new URL('rtsp://cam.example/a?insecure')).uri).toBe('rtsp://cam.example/a?insecure')
})

it('is not led from TLS to clear text, and trusts no other host for the sake of one', () => {
  const from = parseAddress(new URL('rtsps://ann:x@cam.example/a?insecure'))
  expect(() => redirected(from, 'rtsp://cam.example/b')).toThrow('redirects from TLS to clear text')
  expect(redirected(from, 'rtsps://cam.example/b')).toMatchObject({ tls: { verify: false }, login: { user: 'ann' } })
  expect(redirected(from, 'rtsps://other.example/b').tls).toEqual({ verify: true })
})

describeWith(['openssl'], 'a camera with TLS', () => {
  let folder: string
  let server: Server
  const asked: string[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-rtsps-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost']
    execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      const reader = new RtspReader()
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        for (const unit of reader.read(bytes)) {
          if (unit.type !== 'request') continue
          asked.push(`${unit.method} ${unit.uri}`)
          const body = unit.method === 'DESCRIBE' ? 'v=0\na=control:*\nm=audio 0 RTP/AVP 8\na=control:track1\n' : ''
          const transport = headerOf(unit.headers, 'transport')
          socket.write(encodeResponse(200, { CSeq: headerOf(unit.headers, 'cseq'), Session: 'abc', ...(transport && { Transport: transport }) }, body))
          if (unit.method !== 'PLAY') continue
          for (let i = 0; i < 3; i++) {
            const packet = new Uint8Array(172)
            packet.set([0x80, 8, 0, i, 0, 0, 0, i * 160])
            socket.write(encodeInterleaved(0, packet))
          }
          socket.write(encodeInterleaved(1, writeGoodbye(1)))
        }
      })
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const url = (query: string): string => `rtsps://127.0.0.1:${(server.address() as AddressInfo).port}/live/cam${query}`

  it('is not believed', async () => {
    await expect(pull(fakePullJob(url('')), timing)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('certificate') })
    expect(asked).toEqual([])
  })

  it('is pulled from where its certificate does not matter', async () => {
    const job = fakePullJob(url('?insecure'))
    await pull(job, timing)
    expect(job.streams.publications[0]?.frames).toHaveLength(3)
    expect(asked[0]).toBe(`DESCRIBE ${url('')}`)
    expect(asked[1]).toBe(`SETUP ${url('')}/track1`)
  })
})
