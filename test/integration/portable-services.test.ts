/** A program in a folder fills service slots of a whole daemon, is limited by its section, and is waited for where that says so. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

const root = join(import.meta.dirname, '../..')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }

describeWith(['python3'], 'a program that fills slots', () => {
  const nodes = new Nodes()
  const folder = mkdtempSync(join(tmpdir(), 'shoal-slots-'))
  const children: ChildProcess[] = []
  let node: TestNode

  function place(name: string, file: string, more: Readonly<Record<string, string>> = {}): string {
    const home = join(folder, name)
    mkdirSync(home)
    const path = join(root, 'test/fixtures/portable', file)
    writeFileSync(join(home, 'shoal-plugin.json'), JSON.stringify({ name, version: '1.0.0', command: 'python3', args: [path], env: { ...env, ...more } }))
    return home
  }
  const stateOf = async (name: string) => (await node.client.call('plugins.info', { params: { name } })).plugin

  beforeAll(async () => {
    const services = place('py-services', 'services.py', { SLOTS: 'authentication,permission,cache' })
    const greet = place('py-greet', 'greet.py')
    const wrong = place('py-uses', 'uses.py')
    const sections = [`py-services: {use: ${services}, callTimeout: 4000, memoryLimit: 1073741824}`, `py-greet: {use: ${greet}, attach: true}`]
    node = await nodes.start('a', { yaml: `plugins:\n  ${sections.join('\n  ')}\n  py-uses: {use: ${wrong}, callTimeout: 0}\n` })
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await nodes.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  it('decides who comes in, and what they may', async () => {
    const { host, port } = node.daemon.http ?? {}
    const url = `http://${host}:${port}/api/peers`
    const ask = async (token: string) => {
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
      return [response.status, await response.text()] as const
    }
    expect((await ask('nobody'))[0]).toBe(401)
    expect((await ask('token-of-ada'))[0]).toBe(403)
    const who = { kind: 'client', id: 'ada' } as const
    expect(await node.probe.ctx.use('permission').allows(who, { action: 'api.call', target: 'x' })).toBe('Only the owner may.')
    await node.probe.ctx.use('cache').set('k', Buffer.from('v'), 60_000)
    expect(Buffer.from((await node.probe.ctx.use('cache').get('k')) ?? []).toString()).toBe('v')
    expect(await stateOf('py-services')).toMatchObject({ state: 'running', provides: ['authentication', 'permission', 'cache'] })
  })

  it('with a wrong limit says so', async () => {
    expect(await stateOf('py-uses')).toMatchObject({ state: 'disabled', error: expect.stringContaining('callTimeout') })
  })

  it('is waited for without delaying anybody, and takes part when it comes', async () => {
    const socket = join(node.home, 'run', 'plugin-py-greet.sock')
    expect(await stateOf('py-greet')).toMatchObject({ state: 'running', process: { state: 'waiting' } })
    children.push(
      spawn('python3', [join(root, 'test/fixtures/portable/greet.py')], { env: { ...process.env, ...env, SHOAL_PLUGIN_SOCKET: socket }, stdio: 'ignore' }),
    )
    await waitFor('the program', async () => (await stateOf('py-greet')).process?.state === 'running')
    const { reply } = await node.client.call('send', { body: { peer: node.id, kind: 'py-greet.greet', body: 'Ada', wantReply: true } })
    expect(reply?.body).toBe('hello Ada')
  })
})
