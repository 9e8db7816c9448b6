import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LoadedPlugin, PluginProcessView } from '../../../../src/daemon/host/hosted.js'
import { resolvePlugin } from '../../../../src/daemon/host/resolve.js'
import { ShoalError } from '../../../../src/errors.js'
import { definePlugin, type Plugin, type PluginContext } from '../../../../src/plugin.js'
import { waitFor } from '../../../wait-for.js'
import { delivered, forever, makeHost, probe } from './fixture.js'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const entryOf = (plugin: Plugin, more: Partial<LoadedPlugin> = {}): LoadedPlugin => ({ name: plugin.name, source: 'test', plugin, ...more })

/** Answers each payload with its own name, and serves a route. */
function echo(name: string, kinds: readonly string[]): { plugin: Plugin; ctx: () => PluginContext } {
  return probe(name, {
    payloadKinds: kinds,
    handlePayload: () => new TextEncoder().encode(name),
    start: (ctx) => ctx.http.route({ method: 'GET', path: '/x', handler: () => name }),
  })
}

describe('changes of a running host', () => {
  it('adds a plugin and removes it, and nothing is left', async () => {
    const { host, claims, routes } = makeHost([echo('old', ['k.old']).plugin])
    await host.start()
    const info = await host.add(entryOf(echo('fresh', ['k.fresh']).plugin))
    expect([info.state, info.kinds, claims.get('k.fresh'), routes.methods('/fresh/x')]).toEqual(['running', [{ kind: 'k.fresh' }], 'fresh', ['GET']])
    expect(text(await delivered(host, 'fresh', 'p', 'k.fresh', new Uint8Array()))).toBe('fresh')
    await host.remove('fresh')
    expect([host.list().map(({ name }) => name), claims.has('k.fresh'), routes.methods('/fresh/x')]).toEqual([['old'], false, []])
    await expect(host.remove('fresh')).rejects.toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_UNKNOWN' }))
  })

  it('gives kinds to whom they shadowed while a plugin is off, and back after', async () => {
    const [a, b] = [echo('a', ['k']), echo('b', ['k'])]
    const { host, claims } = makeHost([a.plugin, b.plugin])
    await host.start()
    const off = await host.disable('a', 'Somebody asked for it.')
    expect([off.state, off.reason, claims.get('k'), host.info('b').kinds]).toEqual(['disabled', 'Somebody asked for it.', 'b', [{ kind: 'k' }]])
    // a payload that was on its way to the first
    expect(text(await delivered(host, 'a', 'p', 'k', new Uint8Array()))).toBe('b')
    await expect(delivered(host, 'a', 'p', 'other', new Uint8Array())).rejects.toThrow(expect.objectContaining({ code: 'ERR_KIND_UNCLAIMED' }))
    await host.enable('a')
    expect([claims.get('k'), host.info('b').kinds]).toEqual(['a', [{ kind: 'k', shadowedBy: 'a' }]])
    expect(host.list().map(({ name, state }) => [name, state])).toEqual([
      ['a', 'running'],
      ['b', 'running'],
    ])
  })

  it('ends what a plugin opened with the reason, and nothing of another', async () => {
    const [a, b] = [probe('a'), probe('b')]
    const { host } = makeHost([a.plugin, b.plugin])
    await host.start()
    const [mine, other] = [a, b].map(({ ctx }, at) => ctx().streams.publish(`s${at}`, [{ id: 1, kind: 'data', codec: 'text' }]))
    await host.restart('a')
    expect(mine?.signal.reason).toEqual(expect.objectContaining({ code: 'ERR_STOPPING', message: 'The plugin a is started anew.' }))
    expect([other?.signal.aborted, b.ctx().signal.aborted, a.ctx().signal.aborted]).toEqual([false, false, false])
  })

  it('leaves no registration behind, however often it restarts one', async () => {
    const a = echo('a', ['k'])
    const { host, claims, routes, pullers } = makeHost([a.plugin, echo('b', ['k']).plugin])
    await host.start()
    for (let round = 0; round < 20; round++) await host.restart('a')
    expect([[...claims], routes.list().length, pullers.size]).toEqual([[['k', 'a']], 2, 0])
  })

  it('makes changes one after the other, and a stop wins', async () => {
    const steps: string[] = []
    const slow = (name: string): Plugin =>
      definePlugin({ name, start: async () => void steps.push(`${name} up`), shutdown: async () => void steps.push(`${name} down`) })
    const { host } = makeHost([slow('a'), slow('b')])
    await host.start()
    await Promise.all([host.restart('a'), host.disable('b', 'x'), host.restart('a')])
    expect(steps).toEqual(['a up', 'b up', 'a down', 'a up', 'b down', 'a down', 'a up'])
    const hangs = definePlugin({ name: 'hangs', start: forever })
    const adding = host.add(entryOf(hangs))
    const later = host.restart('a')
    await waitFor('the start to hang', () => host.list().some(({ name, state }) => name === 'hangs' && state === 'starting'))
    const refused = Promise.all([adding, later].map((one) => expect(one).rejects.toThrow(expect.objectContaining({ code: 'ERR_STOPPING' }))))
    await host.stop()
    await refused
    expect(steps.at(-1)).toBe('a down')
  })

  it('tells why a plugin does not start, and lets it be tried again', async () => {
    let fails = true
    const moody = definePlugin({
      name: 'moody',
      start() {
        if (fails) throw new Error('not today')
      },
    })
    const { host } = makeHost([])
    await host.start()
    expect(await host.add(entryOf(moody))).toMatchObject({ state: 'failed', reason: 'not today' })
    fails = false
    expect((await host.enable('moody')).state).toBe('running')
    const wrong = entryOf(definePlugin({ name: 'wrong', config: { type: 'object', properties: { port: { type: 'integer' } } } }), { config: { port: 'x' } })
    expect(await host.add(wrong)).toMatchObject({ state: 'disabled', lastError: { code: 'ERR_PLUGIN_CONFIG' } })
    expect((await host.restart('wrong', { ...wrong, config: { port: 1 } })).state).toBe('running')
  })

  it('refuses a second plugin of a name in another section, and takes a replacement in the same', async () => {
    const { host } = makeHost([echo('a', []).plugin])
    await host.start()
    const second = await host.add({ name: 'a', source: 'elsewhere', plugin: definePlugin({ name: 'a', info: { version: '2' } }) })
    expect([second.state, second.version, host.list().length]).toEqual(['running', '2', 1])
    expect(await host.add({ name: 'a', source: 'gone', error: new ShoalError('ERR_PLUGIN_UNKNOWN', 'It is gone.') })).toMatchObject({
      state: 'failed',
      reason: 'It is gone.',
    })
  })

  it('fails a plugin whose process is given up, undoes it, and starts it again when asked to', async () => {
    const listeners = new Set<(error: ShoalError) => void>()
    const process: PluginProcessView = {
      status: () => ({ state: 'running', pid: 7, restarts: 3, queues: { calls: 1 } }),
      usage: async () => ({ cpu: 5, memory: 6 }),
      onGivenUp(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const { host, claims, routes } = makeHost([entryOf(echo('far', ['k']).plugin, { process }), echo('near', ['k']).plugin])
    await host.start()
    expect(host.info('far').process).toEqual({ state: 'running', pid: 7, restarts: 3, queues: { calls: 1 } })
    for (const listener of listeners) listener(new ShoalError('ERR_PLUGIN_FAILED', 'It ended 5 times within a minute.'))
    await waitFor('the failure', () => host.info('far').state === 'failed')
    expect([host.info('far').reason, claims.get('k'), routes.methods('/far/x'), listeners.size]).toEqual(['It ended 5 times within a minute.', 'near', [], 0])
    expect([(await host.restart('far')).state, claims.get('k'), listeners.size]).toEqual(['running', 'far', 1])
  })

  it('starts plugins with a process side by side after all others', async () => {
    const steps: string[] = []
    const process: PluginProcessView = {
      status: () => ({ state: 'running', restarts: 0, queues: {} }),
      usage: async () => undefined,
      onGivenUp: () => () => {},
    }
    let arrived = 0
    const both = Promise.withResolvers<void>()
    const far = (name: string): LoadedPlugin =>
      entryOf(
        definePlugin({
          name,
          async start() {
            if (++arrived === 2) both.resolve()
            await both.promise
            steps.push(name)
          },
        }),
        { process },
      )
    const { host } = makeHost([far('one'), far('two'), definePlugin({ name: 'near', start: () => void steps.push('near') })])
    await host.start()
    expect([steps[0], host.list().map(({ state }) => state)]).toEqual(['near', ['running', 'running', 'running']])
  })
})

describe('slots of a running host', () => {
  const cache = (name: string) =>
    definePlugin({
      name,
      provides: ['cache'],
      start: (ctx) =>
        ctx.provide('cache', { get: async () => new TextEncoder().encode(name), set: async () => {}, delete: async () => {}, clear: async () => {} }),
    })

  it('what ctx.use gave speaks to whoever fills the slot now', async () => {
    const user = probe('user', { requires: ['cache'] })
    const { host } = makeHost([cache('first'), user.plugin])
    await host.start()
    const kept = user.ctx().use('cache')
    expect(text(await kept.get('x'))).toBe('first')
    await host.disable('first', 'x')
    expect(await kept.get('x')).toBeUndefined()
    await host.add(entryOf(cache('second')))
    expect(text(await kept.get('x'))).toBe('second')
    const back = await host.enable('first')
    expect([back.state, back.lastError?.code]).toEqual(['failed', 'ERR_SLOT_CONFLICT'])
    expect(text(await kept.get('x'))).toBe('second')
  })

  it('permission stays closed while its plugin restarts or failed, and opens when it is disabled', async () => {
    const answers: unknown[] = []
    const gate = Promise.withResolvers<void>()
    let starts = 0
    const guard = definePlugin({
      name: 'guard',
      provides: ['permission'],
      async start(ctx) {
        if (++starts === 2) await gate.promise
        if (starts === 3) throw new Error('broken rules')
        ctx.provide('permission', { allows: () => 'refused' })
      },
    })
    const { host, services } = makeHost([guard])
    await host.start()
    const ask = async (): Promise<void> =>
      void answers.push(await services.permission.allows({ kind: 'peer', id: 'p' }, { action: 'stream.read', target: 'x' }))
    const restart = host.restart('guard')
    await waitFor('the second start', () => starts === 2)
    await ask()
    gate.resolve()
    await restart
    await ask()
    expect((await host.restart('guard')).state).toBe('failed')
    await ask()
    await host.disable('guard', 'x')
    await ask()
    expect(answers).toEqual([expect.stringMatching(/guard.*does not run/), 'refused', expect.stringMatching(/guard.*does not run/), true])
  })

  it('storage changes hands only with a start of the daemon; its own plugin may restart', async () => {
    const data = new Map<string, Uint8Array>()
    const storage = (name: string) =>
      definePlugin({
        name,
        provides: ['storage'],
        start: (ctx) =>
          ctx.provide('storage', {
            open: (space) => ({
              get: async (key) => data.get(`${space}/${key}`),
              set: async (key, value) => void data.set(`${space}/${key}`, value),
              delete: async (key) => void data.delete(key),
              clear: async () => data.clear(),
              entries: async function* () {
                yield* []
              },
            }),
          }),
      })
    const user = probe('user')
    const { host } = makeHost([storage('disk'), user.plugin])
    await host.start()
    await user.ctx().store.set('k', new Uint8Array([1]))
    await host.restart('disk')
    expect(await user.ctx().store.get('k')).toEqual(new Uint8Array([1]))
    await host.disable('disk', 'x')
    await expect(user.ctx().store.get('k')).rejects.toThrow(expect.objectContaining({ code: 'ERR_SLOT_EMPTY' }))
    expect(await host.add(entryOf(storage('other')))).toMatchObject({ state: 'disabled', reason: expect.stringMatching(/next start/) })
    expect((await host.enable('disk')).state).toBe('running')
    expect(await user.ctx().store.get('k')).toEqual(new Uint8Array([1]))
  })

  it('ends providers after those that need them, also when they were restarted', async () => {
    const downs: string[] = []
    const user = definePlugin({ name: 'user', requires: ['cache'], shutdown: () => void downs.push('user') })
    const { host } = makeHost([user, { ...entryOf({ ...cache('slot'), shutdown: () => void downs.push('slot') }) }])
    await host.start()
    await host.restart('slot')
    downs.length = 0
    await host.stop()
    expect(downs).toEqual(['user', 'slot'])
  })
})

describe('resolving anew', () => {
  it('reads a changed file again when it is asked to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-fresh-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const options = { builtIns: [], configDir: folder }
    for (const [file, write] of [
      ['a.mjs', (version: string) => `export default { name: 'a', info: { version: '${version}' } }`],
      ['b.cjs', (version: string) => `module.exports = { name: 'b', info: { version: '${version}' } }`],
    ] as const) {
      const load = async (fresh?: number) =>
        (await resolvePlugin({ name: 'a', use: `./${file}` }, { ...options, ...(fresh !== undefined && { fresh }) })).plugin?.info?.version
      writeFileSync(join(folder, file), write('1'))
      expect(await load()).toBe('1')
      writeFileSync(join(folder, file), write('2'))
      expect([await load(), await load(1)]).toEqual(['1', '2'])
    }
  })
})
