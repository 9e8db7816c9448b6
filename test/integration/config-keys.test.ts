/** A configuration key without a test that observes it is a defect: each key of the schema is observed here, in whole daemons. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configSchema } from '../../src/daemon/config/config.js'
import { PluginSet } from '../../src/daemon/root/plugin-set.js'
import { freePort } from '../free-port.js'
import { accessKeys } from './keys/access-keys.js'
import { Bench, read } from './keys/bench.js'
import { coreKeys } from './keys/core-keys.js'
import { hostKeys } from './keys/host-keys.js'
import { pluginKeys } from './keys/plugin-keys.js'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

/** Every key below a schema: sections are walked, and so are the items of lists; free objects are one key. */
function keys({ properties, items }: Schema, path: string): string[] {
  if (properties) return Object.entries(properties).flatMap(([name, part]) => keys(part, path === '' ? name : `${path}.${name}`))
  return items?.properties ? [path, ...keys(items, `${path}[]`)] : [path]
}

const bench = new Bench()
const observations = { ...coreKeys(bench), ...pluginKeys(bench), ...accessKeys(bench), ...hostKeys(bench) }
const known = keys(configSchema(new PluginSet().known) as unknown as Schema, '')

afterAll(() => bench.dispose())

describe('the key', () => {
  for (const [key, observe] of Object.entries(observations)) it(`${key} has an effect`, observe)
})

it('every key of the schema is observed, and no other', () => {
  expect(Object.keys(observations).sort()).toEqual([...known].sort())
})

describe('a value', () => {
  it('from the environment and from a flag counts, the flag more', async () => {
    const [one, two, three] = [await freePort(), await freePort(), await freePort()]
    const env = { SHOAL_RTMP__PORT: `${one}`, SHOAL_HTTP__PORT: `${two}` }
    const node = await bench.node('layers', { env, flags: { 'rtmp.port': undefined, 'http.port': `${three}` } })
    expect((await read<{ port: number }>(node, '/rtmp/info')).port).toBe(one)
    expect(node.daemon.http?.port).toBe(three)
    const { sources } = await node.client.call('config.sources')
    expect(sources.find(({ key }) => key === 'plugins.rtmp.port')).toMatchObject({ layer: 'environment', from: 'SHOAL_RTMP__PORT', value: one })
    expect(sources.find(({ key }) => key === 'http.port')).toMatchObject({ layer: 'flag', from: '--set http.port', value: three })
  })

  it('that adds a plugin may stand in the environment or in a flag alone', async () => {
    const module = (name: string): string => {
      const file = join(bench.nodes.folder, `${name}.mjs`)
      writeFileSync(
        file,
        `let greeting\nexport default {\n  name: '${name}',\n  start: (ctx) => { ctx.http.route({ method: 'GET', path: '/', handler: () => ctx.config }) },\n}\n`,
      )
      return file
    }
    const env = { SHOAL_PLUGINS__FROM_ENV__USE: module('from-env'), SHOAL_FROM_ENV__GREETING: 'moin' }
    const node = await bench.node('adds', { env, flags: { 'plugins.by-flag.use': module('by-flag'), 'by-flag.greeting': 'servus' } })
    expect(await read(node, '/from-env/')).toEqual({ greeting: 'moin' })
    expect(await read(node, '/by-flag/')).toEqual({ greeting: 'servus' })
    // and so may a change while it runs, for the next start
    const change = await node.client.call('config.set', { params: { key: 'plugins.later.use' }, body: { value: module('later') } })
    expect(change).toMatchObject({ key: 'plugins.later.use', restart: true })
    await bench.nodes.stop(node)
    const again = await bench.nodes.start('adds', { home: node.home })
    const { plugins } = await again.client.call('plugins.list')
    expect(plugins.find(({ name }) => name === 'later')?.state).toBe('running')
    expect(plugins.some(({ name }) => name === 'by-flag')).toBe(false)
  })
})
