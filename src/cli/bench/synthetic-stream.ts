/** A live stream that is made here: 4 Mbit/s in 30 frames a second, a key frame each second, each with the time at which it was written. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plugin } from '../../plugin.js'
import type { Track } from '../../stream.js'

/** Where it is published. */
export const benchPath = 'live/bench'

/** Stands in each frame before 16 hexadecimal digits: ns of the monotonic clock, which all processes of a machine share. */
export const stampMarker = 'SHOALBENCHSTAMP0'

/** Bits a second. */
export const benchBitrate = 4_000_000

const rate = 30
const frameBytes = Math.floor(benchBitrate / 8 / rate)

/** Enough of an avcC for a muxer; nothing decodes this stream. */
const description = Uint8Array.from([1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee])
const track: Track = { id: 1, kind: 'video', codec: 'avc1.64001f', description, width: 1280, height: 720 }

/** A plugin that publishes it for as long as it runs. */
export function syntheticStream(): Plugin {
  return {
    name: 'bench',
    start(ctx) {
      const publication = ctx.streams.publish(benchPath, [track])
      ctx.run('stream', async ({ signal }) => {
        const began = performance.now()
        for (let count = 0; ; count++) {
          const due = began + (count * 1000) / rate
          if (due > performance.now()) await sleep(due - performance.now(), undefined, { signal })
          signal.throwIfAborted()
          publication.write({ track: 1, timestamp: Math.round((count * 1e6) / rate), key: count % rate === 0, data: frame(count % rate === 0) })
        }
      })
    },
  }
}

/** One NAL unit with its length: bytes that do not compress, and the time. */
function frame(key: boolean): Uint8Array {
  const data = randomBytes(frameBytes)
  data.writeUInt32BE(frameBytes - 4)
  data[4] = key ? 0x65 : 0x41
  data.write(stampMarker + process.hrtime.bigint().toString(16).padStart(16, '0'), 5, 'latin1')
  return data
}
