import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, globalAgent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FetchOptions, fetchPackage, localPath } from '../../../../../src/daemon/portable/install/package-source.js'
import { describeWith } from '../../../../needs.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-source-'))
const bytes = Buffer.alloc(300_000, 'zip')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const servers: Server[] = []
let files = 0

async function serve(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function fetched(source: string, more: Partial<FetchOptions> = {}): Promise<string> {
  return fetchPackage({ source, target: join(folder, `f${++files}`), signal: new AbortController().signal, ...more })
}

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(folder, { recursive: true, force: true })
})

describe('a server that', () => {
  const answers: Record<string, RequestListener> = {
    '/nothing': () => {},
    '/stops': (_, response) => void response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000)),
    '/drips': (_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 20)
      response.once('close', () => clearInterval(timer))
    },
    '/breaks': (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000), () => response.destroy())
    },
    '/short': (_, response) => void response.writeHead(200, { 'content-length': 10 }).end(bytes),
    '/good': (_, response) => void response.end(bytes),
  }
  let base: string

  beforeAll(async () => {
    base = `http://127.0.0.1:${await serve(createServer((request, response) => answers[request.url ?? '']?.(request, response)))}`
  })

  it('says nothing, stops in the middle, or never comes to an end is given up in time', async () => {
    const times = { idle: 150, total: 60_000 }
    await expect(fetched(`${base}/nothing`, { times })).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('sent nothing for') })
    await expect(fetched(`${base}/stops`, { times })).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('sent nothing for') })
    const drips = fetched(`${base}/drips`, { times: { idle: 60_000, total: 300 } })
    await expect(drips).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: 'The download took longer than 0.3 s.' })
  })

  it('breaks off, or says another length, is named with what came', async () => {
    await expect(fetched(`${base}/breaks`)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: 'The connection ended after 1000 of 300000 bytes.' })
    await expect(fetched(`${base}/short`, { sha256 })).rejects.toMatchObject({ code: 'ERR_PLUGIN_HASH' })
    expect(await fetched(`${base}/good`, { sha256: sha256.toUpperCase() })).toBe(sha256)
  })
})

describeWith(['openssl'], 'a server with TLS', () => {
  const [key, cert] = ['key', 'cert'].map((name) => join(folder, `${name}.pem`)) as [string, string]
  let base: string

  beforeAll(async () => {
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost']
    execFileSync('openssl', [...made, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, ({ url }, response) => {
      if (url === '/good') response.end(bytes)
      else response.writeHead(302, { location: url === '/on' ? '/good' : 'http://127.0.0.1:1/good' }).end()
    })
    base = `https://localhost:${await serve(server)}`
  })
  afterEach(() => {
    delete globalAgent.options.ca
    globalAgent.destroy()
  })

  it('is believed when its certificate is', async () => {
    await expect(fetched(`${base}/good`)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('self-signed certificate') })
    globalAgent.options.ca = readFileSync(cert)
    expect(await fetched(`${base}/on`, { sha256 })).toBe(sha256)
    await expect(fetched(`${base}/down`, { allowHttp: true })).rejects.toMatchObject({
      code: 'ERR_URL_INVALID',
      message: expect.stringContaining('from https to http'),
    })
    await expect(fetched(base.replace('localhost', '127.0.0.1'))).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
  })
})

it('a path that no file can have, and a scheme that there is not, are no sources; what may be secret is not shown', () => {
  for (const source of ['file:///a%2Fb.zip', 'file:///a%00.zip', 'ftp://example.org/x.zip', 'x.zip'])
    expect(() => localPath(source)).toThrowError(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  expect(() => localPath('ftp://ada:secret@example.org/x.zip')).toThrowError(expect.not.objectContaining({ message: expect.stringContaining('secret') }))
  expect(localPath('file:///a%20b.zip')).toBe('/a b.zip')
})
