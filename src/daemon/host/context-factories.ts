/** Puller and pusher factories of a plugin, checked and contained: a try ends when its plugin stops. */

import { ShoalError } from '../../errors.js'
import type { PullerFactory, PullJob, PusherFactory, PushJob } from '../../plugin.js'
import { linkSignals } from '../util/linked-signal.js'
import { abortable } from '../util/wait.js'
import { shoalError } from './containment.js'
import type { Hosted } from './hosted.js'

/** A puller as the daemon calls it. Throws `ERR_PLUGIN_INVALID`. */
export function pluginPuller(hosted: Hosted, factory: PullerFactory): PullerFactory {
  check(hosted, factory, 'pull')
  return {
    ...matching(hosted, factory),
    pull: (job) =>
      untilStopped(hosted, job, 'pull', (signal) => {
        const { url, path, options, log } = job
        // of the daemon's own options a plugin has this one
        const begun = hosted.calls.begin(`pull ${url.protocol}`)
        const publish: PullJob['publish'] = (tracks, { publishTimeout, keyWanted, sourceStats } = {}) => {
          begun()
          const own = { ...(publishTimeout !== undefined && { publishTimeout }), ...(keyWanted && { keyWanted }), ...(sourceStats && { sourceStats }) }
          return published(hosted, url, () => job.publish(tracks, own))
        }
        const pulled = factory.pull({ url, path, options, log, signal, run: (name, body, how) => job.run(name, body, how), publish })
        return Promise.resolve(pulled).finally(begun)
      }),
  }
}

/** A pusher as the daemon calls it. Throws `ERR_PLUGIN_INVALID`. */
export function pluginPusher(hosted: Hosted, factory: PusherFactory): PusherFactory {
  check(hosted, factory, 'push')
  return {
    ...matching(hosted, factory),
    push: (job) =>
      untilStopped(hosted, job, 'push', (signal) => {
        const { url, path, options, log } = job
        return factory.push({ url, path, options, log, signal, run: (name, body, how) => job.run(name, body, how), subscribe: (how) => job.subscribe(how) })
      }),
  }
}

/** Tracks that cannot be are the plugin's doing, whatever its source sent. */
function published<T>(hosted: Hosted, url: URL, publish: () => T): T {
  try {
    return publish()
  } catch (error) {
    if (shoalError(error).code === 'ERR_TRACKS_INVALID') hosted.note(`pull ${url.protocol}`, { kind: 'threw', error })
    throw error
  }
}

/** ms that a factory has to return after its job was aborted, before it is named. */
const patience = 2000

async function untilStopped(
  hosted: Hosted,
  job: Pick<PullJob | PushJob, 'signal' | 'url'>,
  what: 'pull' | 'push',
  call: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const closed = hosted.closed()
  if (closed) throw closed
  const link = linkSignals(job.signal, hosted.scope.signal)
  const where = `${what} ${job.url.protocol}`
  const unwatch = watchEnd(hosted, where, job.signal)
  try {
    // an abort of the job alone waits for the plugin to clean up, as the contract of pullers says; only the plugin's own end cuts it off
    await abortable(call(link.signal), hosted.scope.signal)
  } catch (error) {
    // a source that is away is nobody's fault, and said with a code
    if (!link.signal.aborted && shoalError(error).code === 'ERR_PLUGIN_FAILED') hosted.note(where, { kind: 'threw', error })
    throw error
  } finally {
    unwatch()
    link.done()
  }
}

/** Counts a job that goes on although it was aborted. Returns the undo. */
function watchEnd(hosted: Hosted, where: string, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined
  const error = (): ShoalError => new ShoalError('ERR_TIMEOUT', `It goes on ${patience / 1000} s after it was stopped.`)
  const start = (): void => {
    timer = setTimeout(() => void hosted.note(where, { kind: 'hung', error: error() }), patience).unref()
  }
  signal.addEventListener('abort', start, { once: true })
  return () => {
    signal.removeEventListener('abort', start)
    clearTimeout(timer)
  }
}

function matching(hosted: Hosted, factory: Pick<PullerFactory, 'protocol' | 'prefix' | 'supports'>): Pick<PullerFactory, 'protocol' | 'prefix' | 'supports'> {
  const { protocol, prefix } = factory
  return { protocol, ...(prefix !== undefined && { prefix }), ...(factory.supports && { supports: (url: URL) => supports(hosted, factory, url) }) }
}

function supports(hosted: Hosted, factory: Pick<PullerFactory, 'supports'>, url: URL): boolean {
  try {
    return factory.supports?.(url) === true
  } catch (error) {
    hosted.note('supports', { kind: 'threw', error })
    return false
  }
}

function check(hosted: Hosted, factory: unknown, call: 'pull' | 'push'): void {
  const members: Record<string, unknown> = Object(factory)
  const refuse = (reason: string): never => {
    throw new ShoalError('ERR_PLUGIN_INVALID', `A ${call}er of ${hosted.name} cannot be added: ${reason}.`)
  }
  if (typeof members['protocol'] !== 'string' || !/^[a-z][a-z0-9+.-]{0,39}$/.test(members['protocol']))
    refuse('its protocol is not a URL scheme without the colon')
  if (typeof members[call] !== 'function') refuse(`it has no function ${call}`)
  if (members['supports'] !== undefined && typeof members['supports'] !== 'function') refuse('supports is not a function')
  if (members['prefix'] !== undefined && typeof members['prefix'] !== 'string') refuse('prefix is not a string')
}
