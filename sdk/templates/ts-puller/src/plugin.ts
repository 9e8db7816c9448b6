/** Makes streams of `my-plugin://` URLs: `shoal pull my-plugin://clock/lab/clock?rate=25`. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Plugin, PullJob, Track } from 'shoal'

const track: Track = { id: 1, kind: 'data', codec: 'text' }

/** Makes the plugin. */
export default function plugin(): Plugin {
  return { name: 'my-plugin', start: (ctx) => ctx.puller({ protocol: 'my-plugin', pull }) }
}

/** Lasts as long as the pull: return when the source ended, throw to be tried again later, stop when the signal aborts. */
async function pull(job: PullJob): Promise<void> {
  const rate = Number(job.url.searchParams.get('rate') ?? 25)
  const frames = Number(job.url.searchParams.get('frames') ?? Number.POSITIVE_INFINITY)
  if (job.url.hostname !== 'clock') throw new Error(`There is no source called ${job.url.hostname}.`)
  const publication = job.publish([track])
  for (let count = 0; count < frames; count++) {
    const data = new TextEncoder().encode(new Date().toISOString())
    publication.write({ track: track.id, timestamp: Math.round((count * 1e6) / rate), key: true, data })
    await sleep(1000 / rate, undefined, { signal: job.signal })
  }
}
