/** What every plugin has to do right, whatever it is for. */

import { resolveConfig } from '../daemon/host/validate.js'
import type { Plugin } from '../plugin.js'
import { type FakeContext, type FakeContextOptions, fakeContext, fakeNodeId } from './fake-context.js'
import { codeOf, type TestApi, withoutLeaks } from './test-api.js'

/** What to test. */
export interface PluginComplianceOptions extends FakeContextOptions {
  /** Makes the plugin, or gives the same one again. */
  readonly factory: () => Plugin
  /** More configurations that have to be refused. */
  readonly badConfigs?: readonly unknown[]
  /** Needed with `handlePayload`: a body it accepts, by kind. */
  readonly payloads?: Readonly<Record<string, Uint8Array>>
}

const garbage: readonly unknown[] = ['text', 7, true, [], { noSuchKey: 1 }]
const nothing = { tasks: [], registrations: 0, publications: 0, subscriptions: 0, listeners: 0 }

/** Runs the suite under `name`. */
export function pluginCompliance(api: TestApi, name: string, options: PluginComplianceOptions): void {
  const { describe } = api
  describe(`${name} as a plugin`, () => {
    configTests(api, options)
    lifeTests(api, options)
    callTests(api, options)
  })
}

function configTests({ it, expect }: TestApi, options: PluginComplianceOptions): void {
  const { factory, config, badConfigs = [] } = options
  it('keeps the contract of plugin objects', async () => {
    const plugin = factory()
    expect(await codeOf(() => fakeContext(plugin, options).stop())).toBeUndefined()
    expect(plugin.name).toMatch(/^[a-z][a-z0-9-]{0,39}$/)
    for (const kind of plugin.payloadKinds ?? []) expect(kind).toMatch(/^[\x20-\x7e]{1,255}$/)
  })

  it('has a configuration that is valid when nothing is set', async () => {
    if (config === undefined) expect(await codeOf(() => resolveConfig(factory(), undefined))).toBeUndefined()
    expect(await codeOf(() => resolveConfig(factory(), config))).toBeUndefined()
  })

  it('refuses a garbage configuration, if it has one at all', async () => {
    const plugin = factory()
    if (!plugin.config) return expect(resolveConfig(plugin, undefined)).toEqual({})
    for (const bad of [...garbage, ...badConfigs]) expect([bad, await codeOf(() => resolveConfig(plugin, bad))]).toEqual([bad, 'ERR_PLUGIN_CONFIG'])
  })
}

function lifeTests({ it, expect }: TestApi, options: PluginComplianceOptions): void {
  it('starts and stops twice, and leaves nothing', () =>
    withoutLeaks(async () => {
      const plugin = options.factory()
      for (let round = 0; round < 2; round++) {
        const fake = await fakeContext(plugin, options).start()
        expect(await fake.stop()).toEqual(nothing)
      }
    }))

  it('runs in several daemons of one process', async () => {
    const two = [fakeContext(options.factory(), options), fakeContext(options.factory(), options)]
    const started = await Promise.allSettled(two.map((fake) => fake.start()))
    const left = await Promise.allSettled(two.map((fake) => fake.stop()))
    expect(started.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(left).toEqual(two.map(() => ({ status: 'fulfilled', value: nothing })))
  })

  it('can be shut down before it was started', async () => {
    const fake = fakeContext(options.factory(), options)
    expect(await fake.stop()).toEqual(nothing)
  })

  it('stops at once when its signal aborts without a shutdown', async () => {
    const { shutdown: _, ...rest } = methodsOf(options.factory())
    const fake = await fakeContext(rest, options).start()
    expect((await fake.stop()).tasks).toEqual([])
  })
}

function callTests({ it, expect }: TestApi, options: PluginComplianceOptions): void {
  it('bears that a peer it never met is forgotten', async () => {
    await withRunning(options, async ({ plugin }) => {
      expect(await codeOf(() => plugin.onPeerForgotten?.('12D3KooWNobodyKnowsThisPeer'))).toBeUndefined()
    })
  })

  it('answers payloads with bytes or nothing, and survives bytes that mean nothing', async () => {
    await withRunning(options, async ({ plugin }) => {
      for (const kind of plugin.payloadKinds ?? []) {
        const good = options.payloads?.[kind]
        const reply: unknown = good && (await plugin.handlePayload?.(fakeNodeId, kind, good))
        expect(reply === undefined || reply instanceof Uint8Array).toBe(true)
        // a throw is a refusal, and fine; a hang fails the test by its own limit
        for (const body of [new Uint8Array(), new Uint8Array(1000).fill(255)]) await codeOf(() => plugin.handlePayload?.(fakeNodeId, kind, body))
      }
    })
  })
}

async function withRunning(options: PluginComplianceOptions, body: (fake: FakeContext) => Promise<void>): Promise<void> {
  const fake = await fakeContext(options.factory(), options).start()
  try {
    await body(fake)
  } finally {
    await fake.stop()
  }
}

/** The members of a plugin, also of a class instance. */
function methodsOf(plugin: Plugin): Plugin {
  return {
    name: plugin.name,
    ...(plugin.payloadKinds && { payloadKinds: plugin.payloadKinds }),
    ...(plugin.config && { config: plugin.config }),
    ...(plugin.provides && { provides: plugin.provides }),
    ...(plugin.requires && { requires: plugin.requires }),
    start: (ctx) => plugin.start?.(ctx),
    handlePayload: (src, kind, body) => plugin.handlePayload?.(src, kind, body),
    onPeerForgotten: (peer) => plugin.onPeerForgotten?.(peer),
    shutdown: () => plugin.shutdown?.(),
  }
}
