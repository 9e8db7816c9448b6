/** `shoal plugins call` and the life of an eKuiper plugin that lies in `HOME/plugins`, through the real command line. */

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { CliNode, stackTrace } from './cli.js'

const fixture = join(import.meta.dirname, '../fixtures/ekuiper/python')
// names are fixed for the whole machine: another run must have others
const name = `ek-cli${process.pid}`
const [echo, fail] = ['echo', 'fail'].map((symbol) => `${symbol}__cli${process.pid}`) as [string, string]

describeWith(['python3', 'nngcat'], 'shoal plugins call', () => {
  let node: CliNode
  const pidOf = async (): Promise<number> => (await node.json<{ plugin: { process: { pid: number } } }>('plugins', 'info', name)).plugin.process.pid

  beforeAll(async () => {
    node = new CliNode('ek')
    const folder = join(node.home, 'plugins', name)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    cpSync(fixture, folder, { recursive: true })
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ version: 'v2', language: 'python', executable: 'main.py', functions: [echo, fail] }))
    await node.start()
  })

  afterAll(async () => {
    // so that its sockets go, too
    await node?.kill('SIGTERM')
    await node?.dispose()
    // the daemon that was killed had called it, the one after it had not
    rmSync(`/tmp/func_${fail}.ipc`, { force: true })
  })

  it('EK9 prints the result of a function, for people and for programs', async () => {
    expect((await node.command('plugins', 'call', name, echo, 'two words')).stdout).toBe('two words\n')
    expect(await node.json('plugins', 'call', name, echo, '{"a":[1]}')).toMatchObject({ schema: 1, result: { a: [1] }, took: expect.any(Number) })
    expect(await node.json('plugins', 'call', name, echo, '--validate')).toMatchObject({ result: { valid: false, reason: 'echo takes one argument' } })
  })

  it('says what is wrong, in the words of the plugin', async () => {
    const failed = await node.command('plugins', 'call', name, fail, 'it')
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('cannot do it')])
    const unknown = await node.command('plugins', 'call', name, 'none')
    expect([unknown.code, unknown.stderr]).toEqual([6, expect.stringContaining(`It has ${echo}, ${fail}.`)])
    expect((await node.command('plugins', 'call', name, echo, '--validate', '--aggregate')).code).toBe(2)
    expect(failed.stderr + unknown.stderr).not.toMatch(stackTrace)
  })

  it('EK19 the plugin ends with a daemon that is killed, and the next daemon runs it again', async () => {
    const pid = await pidOf()
    await node.kill('SIGKILL')
    await waitFor('the end of the plugin', () => {
      try {
        process.kill(pid, 0)
        return false
      } catch {
        return true
      }
    })
    await node.start()
    expect(await node.json('plugins', 'call', name, echo, '1')).toMatchObject({ result: 1 })
  })
})
