/**
 * A plugin that makes streams: `shoal pull tstest://word/lab/words?rate=25&frames=0` is the text "word 0", "word 1" …, so many
 * times a second, and so many frames in all; 0 = without end.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Plugin, PullJob, Track } from 'shoal'

const track: Track = { id: 1, kind: 'data', codec: 'text' }

/** Makes the plugin. */
export default function puller(): Plugin {
  return {
    name: 'ts-puller',
    info: { version: '1.0.0', description: 'Makes test streams of tstest:// URLs.' },
    start: (ctx) => ctx.puller({ protocol: 'tstest', pull }),
  }
}

/** Lasts as long as the pull: return when the source ended, throw to be tried again later, stop when the signal aborts. */
async function pull(job: PullJob): Promise<void> {
  const { hostname, searchParams } = job.url
  if (hostname === 'dead') throw new Error('There is nothing.')
  const rate = Number(searchParams.get('rate') ?? 25)
  const frames = Number(searchParams.get('frames') ?? 0)
  const publication = job.publish([track])
  const began = performance.now()
  for (let count = 0; frames === 0 || count < frames; count++) {
    publication.write({ track: track.id, timestamp: Math.round((count * 1e6) / rate), key: true, data: Buffer.from(`${hostname} ${count}`) })
    // by the clock, not by the sleep: what one is late the next one makes good
    await sleep(Math.max(0, began + ((count + 1) * 1000) / rate - performance.now()), undefined, { signal: job.signal })
  }
}
