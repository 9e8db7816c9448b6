/** Observations of the keys that the host has for every plugin: enabled, use, required, startTimeout. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { builtIns } from '../../../src/plugins/index.js'
import type { TestNode } from '../nodes.js'
import type { Bench, Observation } from './bench.js'

const rulesFile = join(import.meta.dirname, '..', '..', 'fixtures', 'rules.yaml')

/** Those that can be switched all at once. */
const alone = builtIns().filter(({ plugin: { name, provides = [] } }) => provides.length === 0 || name === 'rules')

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
      const on = builtIns().map(({ plugin: { name } }) => [`plugins.${name}.enabled`, true] as const)
      return { flags: { 'rtmp.port': undefined, 'rtsp.port': undefined, ...Object.fromEntries([...on, ...uses]) } }
    })
  const hung = (): Promise<TestNode> =>
    bench.node('hung', async () => {
      const file = (name: string): string => {
        const path = join(bench.nodes.folder, `hung-${name}.mjs`)
        writeFileSync(path, `export default { name: '${name}', start: () => new Promise(() => {}) }\n`)
        return path
      }
      const keys = builtIns().flatMap(({ plugin: { name } }) => [
        [`plugins.${name}.enabled`, true],
        [`plugins.${name}.use`, file(name)],
        [`plugins.${name}.startTimeout`, 50],
      ])
      return { flags: { 'rtmp.port': undefined, ...Object.fromEntries(keys) } }
    })
  const missing = (): Promise<TestNode> =>
    bench.node('optional', {
      flags: Object.fromEntries(
        builtIns().flatMap(({ plugin: { name } }) => [
          [`plugins.${name}.use`, './missing.mjs'],
          [`plugins.${name}.enabled`, true],
        ]),
      ),
    })
  const switched = (): Promise<TestNode> =>
    bench.node('switched', {
      flags: {
        'simple-tcp.port': 0,
        'rules.file': rulesFile,
        ...Object.fromEntries(alone.map(({ plugin, enabled }) => [`${plugin.name}.enabled`, !enabled])),
      },
    })
  /** Several fill one slot, and some want a server: each is switched on for a moment, and need not get far. */
  const tried = async (name: string): Promise<string | undefined> => {
    const node = await bench.node('tried', { flags: { 'endpoint-websocket.port': 0 } })
    await node.client.call('config.set', { params: { key: `plugins.${name}.enabled` }, body: { value: true } })
    await node.client.call('plugins.restart', { params: { name } }).catch(() => {})
    const { error } = await stateOf(node, name)
    await node.client.call('plugins.disable', { params: { name } })
    return error
  }
  const observations = builtIns().map(
    ({ plugin: { name }, enabled }): Record<string, Observation> => ({
      [`plugins.${name}.enabled`]: async () => {
        const plain = await stateOf(await bench.plain(), name)
        expect(plain.state).toBe(enabled ? 'running' : 'disabled')
        if (!alone.some(({ plugin }) => plugin.name === name)) return expect(await tried(name)).not.toBe(plain.error)
        expect((await stateOf(await switched(), name)).state).toBe(enabled ? 'disabled' : 'running')
      },
      [`plugins.${name}.use`]: async () => expect(await stateOf(await replaced(), name)).toMatchObject({ state: 'running', version: '9.9.9' }),
      [`plugins.${name}.startTimeout`]: async () =>
        expect(await stateOf(await hung(), name)).toMatchObject({ state: 'failed', error: expect.stringMatching(/ did not finish within 0\.05 s\.$/) }),
      [`plugins.${name}.required`]: async () => {
        const flags = { [`plugins.${name}.use`]: './missing.mjs', [`plugins.${name}.enabled`]: true }
        const { daemon } = await bench.nodes.create('incomplete', { flags: { ...flags, [`plugins.${name}.required`]: true } })
        await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining(name) })
        expect((await stateOf(await missing(), name)).state).toBe('failed')
      },
    }),
  )
  return Object.assign({}, ...observations) as Record<string, Observation>
}
