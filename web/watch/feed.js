/** The streams of the node as they are now: a long answer, a line of JSON for each change; connected again for as long as the page is open. */

/** @typedef {{ readonly kind: 'video' | 'audio' | 'data', readonly codec: string, readonly width?: number, readonly height?: number, readonly sampleRate?: number, readonly channels?: number }} Track */
/** A stream in other codecs, made when it is played. @typedef {{ readonly path: string, readonly video?: string, readonly audio?: string }} Version */
/** @typedef {{ readonly path: string, readonly tracks: readonly Track[], readonly viewers: number, readonly bitrate: number, readonly dropped: number, readonly since: number, readonly versions: readonly Version[] }} Stream */
/** @typedef {{ readonly now: number, readonly node: string, readonly who: string, readonly formats: readonly string[], readonly streams: readonly Stream[], readonly more: number, readonly asked?: { readonly path: string, readonly allowed: true | string } }} Line */
/** `refused`: the credentials are wrong. @typedef {'connecting' | 'open' | 'lost' | 'refused'} FeedState */

/** ms without a line after which the connection counts as dead; the node sends one each 10 s. */
const silence = 25_000
/** ms between tries. */
const delays = [500, 1000, 2000, 4000]

/** Follows `/watch/streams`. */
export class Feed {
  /** @type {Line | undefined} */
  line
  /** @type {FeedState} */
  state = 'connecting'
  /** Why, when refused. */
  problem = ''
  /** ms that the node's clock is ahead of ours, at the best guess. @type {number | undefined} */
  #ahead
  /** @type {AbortController | undefined} */
  #run
  #session
  #changed
  #path = ''

  /** @param {import('./session.js').Session} session @param {() => void} changed called after each change of state or line */
  constructor(session, changed) {
    this.#session = session
    this.#changed = changed
  }

  /** The stream of that path, while there is one. @param {string} path */
  stream(path) {
    return this.line?.streams.find((stream) => stream.path === path)
  }

  /** Wall clock of the node, ms since 1970. */
  get now() {
    return Date.now() + (this.#ahead ?? 0)
  }

  /** Begins, or begins anew: with other credentials, or to ask about another path. @param {string} path */
  follow(path) {
    this.#path = path
    this.#run?.abort()
    this.#run = new AbortController()
    void this.#keepOn(this.#run.signal)
  }

  /** @param {AbortSignal} signal */
  async #keepOn(signal) {
    for (let tries = 0; !signal.aborted; tries++) {
      const began = performance.now()
      const refused = await this.#read(signal)
      if (signal.aborted) return
      this.#to(refused ? 'refused' : 'lost')
      if (refused) return
      if (performance.now() - began > 5000) tries = 0
      await pause(delays[Math.min(tries, delays.length - 1)] ?? 0, signal)
    }
  }

  /** One connection. @param {AbortSignal} signal @returns {Promise<boolean>} whether the credentials are wrong */
  async #read(signal) {
    const { signal: own, touch, done } = watchdog(signal)
    try {
      const url = new URL('watch/streams', this.#session.root)
      if (this.#path) url.searchParams.set('path', this.#path)
      const answer = await fetch(url, { headers: this.#session.headers, signal: own, cache: 'no-store' })
      if (answer.status === 401 || answer.status === 403) {
        this.problem = await problemOf(answer)
        return true
      }
      if (!answer.ok || !answer.body) return false
      let rest = ''
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        touch()
        const lines = (rest + part.value).split('\n')
        rest = lines.pop() ?? ''
        for (const text of lines) this.#take(JSON.parse(text))
      }
    } catch {
      // the next try says more
    } finally {
      done()
    }
    return false
  }

  /** @param {Line} line */
  #take(line) {
    const ahead = line.now - Date.now()
    // what took the shortest time to arrive is nearest to the truth
    this.#ahead = this.#ahead === undefined ? ahead : Math.max(ahead, this.#ahead - 1)
    this.line = line
    this.#to('open')
  }

  /** @param {FeedState} state */
  #to(state) {
    this.state = state
    this.#changed()
  }
}

/** The words of an error answer. @param {Response} answer */
export async function problemOf(answer) {
  try {
    const { error } = await answer.json()
    return [error.message, error.hint].filter(Boolean).join(' ')
  } catch {
    return `The node answered with status ${answer.status}.`
  }
}

/** Resolves after `ms`, or when the signal aborts. @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}

/** A signal that also aborts after {@link silence} without `touch`. @param {AbortSignal} parent */
function watchdog(parent) {
  const controller = new AbortController()
  const end = () => controller.abort()
  let timer = setTimeout(end, silence)
  parent.addEventListener('abort', end)
  return {
    signal: controller.signal,
    touch() {
      clearTimeout(timer)
      timer = setTimeout(end, silence)
    },
    done() {
      clearTimeout(timer)
      parent.removeEventListener('abort', end)
      controller.abort()
    },
  }
}
