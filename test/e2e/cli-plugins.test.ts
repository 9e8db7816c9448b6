/** `shoal plugins info|enable|disable|restart`, as a person uses them on a real node with a plugin in a folder of its home. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Output } from '../../src/daemon/api/table.js'
import { CliNode, stackTrace } from './cli.js'

const program = join(import.meta.dirname, '..', 'fixtures', 'portable', 'hello.mjs')

describe('shoal plugins', () => {
  let node: CliNode
  const info = async (name: string) => (await node.json<Output<'plugins.info'>>('plugins', 'info', name)).plugin
  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await node.command('plugins', ...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }
  const refusal = async (...args: string[]): Promise<{ code: number | null; error: string }> => {
    const { code, stdout, stderr } = await node.command('plugins', ...args, '--json')
    expect(stdout + stderr).not.toMatch(stackTrace)
    return { code, error: (JSON.parse(stdout) as { error: { code: string } }).error.code }
  }

  beforeAll(async () => {
    node = new CliNode('kitchen')
    const folder = join(node.home, 'plugins', 'hello')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'shoal-plugin.json'), JSON.stringify({ command: process.execPath, args: [program] }))
    await node.start()
  })
  afterAll(() => node.dispose())

  it('shows what a plugin is, does and uses', async () => {
    const { process, counters, tasks, source } = await info('hello')
    expect(process).toMatchObject({ state: 'running', restarts: 0, pid: expect.any(Number), cpu: expect.any(Number), queues: expect.any(Object) })
    expect([(process?.memory ?? 0) > 1e6, counters.errors, tasks.length > 0, source]).toEqual([true, 0, true, 'folder'])
    const text = await said('info', 'hello')
    expect(text).toMatch(/^process +running, pid \d+, 0 restarts, \d+\.\d s of processor time, [\d.]+ MB of memory$/m)
    expect(text).toMatch(/^waits +calls \d/m)
    expect(text).toMatch(/^counters +0 payloads, 0 errors, 0 timeouts, 0 dropped log lines$/m)
    expect((await info('rtmp')).process).toBeUndefined()
  })

  it('disables one and enables it again', async () => {
    expect(await said('disable', 'monitor')).toBe('monitor is disabled: It is disabled in the configuration.\n')
    // the list says what it is, not that the word before is true
    expect(await said('ls')).toMatch(/^monitor +disabled +0 +Counts streams/m)
    expect(await node.json('config', 'get', 'plugins.monitor.enabled')).toMatchObject({ value: false })
    expect(await said('enable', 'monitor')).toBe('monitor is running\n')
    expect(await node.json('config', 'get', 'plugins.monitor.enabled')).toMatchObject({ value: true, sources: [{ layer: 'default' }] })
    expect(await node.json('plugins', 'disable', 'hello', '--temporary')).toMatchObject({ schema: 1, plugin: { name: 'node-hello', state: 'disabled' } })
    expect(await node.json('config', 'get', 'plugins.hello.enabled')).toMatchObject({ value: true })
    expect(await said('info', 'hello')).toMatch(/^state +disabled: It is disabled until the next start of the daemon\.$/m)
    expect(await node.json('plugins', 'enable', 'hello', '--temporary')).toMatchObject({ plugin: { state: 'running' } })
  })

  it('restarts one with the configuration of now, which says what waits for that', async () => {
    const { stdout } = await node.command('config', 'set', 'plugins.monitor.history', '5')
    expect(stdout).toContain('shoal plugins restart monitor')
    expect(await said('info', 'monitor')).toMatch(/^needs restart +history \(shoal plugins restart monitor\)$/m)
    expect(await said('restart', 'monitor')).toBe('monitor is running\n')
    expect(await info('monitor')).toMatchObject({ needsRestart: [], config: { history: 5 } })
    const before = (await info('hello')).process?.pid
    expect(await node.json('plugins', 'restart', 'hello')).toMatchObject({ schema: 1, plugin: { state: 'running' } })
    expect((await info('hello')).process?.pid).not.toBe(before)
  })

  it('says what is wrong', async () => {
    expect(await refusal('restart', 'nobody')).toEqual({ code: 6, error: 'ERR_PLUGIN_UNKNOWN' })
    expect(await refusal('disable', 'nobody')).toEqual({ code: 6, error: 'ERR_PLUGIN_UNKNOWN' })
    expect((await node.command('plugins', 'enable')).code).toBe(2)
  })
})
