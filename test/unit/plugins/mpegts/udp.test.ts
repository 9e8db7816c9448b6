import { createSocket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { Hub } from '../../../../src/daemon/streams/hub.js'
import { Scope } from '../../../../src/daemon/util/scope.js'
import type { PushJob } from '../../../../src/plugin.js'
import { parseUdp } from '../../../../src/plugins/mpegts/udp-address.js'
import { pullUdp } from '../../../../src/plugins/mpegts/udp-pull.js'
import { pushUdp } from '../../../../src/plugins/mpegts/udp-push.js'
import { type FakePullJob, fakePullJob } from '../../../../src/testing/fake-job.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { TsFormat } from '../../../../src/viewing/ts-format.js'
import { waitFor } from '../../../wait-for.js'

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A stream of sound that is sent to `url`. */
function sending(url: string): void {
  const log = memoryLog()
  const hub = new Hub({ node: 'n', log })
  const scope = new Scope({ name: 'push', log })
  const publication = hub.publish('hall', [{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }], { publisher: 'test' })
  let at = 0
  const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: Uint8Array.of(0xfc, at & 255) }), 5)
  const job: PushJob = {
    url: new URL(url),
    path: 'hall',
    options: {},
    log,
    signal: scope.signal,
    run: (name, body) => scope.run(name, body),
    subscribe: (options) => hub.subscribe('hall', { ...options, signal: scope.signal }),
  }
  const done = pushUdp(job, new TsFormat()).catch((error: unknown) => error)
  closing.push(async () => {
    clearInterval(timer)
    await scope.close()
    await done
    hub.close()
  })
}

function receiving(url: string): { job: FakePullJob; done: Promise<unknown> } {
  const job = fakePullJob(url, { path: 'in' })
  const done = pullUdp(job, { first: 5000, silence: 300 }).catch((error: unknown) => error)
  closing.push(() => job.end().then(() => done))
  return { job, done }
}

describe('MPEG-TS over UDP', () => {
  it.each([
    ['to one', (port: number) => `udp://127.0.0.1:${port}`],
    ['by multicast', (port: number) => `udp://@239.77.1.2:${port}?localaddr=127.0.0.1&ttl=0`],
  ])('goes %s', async (_, url) => {
    const target = url(await freePort())
    const { job, done } = receiving(target)
    sending(target)
    const count = (): number => job.streams.publications[0]?.frames.length ?? 0
    await waitFor('some packets', () => count() > 20)
    expect(job.streams.publications[0]?.tracks).toMatchObject([{ codec: 'opus', channels: 2 }])
    await closing.pop()?.()
    expect(await done).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: 'Nothing came for 300 ms.' })
  })

  it('takes addresses only', () => {
    expect(parseUdp(new URL('udp://@239.1.1.1:5000?localaddr=10.0.0.1&ttl=4'))).toEqual({
      host: '239.1.1.1',
      port: 5000,
      family: 'udp4',
      isMulticast: true,
      local: '10.0.0.1',
      ttl: 4,
    })
    expect(parseUdp(new URL('udp://[ff02::1]:5000'))).toMatchObject({ host: 'ff02::1', family: 'udp6', isMulticast: true, ttl: 1 })
    for (const url of ['udp://host:1', 'udp://127.0.0.1', 'udp://127.0.0.1:1?ttl=999', 'udp://127.0.0.1:1?localaddr=x']) {
      expect(() => parseUdp(new URL(url))).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
    }
  })
})
