import { expect, it } from 'vitest'
import type { Frame } from '../../../src/stream.js'
import { NewestGroup } from '../../../src/viewing/newest-group.js'

const frame = (timestamp: number, key = false): Frame => ({ track: 1, timestamp, key, data: new Uint8Array() })

it('keeps what came since the newest key frame, and nothing of before', () => {
  const group = new NewestGroup()
  const [early, key, delta, next] = [frame(0), frame(10, true), frame(20), frame(30, true)]
  expect(group.takes(early, 'video')).toBe(false)
  expect(group.takes(key, 'video')).toBe(true)
  group.keep(key, Buffer.of(1))
  expect(group.takes(delta, 'video')).toBe(true)
  group.keep(delta, Buffer.of(2))
  expect([group.get(early), group.get(key), group.get(delta)]).toEqual([undefined, Buffer.of(1), Buffer.of(2)])
  expect(group.takes(next, 'video')).toBe(true)
  expect([group.get(key), group.get(delta)]).toEqual([undefined, undefined])
  // a viewer who is late asks for what is older
  expect(group.takes(delta, 'video')).toBe(false)
  expect(group.takes(frame(25, true), 'audio')).toBe(false)
  expect(group.takes(frame(31, true), 'audio')).toBe(true)
})

it('does not keep more than 4 MiB', () => {
  const group = new NewestGroup()
  expect(group.takes(frame(0, true), 'video')).toBe(true)
  group.keep(frame(0, true), Buffer.alloc(4 * 1024 * 1024))
  expect(group.takes(frame(1), 'video')).toBe(false)
  expect(group.takes(frame(2, true), 'video')).toBe(true)
})
