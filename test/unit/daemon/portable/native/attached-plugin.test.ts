/** Plugins whose program is started by a person, as far as the host is concerned. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PluginDescription } from '../../../../../src/daemon/portable/native/description.js'
import { attachPortable, describePortable, type PortablePlugin, portablePlugin } from '../../../../../src/daemon/portable/native/portable-plugin.js'
import { fakeContext, fakeNodeId } from '../../../../../src/testing/fake-context.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { describeWith } from '../../../../needs.js'
import { waitFor } from '../../../../wait-for.js'

const root = join(import.meta.dirname, '../../../../..')
const fixtures = join(root, 'test/fixtures/portable')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }
const program = { name: 'greet', command: 'python3', args: ['greet.py'], folder: fixtures, env }

describeWith(['python3'], 'an attached plugin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-attached-'))
  const socket = join(folder, 'greet.sock')
  const children: ChildProcess[] = []
  let description: PluginDescription

  const begin = (): ChildProcess => {
    const child = spawn('python3', ['greet.py'], { cwd: fixtures, env: { ...process.env, ...env, SHOAL_PLUGIN_SOCKET: socket }, stdio: 'ignore' })
    children.push(child)
    return child
  }
  const greet = async (plugin: PortablePlugin): Promise<string> => {
    const reply = await plugin.handlePayload?.(fakeNodeId, 'py-greet.greet', Buffer.from('Ada'))
    return Buffer.from(reply ?? []).toString()
  }

  beforeAll(async () => {
    description = await describePortable(program, { log: memoryLog() })
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  it('waits for its program, outlives it, and takes the next one', async () => {
    let waits = 0
    const times = { restart: 50, restarts: { exits: 1, window: 60_000, backoff: { min: 1, max: 1 } } }
    const plugin = portablePlugin({ program, description, times, attach: { socket, onWaiting: () => waits++ } })
    const fake = await fakeContext(plugin).start()
    await expect(greet(plugin)).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: `The plugin py-greet waits for its program at ${socket}.` })
    await waitFor('the socket', () => waits === 1)
    for (let round = 1; round <= 3; round++) {
      const child = begin()
      await waitFor('the program', () => plugin.status().state === 'running')
      expect(await greet(plugin)).toBe('hello Ada')
      child.kill('SIGKILL')
      await waitFor('to wait again', () => waits === round + 1)
    }
    const last = begin()
    await waitFor('the program', () => plugin.status().state === 'running')
    const gone = new Promise((resolve) => last.once('exit', resolve))
    expect((await fake.stop()).tasks).toEqual([])
    // told to stop, and not ended by force
    expect(await gone).toBe(0)
  })

  it('is found out about by the program that comes, which goes on', async () => {
    const waiting: string[] = []
    const attach = { socket, onWaiting: (at: string) => void waiting.push(at) }
    const coming = attachPortable({ name: 'mine', attach, log: memoryLog() })
    await waitFor('the socket', () => waiting.length > 0)
    begin()
    const plugin = await coming
    expect([plugin.name, waiting]).toEqual(['py-greet', [socket]])
    const fake = await fakeContext(plugin).start()
    expect(await greet(plugin)).toBe('hello Ada')
    await fake.stop()
  })

  it('is waited for no longer than one likes', async () => {
    const stop = new AbortController()
    const attach = { socket, onWaiting: () => stop.abort(new Error('enough')) }
    await expect(attachPortable({ name: 'mine', attach, log: memoryLog(), signal: stop.signal })).rejects.toThrow('enough')
  })

  it('does not start where nothing can listen', async () => {
    const plugin = portablePlugin({ program, description, attach: { socket: join(folder, 'x'.repeat(120)) } })
    await expect(fakeContext(plugin).start()).rejects.toMatchObject({ code: 'ERR_SOCKET_PATH_TOO_LONG' })
  })
})
