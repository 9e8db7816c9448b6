import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { openApi } from '../../../../src/daemon/api/openapi.js'
import { routeIds, routeOf } from '../../../../src/daemon/api/table.js'
import { schemaView } from '../../../../src/daemon/config/schema-walk.js'
import { PluginRoutes } from '../../../../src/daemon/host/http.js'
import { errorKinds } from '../../../../src/errors.js'

interface Operation {
  operationId?: string
  parameters?: { name: string; in: string; required: boolean; schema: object }[]
  security?: object[]
  requestBody?: object
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

function operations(document: object): { path: string; method: string; operation: Operation }[] {
  const { paths } = document as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
}

describe('the OpenAPI document', () => {
  it('has every route of the table once, with its parameters, body and answer', () => {
    const all = operations(openApi('1.2.3', []))
    expect(all.map(({ operation }) => operation.operationId).sort()).toEqual([...routeIds].sort())
    for (const { path, operation } of all) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      expect(declared.map((parameter) => parameter.name)).toEqual(named)
      expect(declared.every((parameter) => parameter.required)).toBe(true)
      const route = routeOf(operation.operationId as (typeof routeIds)[number])
      expect(operation.requestBody !== undefined).toBe(route.body !== undefined)
      const type = route.stream ? 'text/event-stream' : schemaView(route.response).type === 'string' ? 'text/plain' : 'application/json'
      expect(Object.keys(operation.responses[route.ekuiper?.status ?? 200]?.content ?? {})).toEqual([type])
      expect(operation.security).toEqual(route.access === 'public' ? [] : undefined)
    }
  })

  it('is JSON whose schemas the validator understands', () => {
    const document = JSON.parse(JSON.stringify(openApi('1', []))) as object
    for (const { operation } of operations(document)) {
      for (const parameter of operation.parameters ?? []) expect(() => Value.Check(parameter.schema, 'x')).not.toThrow()
      for (const { schema } of Object.values(operation.responses['200']?.content ?? {})) expect(Value.Check(schema, Symbol('no'))).toBe(false)
    }
    expect(JSON.stringify(document)).not.toContain('~')
  })

  it('lists the error codes', () => {
    const { components } = openApi('1', []) as { components: { schemas: { Error: { properties: { error: { properties: { code: { enum: string[] } } } } } } } }
    expect(components.schemas.Error.properties.error.properties.code.enum).toEqual(Object.keys(errorKinds))
  })

  it("has the plugins' routes, and media", () => {
    const routes = new PluginRoutes()
    const query = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    routes.route('demo', { method: 'GET', path: '/items/:id', summary: 'One item.', query, handler: () => 1 })
    routes.media('http-flv', 'flv', { http: () => {} })
    routes.media('other', 'flv', { http: () => {} })
    routes.raw('demo', 'GET', '/files/*', () => {}, { public: true })
    const all = operations(openApi('1', routes.list()))
    const item = all.find(({ path }) => path === '/demo/items/{id}')
    expect(item?.operation.parameters?.map(({ name, in: where, required }) => [name, where, required])).toEqual([
      ['id', 'path', true],
      ['n', 'query', true],
    ])
    expect(all.filter(({ path }) => path === '/{path}.flv')).toHaveLength(1)
    expect(all.find(({ path }) => path === '/demo/files/{path}')?.operation.security).toEqual([{}, { token: [] }])
  })
})
