/** Observations of the keys that the host has for every plugin: enabled, use, required. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { builtIns } from '../../../src/plugins/index.js'
import type { TestNode } from '../nodes.js'
import type { Bench, Observation } from './bench.js'

const rulesFile = join(import.meta.dirname, '..', '..', 'fixtures', 'rules.yaml')

/** Key → its observation. */
export function hostKeys(bench: Bench): Record<string, Observation> {
  const stateOf = async (node: TestNode, name: string) => (await node.client.call('plugins.info', { params: { name } })).plugin
  const replaced = (): Promise<TestNode> =>
    bench.node('replaced', async () => {
      const uses = builtIns().map(({ plugin: { name } }) => {
        const file = join(bench.nodes.folder, `own-${name}.mjs`)
        writeFileSync(file, `export default { name: '${name}', info: { version: '9.9.9' } }\n`)
        return [`plugins.${name}.use`, file] as const
      })
      return { flags: { 'rtmp.port': undefined, 'simple-tcp.enabled': true, 'rules.enabled': true, ...Object.fromEntries(uses) } }
    })
  const switched = (): Promise<TestNode> =>
    bench.node('switched', {
      flags: {
        'simple-tcp.port': 0,
        'rules.file': rulesFile,
        ...Object.fromEntries(builtIns().map(({ plugin, enabled }) => [`${plugin.name}.enabled`, !enabled])),
      },
    })
  const observations = builtIns().map(
    ({ plugin: { name }, enabled }): Record<string, Observation> => ({
      [`plugins.${name}.enabled`]: async () => {
        expect((await stateOf(await bench.plain(), name)).state).toBe(enabled ? 'running' : 'disabled')
        expect((await stateOf(await switched(), name)).state).toBe(enabled ? 'disabled' : 'running')
      },
      [`plugins.${name}.use`]: async () => expect(await stateOf(await replaced(), name)).toMatchObject({ state: 'running', version: '9.9.9' }),
      [`plugins.${name}.required`]: async () => {
        const flags = { [`plugins.${name}.use`]: './missing.mjs', [`plugins.${name}.enabled`]: true }
        const { daemon } = await bench.nodes.create('incomplete', { flags: { ...flags, [`plugins.${name}.required`]: true } })
        await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining(name) })
        const optional = await bench.nodes.start('optional', { flags })
        expect((await stateOf(optional, name)).state).toBe('failed')
        await bench.nodes.stop(optional)
      },
    }),
  )
  return Object.assign({}, ...observations) as Record<string, Observation>
}
