import { describe, expect, it } from 'vitest'
import type { MessagingEvent } from '../../../../src/plugins/messaging/api.js'
import { Feed } from '../../../../src/plugins/messaging/feed.js'

const event = (unread: number, peer = 'bert'): MessagingEvent => ({ type: 'read', peer, unread })

describe('Feed', () => {
  it('gives every watcher all events from the moment it began', async () => {
    const feed = new Feed()
    const stop = new AbortController()
    feed.emit(event(0))
    const watchers = [feed.watch(stop.signal), feed.watch(stop.signal)]
    for (const at of [1, 2]) feed.emit(event(at))
    for (const watcher of watchers) {
      expect((await watcher.next()).value).toEqual(event(1))
      expect((await watcher.next()).value).toEqual(event(2))
    }
    const waiting = watchers[0]?.next()
    feed.emit(event(3))
    expect((await waiting)?.value).toEqual(event(3))
    const last = watchers[0]?.next()
    stop.abort()
    expect((await last)?.done).toBe(true)
  })

  it('keeps little, and says how much a late watcher missed', async () => {
    const feed = new Feed()
    const watcher = feed.watch(new AbortController().signal)
    for (let at = 0; at < 1000; at++) feed.emit(event(at))
    const first = (await watcher.next()).value
    expect(first).toMatchObject({ type: 'lagged' })
    const missed = first?.type === 'lagged' ? first.missed : 0
    expect(missed).toBe(1000 - 128)
    expect((await watcher.next()).value).toEqual(event(missed))
  })

  it('holds nothing of a peer that was forgotten', async () => {
    const feed = new Feed()
    const watcher = feed.watch(new AbortController().signal)
    feed.emit(event(1, 'eve'))
    feed.emit(event(2))
    feed.forget('eve')
    const seen = [(await watcher.next()).value, (await watcher.next()).value, (await watcher.next()).value]
    expect(seen).toEqual([{ type: 'forgotten', peer: 'eve' }, event(2), { type: 'forgotten', peer: 'eve' }])
  })
})
