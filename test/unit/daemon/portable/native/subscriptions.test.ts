import { describe, expect, it, vi } from 'vitest'
import { streamWindow } from '../../../../../src/daemon/portable/native/limits.js'
import { Subscriptions } from '../../../../../src/daemon/portable/native/subscriptions.js'
import { ShoalError } from '../../../../../src/errors.js'
import { FakeStreams } from '../../../../../src/testing/fake-streams.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { waitFor } from '../../../../wait-for.js'
import { recordedPipe } from './recorded-pipe.js'

async function make() {
  const { pipe, sent } = recordedPipe()
  const streams = new FakeStreams()
  const publication = streams.publish('a', [{ id: 1, kind: 'data', codec: 'text' }])
  const subscriptions = new Subscriptions(pipe)
  const subscription = await streams.subscribe('a')
  const done = subscriptions.run(7, subscription)
  const bytes = (): number => sent.reduce((sum, { frames }) => sum + (frames?.records.byteLength ?? 0), 0)
  return { streams, publication, subscriptions, sent, done, bytes }
}

const size = 100_000

describe('Subscriptions', () => {
  it('sends no more than the window, until credit comes', async () => {
    const { publication, subscriptions, bytes } = await make()
    for (let i = 0; i < 400; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(size) })
    await waitFor('the window to be used up', () => bytes() > streamWindow - 3 * size)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(bytes()).toBeLessThanOrEqual(streamWindow)
    let told = 0
    while (bytes() < 400 * (size + 32)) {
      subscriptions.credit(7, bytes() - told)
      told = bytes()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(bytes()).toBe(400 * (size + 32))
    expect(await codeOf(() => subscriptions.credit(7, streamWindow))).toBe('ERR_PROTOCOL')
  })

  it('asks for a key frame in the name of the plugin', async () => {
    const keyWanted = vi.fn()
    const { pipe } = recordedPipe()
    const streams = new FakeStreams()
    streams.publish('a', [{ id: 1, kind: 'data', codec: 'text' }], { keyWanted })
    const subscriptions = new Subscriptions(pipe)
    const done = subscriptions.run(7, await streams.subscribe('a'))
    subscriptions.wantKey(7)
    subscriptions.wantKey(8)
    expect(keyWanted).toHaveBeenCalledTimes(1)
    subscriptions.close(7)
    subscriptions.wantKey(7)
    expect(keyWanted).toHaveBeenCalledTimes(1)
    await done
  })

  it('tells the end with its reason', async () => {
    const { publication, sent, done, subscriptions, streams } = await make()
    publication.close(new ShoalError('ERR_ORIGIN_LOST', 'gone'))
    await done
    await waitFor('the end', () => sent.some(({ id, close }) => id === 7 && close?.code === 'ERR_ORIGIN_LOST'))
    expect([subscriptions.size, streams.open.subscriptions]).toEqual([0, 0])
  })

  it('ends when the plugin closes it, also while it waits for credit', async () => {
    const { publication, subscriptions, done, sent, bytes, streams } = await make()
    for (let i = 0; i < 400; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(size) })
    await waitFor('the window to be used up', () => bytes() > streamWindow - 3 * size)
    subscriptions.close(7)
    await done
    expect(sent.some(({ close }) => close)).toBe(false)
    expect(streams.open.subscriptions).toBe(0)
  })
})
