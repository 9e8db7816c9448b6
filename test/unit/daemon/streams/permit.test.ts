import { afterEach, describe, expect, it } from 'vitest'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { avTracks, StreamNodes, writeVideo } from '../stream-nodes.js'

const net = new LoopbackNet()
const nodes = new StreamNodes(net)
afterEach(() => nodes.close())

/** A node whose permissions can be taken back, and one that pulls. */
function pair() {
  const held = new Map<string, (reason: string) => void>()
  const a = nodes.make('a', {
    hold: (_, path, revoke) => {
      held.set(path, revoke)
      return () => void held.delete(path)
    },
  })
  const b = nodes.make('b')
  net.linkAll()
  return { a, b, held }
}

describe('a permission that is taken back', () => {
  it('ends the stream with ERR_FORBIDDEN and the reason, and no other', async () => {
    const { a, b, held } = pair()
    for (const path of ['x', 'y']) writeVideo(a.hub.publish(path, avTracks, { publisher: 'test' }), 0, 1)
    const [x, y] = ['x', 'y'].map((path) => b.pullOnce(`shoal://a/${path}`, path))
    await waitFor('both', () => b.hub.info('x')?.framesIn && b.hub.info('y')?.framesIn)
    held.get('x')?.('not any more')
    await expect(x?.done).rejects.toMatchObject({ code: 'ERR_FORBIDDEN', data: { remote: 'not any more' } })
    expect(a.hub.info('x')?.subscribers).toBe(0)
    expect(a.hub.info('y')?.subscribers).toBe(1)
    expect([...held.keys()]).toEqual(['y'])
    y?.stop()
    await waitFor('the end', () => held.size === 0)
  })

  it('ends the waiting for a publisher', async () => {
    const { b, held } = pair()
    const waiting = b.pullOnce('shoal://a/later', 'z', { wait: 30_000 })
    await waitFor('the permission', () => held.has('later'))
    held.get('later')?.('not any more')
    await expect(waiting.done).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' })
    await waitFor('the end', () => held.size === 0)
  })
})
