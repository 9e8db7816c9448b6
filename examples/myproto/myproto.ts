/**
 * A puller for a protocol of your own: `shoal pull myproto://camera.lan:9000/hall`, option `timeoutMs`.
 *
 * The protocol, over TCP: the client sends `PATH\n`; the server answers with frames of a 4-byte length, an 8-byte
 * timestamp in µs, both big-endian, and the data, until it closes. `length` counts what follows it: 8 bytes to 1 MiB.
 */

import { connect, type Socket } from 'node:net'
import type { Plugin, PullJob, Track } from 'shoal'

const maxFrame = 1024 * 1024
const track: Track = { id: 1, kind: 'data', codec: 'application/octet-stream' }

/** Makes the plugin. */
export default function myproto(): Plugin {
  return {
    name: 'myproto',
    info: { version: '1.0.0', description: 'Pulls myproto:// URLs.' },
    start: (ctx) => ctx.puller({ protocol: 'myproto', pull }),
  }
}

/** Lasts as long as the pull: returns when the source ends, throws when it fails; Shoal tries again and closes the stream. */
async function pull(job: PullJob): Promise<void> {
  const timeout = Number(job.options['timeoutMs'] ?? 5000)
  const host = job.url.hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port: Number(job.url.port || 9000), signal: job.signal })
  try {
    // silence is a failure too: it is the socket that waits, so this covers connecting as well
    socket.setTimeout(timeout, () => socket.destroy(new Error(`nothing came from ${job.url.host} for ${timeout} ms`)))
    socket.write(`${job.url.pathname.slice(1)}\n`)
    let publication: ReturnType<PullJob['publish']> | undefined
    for await (const body of frames(socket)) {
      publication ??= job.publish([track])
      publication.write({ track: track.id, timestamp: Number(body.readBigUInt64BE()), key: true, data: body.subarray(8) })
    }
  } finally {
    socket.destroy()
  }
}

async function* frames(socket: Socket): AsyncGenerator<Buffer, void, undefined> {
  let held = Buffer.alloc(0)
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4) {
      const length = held.readUInt32BE()
      if (length < 8 || length > maxFrame) throw new Error(`a frame of ${length} bytes is not allowed`)
      if (held.length < 4 + length) break
      yield held.subarray(4, 4 + length)
      held = held.subarray(4 + length)
    }
  }
}
