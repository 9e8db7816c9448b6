import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monitoringHttp } from '../../../../src/plugins/monitoring-http/index.js'
import { type Summary, Totals } from '../../../../src/plugins/monitoring-http/totals.js'
import type { PayloadCount } from '../../../../src/services.js'
import { fakeContext } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const payload: PayloadCount = { direction: 'in', kind: 't.x', outcome: 'ok', count: 2, bytes: 20 }

describe('totals', () => {
  it('add up what they are told, and begin anew when they are taken', () => {
    let now = 1000
    const totals = new Totals(() => now)
    totals.onPayload(payload)
    totals.onPayload({ ...payload, outcome: 'ERR_TIMEOUT', count: 1, bytes: 5 })
    totals.onPayload({ ...payload, direction: 'out' })
    totals.onLogin({ allowed: true, via: 'http', kind: 'client', count: 3 })
    totals.onLogin({ allowed: false, via: 'rtmp', count: 1 })
    totals.onStream({ type: 'subscribed', count: 4 })
    for (const level of ['warn', 'error', 'info'] as const) totals.onError({ level, time: 0, module: 'swarm', msg: '', fields: {} })
    now = 2000
    const summary = totals.take()
    expect(summary).toEqual({
      since: 1000,
      until: 2000,
      errors: { warn: 1, error: 1, fatal: 0, modules: { swarm: 2 } },
      logins: { allowed: 3, refused: 1, doors: { http: { allowed: 3, refused: 0 }, rtmp: { allowed: 0, refused: 1 } } },
      payloads: {
        in: { count: 3, bytes: 25, outcomes: { ok: 2, ERR_TIMEOUT: 1 }, kinds: { 't.x': 3 } },
        out: { count: 2, bytes: 20, outcomes: { ok: 2 }, kinds: { 't.x': 2 } },
      },
      streams: { published: 0, unpublished: 0, subscribed: 4, unsubscribed: 0 },
    })
    expect(totals.read()).toMatchObject({
      since: 2000,
      payloads: { in: { count: 0, kinds: {} } },
      logins: { allowed: 0, doors: {} },
      streams: { subscribed: 0 },
    })
  })

  it('keep a bounded number of names', () => {
    const totals = new Totals()
    for (let at = 0; at < 1500; at++) totals.onPayload({ ...payload, kind: `kind${at}`, count: 1 })
    const { kinds, count } = totals.read().payloads.in
    expect([Object.keys(kinds).length, kinds[''], count]).toEqual([1001, 500, 1500])
  })
})

describe('monitoring-http', () => {
  let server: Server
  let status = 200
  const posted: Summary[] = []

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      if (status === 200) posted.push(JSON.parse(Buffer.concat(parts).toString()))
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('answers with the totals, and begins anew as it is told', async () => {
    const fake = await fakeContext(monitoringHttp()).start()
    const ask = async (query = {}) => ((await fake.request('GET', '/monitoring-http/summary', { query })) as Summary).payloads.in.count
    fake.services.monitoring.onPayload(payload)
    fake.services.monitoring.flush()
    expect([await ask(), await ask({ reset: true }), await ask()]).toEqual([2, 2, 0])
    expect((await fake.stop()).registrations).toBe(0)
  })

  it('posts summaries, and what did not arrive later', async () => {
    const pushUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    status = 503
    const fake = await fakeContext(monitoringHttp(), { config: { pushUrl, pushInterval: 0.1, reset: true } }).start()
    fake.services.monitoring.onPayload(payload)
    fake.services.monitoring.flush()
    await waitFor('the complaint', () => fake.log.lines.some(({ msg }) => msg === 'a summary could not be posted'))
    expect(posted).toEqual([])
    status = 200
    await waitFor('the numbers', () => posted.reduce((sum, one) => sum + one.payloads.in.count, 0) === 2)
    expect((await fake.stop()).tasks).toEqual([])
  })
})
