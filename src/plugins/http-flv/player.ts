/** The player page and what it loads, from this package and from mpegts.js: nothing comes from elsewhere. */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../errors.js'
import type { Http, HttpExchange } from '../../plugin.js'

/** What the page may do: its own scripts and styles, streams of this daemon, media from memory. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'media-src blob:',
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

// src/plugins/http-flv and dist/plugins/http-flv are equally deep, so this is the package root in both
const web = new URL('../../../web/', import.meta.url)

interface Page {
  readonly path: string
  readonly type: string
  /** Where it is; a function because resolving may fail, and then only this page does. */
  readonly file: () => string
}

const ownFile = (path: string, name: string, type: string): Page => ({ path, type, file: () => fileURLToPath(new URL(name, web)) })

const pages: readonly Page[] = [
  ownFile('/player', 'player.html', 'text/html; charset=utf-8'),
  ownFile('/player.js', 'player.js', 'text/javascript; charset=utf-8'),
  ownFile('/player.css', 'player.css', 'text/css; charset=utf-8'),
  { path: '/mpegts.js', type: 'text/javascript; charset=utf-8', file: () => createRequire(import.meta.url).resolve('mpegts.js') },
]

/** Adds the routes `/http-flv/player`, `player.js`, `player.css` and `mpegts.js`, open to everybody: the streams themselves are not. */
export function servePlayer(http: Http): void {
  for (const page of pages) {
    let body: Promise<Buffer> | undefined
    const load = (): Promise<Buffer> => {
      body ??= read(page).catch((error: unknown) => {
        body = undefined
        throw error
      })
      return body
    }
    http.raw('GET', page.path, async (exchange) => send(exchange, page.type, await load()), { public: true })
  }
}

async function read({ path, file }: Page): Promise<Buffer> {
  try {
    return await readFile(file())
  } catch (cause) {
    throw new ShoalError('ERR_INTERNAL', `A file of the player is missing: ${path}.`, { cause, hint: 'Install Shoal again.' })
  }
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
