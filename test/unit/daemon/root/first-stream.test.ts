import { expect, it, vi } from 'vitest'
import { atFirstStream } from '../../../../src/daemon/root/first-stream.js'
import type { StreamEvent } from '../../../../src/stream.js'

const event = (type: 'published' | 'unpublished'): StreamEvent => ({ type, path: 'live/cam', time: 0, publisher: 'rtmp' })

async function* events(...types: readonly ('published' | 'unpublished')[]): AsyncGenerator<StreamEvent, void, undefined> {
  for (const type of types) yield event(type)
}

it('prepares once, when somebody publishes for the first time', async () => {
  const prepare = vi.fn(async () => {})
  await atFirstStream(events('unpublished', 'published', 'published'), prepare)
  expect(prepare).toHaveBeenCalledOnce()
})

it('prepares nothing where nobody publishes', async () => {
  const prepare = vi.fn(async () => {})
  await atFirstStream(events('unpublished'), prepare)
  expect(prepare).not.toHaveBeenCalled()
})
