/** Whose code an error comes from. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verdictOn } from '../../../../src/daemon/host/culprit.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal culprit-'))
const [one, other, home] = [join(folder, 'all', 'one.mjs'), join(folder, 'all', 'other.mjs'), join(folder, 'home')]
const suspects = [{ code: one }, { code: other }, { code: home }, { code: join(home, 'node_modules', 'dep') }]
const source = `export const make = (message = 'boom', options) => new Error(message, options)
export const call = (body) => body()
export const later = async (body) => { await null; return await body() }
`
interface Module {
  make(message?: string, options?: ErrorOptions): Error
  call<T>(body: () => T): T
  later<T>(body: () => Promise<T>): Promise<T>
}

async function load(file: string, query = ''): Promise<Module> {
  return (await import(/* @vite-ignore */ `${pathToFileURL(file).href}${query}`)) as Module
}

function culprit(error: unknown): string | undefined {
  const verdict = verdictOn(error, suspects)
  return verdict.of === 'plugin' ? verdict.culprit.code : undefined
}

beforeAll(() => {
  for (const file of [one, other, join(home, 'lib', 'x.mjs'), join(home, 'node_modules', 'dep', 'index.mjs')]) {
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, source)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the culprit', () => {
  it('is the file that stands in the stack, as it was imported first or anew', async () => {
    expect(culprit((await load(one)).make())).toBe(one)
    expect(culprit((await load(other, '?fresh=3')).make())).toBe(other)
  })

  it('is the folder that holds the file, and the innermost of several', async () => {
    const [a, b, dep] = [await load(one), await load(join(home, 'lib', 'x.mjs')), await load(join(home, 'node_modules', 'dep', 'index.mjs'))]
    expect(culprit(b.make())).toBe(home)
    expect(culprit(a.call(() => b.make()))).toBe(home)
    expect(culprit(b.call(() => a.make()))).toBe(one)
    expect(culprit(dep.make())).toBe(join(home, 'node_modules', 'dep'))
  })

  it('is who waited for it', async () => {
    const { later } = await load(one)
    const error: unknown = await later(async () => {
      await null
      throw new Error('of the daemon')
    }).catch((thrown: unknown) => thrown)
    expect(culprit(error)).toBe(one)
  })

  it('is found in what caused the error, and never in its message', async () => {
    const { make } = await load(one)
    expect(culprit(new Error('outer', { cause: make() }))).toBe(one)
    expect(culprit(new Error(`x\n    at f (${pathToFileURL(one).href}:1:1)`))).toBeUndefined()
    expect(culprit(make(`x\n    at f (${pathToFileURL(other).href}:1:1)`))).toBe(one)
  })

  it('is who alone has files in a folder', () => {
    const error = Object.assign(new Error('x'), { stack: `Error: x\n    at f (file://${folder.replaceAll(' ', '%20')}/all/lib.mjs:1:1)` })
    expect(verdictOn(error, [{ code: one }])).toEqual({ of: 'plugin', culprit: { code: one } })
    expect(verdictOn(error, suspects)).toEqual({ of: 'nobody' })
  })

  it('is not somebody with a name that begins alike', () => {
    const stack = (path: string): unknown => Object.assign(new Error('x'), { stack: `Error: x\n    at f (${path}:1:1)` })
    expect(culprit(stack(`${home}-else/x.js`))).toBeUndefined()
    expect(culprit(stack(`/other${one}`))).toBeUndefined()
    expect(culprit(stack(one))).toBe(one)
  })
})

describe('the daemon', () => {
  it('has what comes from its own code', () => {
    expect(verdictOn(new Error('here'), suspects)).toEqual({ of: 'daemon' })
  })

  it('is in no folder of a plugin, also where that lies beside or above its own', () => {
    expect(verdictOn(new Error('here'), [{ code: join(import.meta.dirname, '../../../../plugin.mjs') }])).toEqual({ of: 'daemon' })
  })
})

describe('nobody', () => {
  const circle: { cause?: unknown } = {}
  circle.cause = circle
  const odd: unknown[] = [
    'text',
    undefined,
    null,
    7,
    Symbol('x'),
    {},
    circle,
    { stack: 7 },
    { stack: 'x'.repeat(10_000_000) },
    Object.create(null),
    Object.defineProperty({}, 'stack', { get: () => culprit(boom()) }),
    Object.defineProperty({}, 'cause', { get: () => boom() }),
    new Proxy({}, { get: () => boom() }),
    Object.assign(new Error('x'), { stack: `Error: x\n${'    at f (node:net:1:1)\n'.repeat(100_000)}` }),
  ]
  it.each(odd.map((value) => [value]))('has %#, and nothing is thrown', (value) => {
    expect(verdictOn(value, suspects)).toEqual({ of: 'nobody' })
  })
})

function boom(): never {
  throw new Error('boom')
}
