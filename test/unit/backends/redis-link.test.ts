import { describe, expect, it } from 'vitest'
import { openRedis } from '../../../src/backends/redis-link.js'
import { memoryLog } from '../../../src/testing/index.js'
import { waitFor } from '../../wait-for.js'

const config = { url: 'redis://127.0.0.1:1', prefix: '', timeout: 100 }

describe('a link to Redis', () => {
  it('is not made for a plugin that was stopped meanwhile', async () => {
    await expect(openRedis(config, { log: memoryLog(), signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped')
  })

  it.each([
    ['rediss://redis.example:1', 'redis.example', { servername: 'redis.example' }],
    ['rediss://127.0.0.1:1', '127.0.0.1', {}],
    ['rediss://[::1]:1', '::1', {}],
    ['redis://127.0.0.1:1', '127.0.0.1', undefined],
  ])('to %s names the server in TLS unless it is an address', async (url, host, tls) => {
    const link = await openRedis({ ...config, url }, { log: memoryLog(), signal: new AbortController().signal })
    expect([link.redis.options.host, link.redis.options.tls]).toEqual([host, tls])
    link.close()
  })

  it('waits for the first try, not longer', async () => {
    const link = await openRedis(config, { log: memoryLog(), signal: new AbortController().signal })
    expect(await link.ready(60_000)).toBe(false)
    link.close()
  })

  it('ends with its plugin', async () => {
    const stop = new AbortController()
    const link = await openRedis(config, { log: memoryLog(), signal: stop.signal })
    stop.abort()
    await expect(link.call((redis) => redis.ping())).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await waitFor('the end of the connection', () => link.redis.status === 'end')
  })
})
