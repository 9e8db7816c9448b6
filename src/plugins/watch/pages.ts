/** The pages and what they load, from this package, from hls.js and from mpegts.js: nothing comes from elsewhere. */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../errors.js'
import type { Http, HttpExchange } from '../../plugin.js'

/** What the pages may do: their own scripts and styles, streams of this daemon, media from memory. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

// the sources and what is built of them lie equally deep, so this is the package root in both
const web = new URL('../../../web/watch/', import.meta.url)

const types = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' }

interface Page {
  readonly path: string
  readonly type: string
  /** Where it is; a function because resolving may fail, and then only this page does. */
  readonly file: () => string
}

const scripts = ['carry', 'edge', 'feed', 'flv', 'hls', 'mp4', 'page', 'publish', 'rtc', 'session', 'stats', 'watch', 'webrtc']

const own = (path: string, name: string, type: string): Page => ({ path, type, file: () => fileURLToPath(new URL(name, web)) })
const library = (path: string, name: string): Page => ({ path, type: types.js, file: () => createRequire(import.meta.url).resolve(name) })

const pages: readonly Page[] = [
  own('/publish', 'publish.html', types.html),
  own('/style.css', 'style.css', types.css),
  ...scripts.map((name) => own(`/${name}.js`, `${name}.js`, types.js)),
  library('/lib/hls.js', 'hls.js/dist/hls.light.min.mjs'),
  library('/lib/mpegts.js', 'mpegts.js'),
]

/** Adds the pages below `/watch/`, open to everybody: the streams themselves are not. */
export function servePages(http: Http): void {
  const home = answers(own('/', 'index.html', types.html))
  // without the slash what the page loads would be looked for beside it
  http.raw('GET', '/', (exchange) => (isFolder(exchange) ? home(exchange) : toFolder(exchange)), { public: true })
  for (const page of pages) http.raw('GET', page.path, answers(page), { public: true })
}

/** A handler that reads its file once. */
function answers(page: Page): (exchange: HttpExchange) => Promise<void> {
  let body: Promise<Buffer> | undefined
  const load = (): Promise<Buffer> => {
    body ??= read(page).catch((error: unknown) => {
      body = undefined
      throw error
    })
    return body
  }
  return async (exchange) => send(exchange, page.type, await load())
}

async function read({ path, file }: Page): Promise<Buffer> {
  try {
    return await readFile(file())
  } catch (cause) {
    throw new ShoalError('ERR_INTERNAL', `A file of the watch page is missing: ${path}.`, { cause, hint: 'Install Shoal again.' })
  }
}

function isFolder({ request }: HttpExchange): boolean {
  return request.url?.split('?')[0]?.endsWith('/') === true
}

function toFolder({ request, response }: HttpExchange): void {
  const query = request.url?.split('?')[1]
  // relative, because a proxy may put a prefix before it
  response.writeHead(307, { Location: `watch/${query === undefined ? '' : `?${query}`}`, 'Content-Length': 0 }).end()
}

function send({ request, response }: HttpExchange, type: string, body: Buffer): void {
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': body.length,
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-cache',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
