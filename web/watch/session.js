/** Who the person is, and where the daemon is. Credentials go in a header; in the address only where a player cannot send headers. */

/** @typedef {{ readonly token: string } | { readonly user: string, readonly password: string } | undefined} Shown */

const key = 'shoal-credentials'

/** Credentials and addresses of this daemon. They are kept until the tab closes. */
export class Session {
  /** @type {Shown} */
  #shown

  constructor() {
    const page = new URL(location.href)
    this.#shown = shownIn(page.searchParams) ?? kept()
    if (forget(page.searchParams)) history.replaceState(history.state, '', page)
    this.#keep()
  }

  /** Has the person said who it is? */
  get known() {
    return this.#shown !== undefined
  }

  /** Other credentials from now on. @param {Shown} shown */
  login(shown) {
    this.#shown = shown
    this.#keep()
  }

  /** The daemon's root, beside the page: it may stand behind a proxy with a prefix. */
  get root() {
    return new URL('../', location.href.replace(/[?#].*$/, ''))
  }

  /** Address of a stream in a format, without credentials. @param {string} path @param {string} ending `.mp4`, `/whep` @param {Record<string, string>} [query] */
  address(path, ending, query = {}) {
    const url = new URL(`${path.split('/').map(encodeURIComponent).join('/')}${ending}`, this.root)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }

  /** The stream of an address. @param {URL} url @param {string} ending */
  pathOf(url, ending) {
    return decodeURIComponent(url.pathname.slice(this.root.pathname.length, -ending.length))
  }

  /** Headers that say who it is. @returns {Record<string, string>} */
  get headers() {
    const shown = this.#shown
    if (!shown) return {}
    return { Authorization: 'token' in shown ? `Bearer ${shown.token}` : `Basic ${base64(`${shown.user}:${shown.password}`)}` }
  }

  /** The address with credentials, for what sends no headers: WebSockets, and the browser's own player. @param {URL} url */
  signed(url) {
    const signed = new URL(url)
    const shown = this.#shown
    if (shown && 'token' in shown) signed.searchParams.set('token', shown.token)
    else if (shown) {
      signed.searchParams.set('user', shown.user)
      signed.searchParams.set('pass', shown.password)
    }
    return signed
  }

  /** As {@link Session.signed}, as a WebSocket. @param {URL} url */
  socket(url) {
    const signed = this.signed(url)
    signed.protocol = signed.protocol === 'https:' ? 'wss:' : 'ws:'
    return signed
  }

  #keep() {
    // a browser may refuse to keep anything; then the person is asked again
    try {
      if (this.#shown) sessionStorage.setItem(key, JSON.stringify(this.#shown))
      else sessionStorage.removeItem(key)
    } catch {}
  }
}

/** @param {URLSearchParams} query @returns {Shown} */
function shownIn(query) {
  const token = query.get('token')
  const user = query.get('user')
  if (token) return { token }
  return user ? { user, password: query.get('pass') ?? '' } : undefined
}

/** Credentials shall not stay in the address bar. @param {URLSearchParams} query @returns {boolean} whether there were some */
function forget(query) {
  const names = ['token', 'user', 'pass'].filter((name) => query.has(name))
  for (const name of names) query.delete(name)
  return names.length > 0
}

/** @returns {Shown} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

/** @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
