/** What a client may send: request line, headers, query, body. Each is taken or refused with a typed error. */

import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Allowed, checkHost, checkOrigin, credentialsOf, type Door } from '../../src/daemon/api/auth.js'
import { checkInput, parseJson, parseTarget, readQuery } from '../../src/daemon/api/request-input.js'
import { RouteFinder, unknownRoute } from '../../src/daemon/api/route-finder.js'
import { routeIds, routeOf } from '../../src/daemon/api/table.js'
import { schemaView } from '../../src/daemon/config/schema-walk.js'
import { PluginRoutes } from '../../src/daemon/host/http.js'
import { type ErrorCode, ShoalError } from '../../src/errors.js'
import { fuzz, runs } from './typed-errors.js'

const codes: readonly ErrorCode[] = ['ERR_REQUEST_INVALID', 'ERR_ROUTE_UNKNOWN', 'ERR_HOST_REFUSED', 'ERR_ORIGIN_REFUSED', 'ERR_UNAUTHENTICATED']

const finder = new RouteFinder()
const plugins = new PluginRoutes()
plugins.route('demo', { method: 'GET', path: '/items/:id', handler: () => 1 })
plugins.media('hls', 'flv', { http: () => {} })

/** From a request line to checked parameters and query, as the dispatcher does it. */
function route(url: string): void {
  const { pathname, query } = parseTarget(url)
  const found = finder.find('GET', pathname) ?? finder.find('DELETE', pathname)
  if (!found) {
    if (!plugins.find('GET', pathname, false)) throw unknownRoute('GET', pathname, [])
    return
  }
  const entry = routeOf(found.id)
  checkInput('params', entry.params, found.params)
  checkInput('query', entry.query, readQuery(query, entry.query && schemaView(entry.query)))
}

const paths = routeIds.map((id) => routeOf(id).path.replace(/:\w+/, 'live%2Fcam'))
const parts = [
  '/',
  '//',
  '..',
  '%2e',
  '%2f',
  '%00',
  '%',
  '%zz',
  '%ff',
  '?',
  '&',
  '=',
  'lines',
  'level',
  'types',
  'log',
  ',',
  '-1',
  '1e9',
  '#',
  '\\',
  '__proto__',
  'é',
  ' ',
  '.flv',
  'demo/items/',
  ';',
  ':',
  '*',
  '@',
]
const url = fc.tuple(fc.constantFrom(...paths), fc.array(fc.constantFrom(...parts), { maxLength: 6 })).map(([path, rest]) => path + rest.join(''))

const bodies = [
  '{"peer":"attic","kind":"a.b","body":"x","timeout":5}',
  '{"url":"a:b","options":{"a":[1,{"b":null}]}}',
  '{"expires":5000}',
  '{"value":[1,2,{"x":true}]}',
].map((text) => Buffer.from(text))
const schemas = (['send', 'pulls.create', 'invites.create', 'config.set', 'log.setLevel'] as const).map((id) => routeOf(id).body)

function body(bytes: Uint8Array): void {
  const value = parseJson(bytes)
  for (const schema of schemas) {
    try {
      checkInput('body', schema, value)
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
    }
  }
}

const mutatedBody = fc
  .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(60), fc.nat(255), fc.nat(3)), { minLength: 1, maxLength: 4 }))
  .map(([text, changes]) => {
    let bytes = text
    for (const [at, value, cut] of changes) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at + cut)])
    return bytes
  })

const door: Door = { kind: 'tcp', localAddress: '127.0.0.1', localPort: 8180, remoteAddress: '127.0.0.1' }
const allowed: Allowed = { hosts: () => ['cams.example'], origins: () => ['https://panel.example'] }
const headerParts = [
  '127.0.0.1',
  'localhost',
  '[::1]',
  ':8180',
  ':',
  'http://',
  'https://',
  'evil.com',
  '@',
  '.',
  'cams.example',
  'https://panel.example',
  'null',
  '/',
  ' ',
  ',',
  '[',
  ']',
  '%',
  'é',
  '\t',
  'bearer ',
  'a'.repeat(43),
  '0',
  '::ffff:',
  '0x7f',
]
const header = fc.array(fc.constantFrom(...headerParts), { maxLength: 4 }).map((list) => list.join(''))

function admit(headers: Record<string, string>): void {
  const request = { rawHeaders: Object.entries(headers).flat() } as unknown as IncomingMessage
  const host = checkHost(request, door, allowed)
  const origin = checkOrigin(request, door, host, allowed)
  if (origin !== undefined && origin !== 'https://panel.example') throw new Error(`let in ${origin}`)
  if (/evil|0x7f|@/.test(`${headers['Host']}${headers['Origin'] ?? ''}`)) throw new Error(`let in ${JSON.stringify(headers)}`)
  credentialsOf(request, undefined)
}

const line = fc.uint8Array({ maxLength: 60 }).map((bytes) => `/${Buffer.from(bytes).toString('latin1')}`)
const headers = fc.record({ Host: header, Origin: header, Referer: header, Authorization: header }, { requiredKeys: ['Host'] })

describe('API requests', () => {
  it('with random request lines', () => fuzz(line, runs, route, codes))
  it('with mutated request lines', () => fuzz(url, runs, route, codes))
  it('with random bodies', () => fuzz(fc.uint8Array({ maxLength: 60 }), runs, body, codes))
  it('with JSON of any shape', () => fuzz(fc.json({ maxDepth: 4 }), Math.ceil(runs / 10), (text) => body(Buffer.from(text)), codes))
  it('with mutated bodies', () => fuzz(mutatedBody, runs, body, codes))
  it('with random Host, Origin, Referer and Authorization', () => fuzz(headers, runs, admit, codes))
})
