/** A program in a folder beside `shoal.yaml`, as a plugin of a whole daemon. */

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

const sdk = join(import.meta.dirname, '../../sdk/python')

describeWith(['python3'], 'a plugin in a folder', () => {
  const nodes = new Nodes()
  const folder = mkdtempSync(join(tmpdir(), 'shoal-portable-'))
  let node: TestNode

  const greet = async (): Promise<string | undefined> => {
    const { reply } = await node.client.call('send', { body: { peer: node.id, kind: 'py-hello.greet', body: 'Ada', wantReply: true } })
    return reply?.body
  }
  const stateOf = async (name: string) => (await node.client.call('plugins.info', { params: { name } })).plugin
  const processes = (): number[] => {
    try {
      return execFileSync('pgrep', ['-f', join(folder, 'hello', 'main.py')], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map(Number)
    } catch {
      return []
    }
  }

  beforeAll(async () => {
    const hello = join(folder, 'hello')
    cpSync(join(sdk, 'shoal_plugin'), join(hello, 'shoal_plugin'), { recursive: true })
    cpSync(join(sdk, 'examples/hello.py'), join(hello, 'main.py'))
    writeFileSync(join(hello, 'shoal-plugin.json'), JSON.stringify({ command: 'python3', args: [join(hello, 'main.py')], env: { PYTHONPATH: '.' } }))
    const faulty = { json: '{', keys: '{"command": "python3", "arg": []}', gone: '{"command": "./nothing"}', mute: '{"command": "true"}' }
    for (const [name, text] of Object.entries(faulty)) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'shoal-plugin.json'), text)
    }
    const sections = Object.keys(faulty).map((name) => `  ${name}: {use: ${join(folder, name)}}\n`)
    const off = `  off: {use: ${hello}, enabled: false}\n`
    node = await nodes.start('a', { yaml: `plugins:\n  py-hello: {use: ${hello}, greeting: moin}\n${sections.join('')}${off}` })
  })

  afterAll(async () => {
    await nodes.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  it('runs, answers payloads, and keeps what it knows when its process is killed', async () => {
    expect(await stateOf('py-hello')).toMatchObject({ state: 'running', kinds: ['py-hello.greet'] })
    expect(await greet()).toBe('moin Ada, for the 1. time')
    const [pid = 0] = processes()
    process.kill(pid, 'SIGKILL')
    await waitFor('the process to be there again', () => processes().some((each) => each !== pid))
    expect(await waitFor('an answer', greet)).toBe('moin Ada, for the 2. time')
  })

  it('that is wrong says why, and harms nobody', async () => {
    expect(await stateOf('json')).toMatchObject({ state: 'failed', error: expect.stringContaining('no JSON') })
    expect(await stateOf('keys')).toMatchObject({ state: 'failed', error: expect.stringContaining('shoal-plugin.json is wrong') })
    for (const name of ['gone', 'mute']) expect(await stateOf(name)).toMatchObject({ state: 'failed' })
    expect(await stateOf('off')).toMatchObject({ state: 'disabled' })
    expect((await stateOf('monitor')).state).toBe('running')
  })

  it('ends with the daemon', async () => {
    expect(processes().length).toBeGreaterThan(0)
    await nodes.stop(node)
    await waitFor('no process', () => processes().length === 0)
  })
})
