/** One try of a pull, without the machinery of pulls around it. */

import { Scope } from '../daemon/util/scope.js'
import type { PullJob } from '../plugin.js'
import type { Publication, Track } from '../stream.js'
import { FakeStreams } from './fake-streams.js'
import { type MemoryLog, memoryLog } from './memory-log.js'

/** A {@link PullJob} that the test can end and look into. */
export interface FakePullJob extends PullJob {
  readonly log: MemoryLog
  readonly streams: FakeStreams
  /** Ends the job as the daemon does: the signal aborts, tasks are awaited, the publication is closed. */
  end(): Promise<void>
}

/** Makes one. `path` defaults to the URL's. */
export function fakePullJob(
  url: string,
  options: { readonly path?: string; readonly options?: Record<string, unknown>; readonly streams?: FakeStreams; readonly log?: MemoryLog } = {},
): FakePullJob {
  const log = options.log ?? memoryLog()
  const streams = options.streams ?? new FakeStreams()
  const scope = new Scope({ name: 'pull', log })
  const parsed = new URL(url)
  const path = options.path ?? parsed.pathname.replace(/^\/+/, '')
  const open: Publication[] = []
  return {
    url: parsed,
    path,
    options: options.options ?? {},
    log,
    streams,
    signal: scope.signal,
    run: (name, body, how) => scope.run(name, body, how),
    publish(tracks: readonly Track[], { keyWanted, sourceStats } = {}) {
      const publication = streams.publish(path, tracks, {
        publisher: 'pull',
        signal: scope.signal,
        ...(keyWanted && { keyWanted }),
        ...(sourceStats && { sourceStats }),
      })
      open.push(publication)
      return publication
    },
    async end() {
      await scope.close()
      for (const publication of open) publication.close()
    },
  }
}
