/** The API as an OpenAPI document, made from the route table and the plugins' routes. Source: OpenAPI 3.1.1. */

import { errorKinds } from '../../errors.js'
import { type SchemaView, schemaView } from '../config/schema-walk.js'
import type { RouteInfo } from '../host/http.js'
import { routeIds, routeOf } from './table.js'
import type { RouteShape } from './table-route.js'

type Json = Record<string, unknown>

/** The document. */
export function openApi(version: string, plugins: readonly RouteInfo[]): Json {
  const paths = new Map<string, Json>()
  const add = (path: string, method: string, operation: Json): void => {
    const template = path.replace(/:(\w+)/g, '{$1}').replace(/\*/g, '{path}')
    paths.set(template, { ...paths.get(template), [method.toLowerCase()]: operation })
  }
  for (const id of routeIds) {
    const route = routeOf(id)
    add(route.path, route.method, operationOf(id, route))
  }
  for (const route of plugins) if (route.shadowedBy === undefined) add(route.path, route.method, pluginOperation(route))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shoal',
      version,
      description: 'API of one node. The unix socket needs no token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths: Object.fromEntries(paths),
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: { Error: errorSchema() }, responses: { Error: errorResponse() } },
  }
}

function operationOf(id: string, route: RouteShape): Json {
  const isText = route.ekuiper !== undefined && schemaView(route.response).type === 'string'
  const type = route.stream ? 'text/event-stream' : isText ? 'text/plain' : 'application/json'
  return {
    operationId: id,
    tags: [id.split('.')[0]],
    summary: route.summary,
    ...(route.access === 'public' && { security: [] }),
    ...parametersOf(schemaView(route.params), schemaView(route.query)),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      [route.ekuiper?.status ?? 200]: {
        description: route.stream ? 'Events; each has this shape, and its name is its type.' : 'Done.',
        content: { [type]: { schema: route.response } },
      },
      default: { $ref: '#/components/responses/Error' },
    },
  }
}

function parametersOf(params: SchemaView, query: SchemaView): { parameters?: Json[] } {
  const path = Object.entries(params.properties ?? {}).map(([name, schema]) => ({ name, in: 'path', required: true, schema }))
  const search = Object.entries(query.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query.required?.includes(name) === true,
    schema,
    ...(schema.type === 'array' && { style: 'form', explode: false }),
  }))
  const parameters = [...path, ...search]
  return parameters.length > 0 ? { parameters } : {}
}

function pluginOperation(route: RouteInfo): Json {
  const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  if (route.path.includes('*')) names.push('path')
  const params: SchemaView = { properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) }
  const about = {
    json: route.route?.summary,
    raw: undefined,
    websocket: 'WebSocket.',
    media: 'A stream in this format, over HTTP or WebSocket.',
    session: 'Opens a session with a stream.',
  }[route.kind]
  const body = route.route?.body
  return {
    tags: [route.plugin],
    ...(about !== undefined && { summary: about }),
    ...(route.public && { security: [{}, { token: [] }] }),
    ...parametersOf(params, schemaView(route.route?.query)),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { '200': { description: 'Done.' }, default: { $ref: '#/components/responses/Error' } },
  }
}

function errorSchema(): Json {
  const fields = {
    code: { type: 'string', enum: Object.keys(errorKinds) },
    message: { type: 'string' },
    hint: { type: 'string' },
    data: { type: 'object' },
  }
  return { type: 'object', required: ['error'], properties: { error: { type: 'object', required: ['code', 'message'], properties: fields } } }
}

function errorResponse(): Json {
  return { description: 'What went wrong, and what to do.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } }
}
