import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { consume } from '../../../../src/plugins/rtmp/consume.js'

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

async function pair(): Promise<[near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const far = connect({ port: typeof address === 'object' && address ? address.port : 0, host: '127.0.0.1', noDelay: true })
  const [near]: Socket[] = await once(server, 'connection')
  if (!near) throw new Error('no connection')
  near.on('error', () => {})
  undo.push(
    () => server.close(),
    () => near.destroy(),
    () => far.destroy(),
  )
  return [near, far]
}

describe('consume', () => {
  it('hands over everything in order, one piece at a time, and ends after the last', async () => {
    const [near, far] = await pair()
    const sent = Buffer.alloc(1_000_000, 'abcdefghijk')
    far.end(sent)
    const got: Uint8Array[] = []
    let busy = 0
    await consume(near, (bytes) => {
      expect(busy).toBe(0)
      got.push(bytes.slice())
      if (got.length % 2 === 0) return undefined
      busy++
      return new Promise((resolve) => setImmediate(resolve)).then(() => void busy--)
    })
    expect(busy).toBe(0)
    expect(Buffer.concat(got).equals(sent)).toBe(true)
  })

  it('waits for what is pending when the other side goes', async () => {
    const [near, far] = await pair()
    let finish = (): void => {}
    let over = false
    const pending = new Promise<void>((resolve) => {
      finish = resolve
    })
    let come = (): void => {}
    const reached = new Promise<void>((resolve) => {
      come = resolve
    })
    const consumed = consume(near, () => {
      come()
      return pending
    }).finally(() => {
      over = true
    })
    consumed.catch(() => {})
    far.write('a')
    await reached
    near.destroy()
    await once(near, 'close')
    await new Promise((resolve) => setImmediate(resolve))
    expect(over).toBe(false)
    finish()
    await expect(consumed).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('bad')
      },
    ],
    ['rejects', () => Promise.reject(new Error('bad'))],
  ])('rejects where its taker %s, and leaves the socket open', async (_, take) => {
    const [near, far] = await pair()
    far.write('a')
    await expect(consume(near, take)).rejects.toThrow('bad')
    expect(near.destroyed).toBe(false)
    expect(near.isPaused()).toBe(true)
  })
})
