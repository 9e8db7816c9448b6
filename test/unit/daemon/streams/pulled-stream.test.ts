import { describe, expect, it } from 'vitest'
import { RecordBatch } from '../../../../src/daemon/streams/frame-header.js'
import { defaultPullTiming, PulledStream } from '../../../../src/daemon/streams/pulled-stream.js'
import { encodeStreamMessage } from '../../../../src/daemon/streams/stream-messages.js'
import type { LinkStream } from '../../../../src/daemon/swarm/swarm.js'
import { ShoalError } from '../../../../src/errors.js'
import { avTracks, videoFrame } from '../stream-nodes.js'

/** A stream on which all of `frames` has arrived. */
function arrived(frames: readonly Uint8Array[]): LinkStream {
  const controller = new AbortController()
  return {
    peer: 'b',
    buffered: 0,
    protocol: '/test',
    signal: controller.signal,
    frames: (async function* () {
      yield* frames
    })(),
    send: () => true,
    drained: async () => {},
    close: async () => {},
    abort: (reason) => controller.abort(reason),
  }
}

describe('a pulled stream', () => {
  it('that was given up hands out nothing more, also of what had arrived', async () => {
    const accept = { epoch: 1, originEpoch: 1, tracks: avTracks, hops: ['b'], originPath: 's', sealed: true, resumed: false, keyRequests: false }
    const batch = new RecordBatch()
    batch.add({ type: 'frame', group: 0, index: 0, frame: videoFrame(0, true), seal: undefined })
    const stream = arrived([encodeStreamMessage({ type: 'accept', value: accept }), Buffer.concat(batch.take())])
    const pulled = new PulledStream(stream, 's', { timing: defaultPullTiming, room: () => 0, lastHeard: performance.now() })
    await pulled.open({ path: 's', tracks: [], start: 'latest', maxLatency: 0, wait: 0, copy: '' }, 5000)
    const frames: unknown[] = []
    const nothing = (): void => {}
    const running = pulled.run({ frame: (record) => void frames.push(record), track: nothing, gap: nothing, rerouted: nothing })
    pulled.abort(new ShoalError('ERR_SOURCE_FAILED', 'It is another stream.'))
    await expect(running).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    expect(frames).toEqual([])
  })
})
