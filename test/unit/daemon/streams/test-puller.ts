/** A puller for the tests of pulls. */

import type { HubPullJob } from '../../../../src/daemon/streams/pulls.js'
import type { PullerFactory } from '../../../../src/plugin.js'
import type { Publication } from '../../../../src/stream.js'
import { video } from './media.js'

/** Until the job's signal aborts. */
export function aborted(job: { signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)))
}

/** A puller whose tries the test drives. */
export class TestPuller implements PullerFactory {
  readonly protocol = 'cam'
  readonly tries: { job: HubPullJob; publication: Publication | undefined; end: () => void; fail: (error: unknown) => void }[] = []
  /** Publish at once? */
  works = true
  obeys = true

  pull(job: HubPullJob): Promise<void> {
    return new Promise((resolve, reject) => {
      this.tries.push({ job, publication: this.works ? job.publish([video]) : undefined, end: resolve, fail: reject })
      if (this.obeys) aborted(job).catch(reject)
    })
  }

  get last(): (typeof this.tries)[number] {
    const last = this.tries.at(-1)
    if (!last) throw new Error('it was not tried')
    return last
  }
}
