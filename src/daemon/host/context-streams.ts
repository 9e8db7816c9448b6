/** `ctx.streams`: what a plugin opens carries its name and ends with it. */

import { isShoalError } from '../../errors.js'
import type { Streams } from '../../plugin.js'
import type { Publication, PublishOptions, Pull, PullOptions, SubscribeOptions, Subscription, Track } from '../../stream.js'
import { linkSignals } from '../util/linked-signal.js'
import { tended } from './containment.js'
import type { Hosted } from './hosted.js'
import { linkedEvents } from './linked-events.js'
import { LinkedPublication, LinkedSubscription } from './linked-stream.js'
import type { HostStreams } from './parts.js'

/** Makes it. `streams` throws while the hub is not there yet. */
export function pluginStreams(hosted: Hosted, streams: () => HostStreams): Streams {
  const live = (): HostStreams => {
    const closed = hosted.closed()
    if (closed) throw closed
    return streams()
  }
  const pulls = new PluginPulls(hosted)
  return {
    publish: (path, tracks, options) => publish(hosted, live(), path, tracks, options),
    subscribe: (path, options) => tended(subscribe(hosted, live, path, options)),
    pull: (url, path, options) => pulls.open(live(), url, path, options),
    list: () => streams().list(),
    versions: (path) => streams().versions(path),
    events: (options) => linkedEvents((signal) => live().events({ signal }), hosted.scope.signal, options?.signal),
  }
}

function publish(hosted: Hosted, streams: HostStreams, path: string, tracks: readonly Track[], options: PublishOptions = {}): Publication {
  // picked one by one: the hub takes more options than a plugin may give, such as the origin
  const { takeover, publishTimeout, idleTimeout, signal, keyWanted, sourceStats } = options
  const own = {
    ...(takeover !== undefined && { takeover }),
    ...(publishTimeout !== undefined && { publishTimeout }),
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(keyWanted && { keyWanted }),
    ...(sourceStats && { sourceStats }),
  }
  const refused = (error: unknown): void => void hosted.note('a frame', { kind: 'threw', error })
  if (!signal) return streams.publish(path, tracks, { ...own, refused, publisher: hosted.name, signal: hosted.scope.signal })
  const link = linkSignals(hosted.scope.signal, signal)
  try {
    return new LinkedPublication(streams.publish(path, tracks, { ...own, refused, publisher: hosted.name, signal: link.signal }), link)
  } catch (error) {
    link.done()
    throw error
  }
}

async function subscribe(hosted: Hosted, live: () => HostStreams, path: string, options: SubscribeOptions = {}): Promise<Subscription> {
  const reader = options.reader ?? hosted.name
  // a reader of another name is somebody whom it serves
  const cut = options.reader === undefined ? (one: Subscription): Subscription => noteCut(hosted, one) : (one: Subscription): Subscription => one
  if (!options.signal) return cut(await live().subscribe(path, { ...options, reader, signal: hosted.scope.signal }))
  const link = linkSignals(hosted.scope.signal, options.signal)
  try {
    return new LinkedSubscription(cut(await live().subscribe(path, { ...options, reader, signal: link.signal })), link)
  } catch (error) {
    link.done()
    throw error
  }
}

/** A subscription that is cut, as nobody read it, is counted. */
function noteCut(hosted: Hosted, subscription: Subscription): Subscription {
  const { signal, path } = subscription
  const over = (): void => {
    if (isShoalError(signal.reason, 'ERR_SLOW_CONSUMER')) hosted.note(`reading ${path}`, { kind: 'hung', error: signal.reason })
  }
  signal.addEventListener('abort', over, { once: true })
  return subscription
}

/** Pulls a plugin opened; each is one registration, however often it is asked for. */
class PluginPulls {
  readonly #hosted: Hosted
  readonly #open = new Map<Pull, Pull>()

  constructor(hosted: Hosted) {
    this.#hosted = hosted
  }

  open(streams: HostStreams, url: string, path?: string, options?: PullOptions): Pull {
    const { registrations } = this.#hosted
    registrations.admit('pull')
    const pull = streams.pull(url, path, { ...options, owner: this.#hosted.name })
    const known = this.#open.get(pull)
    if (known) return known
    const undo = (): void => {
      this.#open.delete(pull)
      tended(pull.close())
    }
    return this.#keep(
      pull,
      registrations.add('pull', pull.path, () => undo),
    )
  }

  #keep(pull: Pull, drop: () => void): Pull {
    const own: Pull = {
      get path() {
        return pull.path
      },
      get url() {
        return pull.url
      },
      get state() {
        return pull.state
      },
      close: () => {
        drop()
        this.#open.delete(pull)
        return pull.close()
      },
    }
    this.#open.set(pull, own)
    return own
  }
}
