/** Errors that nothing caught: the plugin they come from fails, and nobody else does. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Plugin } from '../../../../src/plugin.js'
import { waitFor } from '../../../wait-for.js'
import { type Fixture, makeHost } from './fixture.js'

const thrown = new Error('of the daemon')

/** Two plugins, each with a file of its own, and what makes errors in them. */
async function two(): Promise<Fixture & { readonly files: Record<'a' | 'b', string>; make(name: 'a' | 'b'): Promise<Error> }> {
  const plugin = (name: string): Plugin => ({
    name,
    payloadKinds: [`${name}.x`],
    handlePayload: () => {},
    start: (ctx) => ctx.http.route({ method: 'GET', path: '/x', handler: () => 1 }),
  })
  const made = makeHost([plugin('a'), plugin('b')])
  const file = (name: string): string => join(made.home, `${name}.mjs`)
  const files = { a: file('a'), b: file('b') }
  mkdirSync(made.home, { recursive: true })
  for (const path of Object.values(files)) writeFileSync(path, "export default () => new Error('boom')\n")
  for (const [name, path] of Object.entries(files)) made.host.imports(name, path)
  await made.host.start()
  // as after an import
  for (const name of ['a', 'b']) await made.host.restart(name)
  const make = async (name: 'a' | 'b'): Promise<Error> => {
    const module = (await import(/* @vite-ignore */ pathToFileURL(files[name]).href)) as { default: () => Error }
    return module.default()
  }
  return { ...made, files, make }
}

const states = ({ host }: Fixture): string[] => host.list().map(({ state }) => state)

describe('an error that nothing caught', () => {
  it('ends the plugin it comes from, with the reason, and undoes what it registered', async () => {
    const made = await two()
    const error = await made.make('a')
    expect(made.host.culprits(error)).toEqual(['a'])
    expect(made.host.blame(error)).toEqual(['a'])
    await waitFor('its end', () => made.host.info('a').state === 'failed')
    expect(made.host.info('a')).toMatchObject({ reason: 'It left an error that nothing caught: boom', routes: [], counters: { errors: 2 } })
    expect(made.claims.has('a.x')).toBe(false)
    expect(made.host.info('b').state).toBe('running')
  })

  it('is counted again and ends nothing twice', async () => {
    const made = await two()
    for (let round = 0; round < 10; round++) made.host.blame(await made.make('a'))
    await waitFor('its end', () => made.host.info('a').state === 'failed')
    expect(made.host.info('a').counters.errors).toBe(11)
    expect((await made.host.restart('a')).state).toBe('running')
  })

  it('that is the daemon’s own counts against nobody', async () => {
    const made = await two()
    expect(made.host.blame(thrown)).toEqual([])
    expect(states(made)).toEqual(['running', 'running'])
  })

  it('that may be anybody’s is counted at all, and ends none of several', async () => {
    const made = await two()
    expect(made.host.blame('text')).toEqual(['a', 'b'])
    expect(made.host.list().map(({ lastError }) => lastError?.message)).toEqual([expect.stringMatching(/or that of another plugin: text$/), expect.anything()])
    expect(states(made)).toEqual(['running', 'running'])
  })

  it('that may be anybody’s is that of a plugin that is alone, and of none where there is none', async () => {
    const made = makeHost([{ name: 'only' }])
    await made.host.start()
    expect(made.host.blame(undefined)).toEqual([])
    made.host.imports('only', join(made.home, 'only.mjs'))
    expect(made.host.blame(undefined)).toEqual(['only'])
    await waitFor('its end', () => made.host.info('only').state === 'failed')
  })

  it('of a plugin that is being imported keeps it from starting, once', async () => {
    const made = await two()
    made.host.imports('c', join(made.home, 'c', 'c.mjs'))
    const error = Object.assign(new Error('early'), { stack: `Error: early\n    at ${made.home}/c/c.mjs:1:1` })
    expect(made.host.blame(error)).toEqual(['c'])
    const entry = { name: 'c', source: 'test', plugin: { name: 'c' } }
    expect(await made.host.add(entry)).toMatchObject({ state: 'failed', reason: expect.stringContaining('early') })
    made.host.imports('c', join(made.home, 'c', 'c.mjs'))
    expect((await made.host.add(entry)).state).toBe('running')
  })
})

describe('starts', () => {
  it('that hang hold the others up for a moment only', async () => {
    const began: string[] = []
    const plugin = (name: string, hangs: boolean): Plugin => ({
      name,
      start: () => {
        began.push(name)
        return hangs ? new Promise(() => {}) : undefined
      },
    })
    const { host } = makeHost([plugin('a', true), plugin('b', true), plugin('c', false)], { limits: { turn: 10, start: 500 } })
    const starting = host.start()
    await waitFor('the last', () => began.length === 3)
    expect(host.list().map(({ state }) => state)).toEqual(['starting', 'starting', 'running'])
    await starting
    expect(began).toEqual(['a', 'b', 'c'])
    expect(host.list().map(({ state }) => state)).toEqual(['failed', 'failed', 'running'])
  })

  it('wait for a provider that takes its time', async () => {
    const began: string[] = []
    const gives: Plugin = {
      name: 'gives',
      provides: ['cache'],
      async start(ctx) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        ctx.provide('cache', ctx.use('cache'))
        began.push('gives')
      },
    }
    const needs: Plugin = {
      name: 'needs',
      requires: ['cache'],
      provides: ['monitoring'],
      start: (ctx) => {
        began.push('needs')
        ctx.provide('monitoring', {})
      },
    }
    const { host } = makeHost([needs, gives], { limits: { turn: 1 } })
    await host.start()
    expect(began).toEqual(['gives', 'needs'])
  })

  it('have as long as the configuration says', async () => {
    const { host } = makeHost([{ name: 'slow', source: 'test', plugin: { name: 'slow', start: () => new Promise(() => {}) }, startTimeout: 20 }])
    await host.start()
    expect(host.info('slow')).toMatchObject({ state: 'failed', reason: 'slow.start did not finish within 0.02 s.' })
  })
})
