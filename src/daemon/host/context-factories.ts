/** Puller and pusher factories of a plugin, checked and contained: a try ends when its plugin stops. */

import { ShoalError } from '../../errors.js'
import type { PullerFactory, PusherFactory, TaskScope } from '../../plugin.js'
import { linkSignals } from '../util/linked-signal.js'
import { abortable } from '../util/wait.js'
import type { Hosted } from './hosted.js'

/** A puller as the daemon calls it. Throws `ERR_PLUGIN_INVALID`. */
export function pluginPuller(hosted: Hosted, factory: PullerFactory): PullerFactory {
  check(hosted, factory, 'pull')
  return {
    ...matching(hosted, factory),
    pull: (job) =>
      untilStopped(hosted, job, (signal) => {
        const { url, path, options, log } = job
        return factory.pull({ url, path, options, log, signal, run: (name, body, how) => job.run(name, body, how), publish: (tracks) => job.publish(tracks) })
      }),
  }
}

/** A pusher as the daemon calls it. Throws `ERR_PLUGIN_INVALID`. */
export function pluginPusher(hosted: Hosted, factory: PusherFactory): PusherFactory {
  check(hosted, factory, 'push')
  return {
    ...matching(hosted, factory),
    push: (job) =>
      untilStopped(hosted, job, (signal) => {
        const { url, path, options, log } = job
        return factory.push({ url, path, options, log, signal, run: (name, body, how) => job.run(name, body, how), subscribe: (how) => job.subscribe(how) })
      }),
  }
}

async function untilStopped(hosted: Hosted, job: TaskScope, call: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const closed = hosted.closed()
  if (closed) throw closed
  const link = linkSignals(job.signal, hosted.scope.signal)
  try {
    // an abort of the job alone waits for the plugin to clean up, as the contract of pullers says; only the plugin's own end cuts it off
    await abortable(call(link.signal), hosted.scope.signal)
  } finally {
    link.done()
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
