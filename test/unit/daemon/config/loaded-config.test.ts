import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../../../src/daemon/config/config.js'

const schema = { type: 'object', properties: { port: { type: 'integer', default: 7 } } }

async function loaded(yaml = '', names: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'shoal.yaml')
  writeFileSync(file, yaml)
  return await loadConfig({ file, folder: join(folder, 'shoal.d'), pluginSchemas: Object.fromEntries(names.map((name) => [name, undefined])) })
}

describe('plugins that come while the daemon runs', () => {
  it('have a section that can be set, with the defaults of their schema', async () => {
    const config = await loaded()
    await expect(config.setRuntime('plugins.hello.port', 1)).rejects.toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }))
    config.learn('hello', schema)
    expect(config.config.plugins['hello']).toEqual({ enabled: true, required: false, port: 7 })
    await config.setRuntime('plugins.hello.port', '8')
    expect(config.get('plugins.hello.port')).toMatchObject({ value: 8, sources: [{ layer: 'runtime' }] })
    await expect(config.setRuntime('plugins.hello.port', 'x')).rejects.toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }))
    await config.setRuntime('plugins.hello', undefined)
    config.forget('hello')
    expect(config.config.plugins['hello']).toBeUndefined()
  })

  it('do not stand in the way of other keys where their section is wrong', async () => {
    const config = await loaded('plugins:\n  hello:\n    port: many\n', ['hello'])
    config.learn('hello', schema)
    expect(config.config.plugins['hello']?.['port']).toBe('many')
    await config.setRuntime('log.level', 'warn')
    config.forget('hello')
    await config.setRuntime('log.level', 'info')
    expect(config.config.log.level).toBe('info')
  })
})
