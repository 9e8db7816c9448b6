/** `shoal plugins new` and `shoal plugins test` as an author uses them. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { mainFile, run, stackTrace } from './cli.js'
import { linkModules } from './link-modules.js'

describe('shoal plugins new and test', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-author-'))
  const env = { SHOAL_HOME: join(folder, 'no-home'), NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' }
  const shoal = (...args: string[]) => run(process.execPath, [mainFile, 'plugins', ...args], { cwd: folder, env }).ended
  const test = (program: string, args: readonly string[], name: string) => spawnSync(program, args, { cwd: join(folder, name), encoding: 'utf8' })

  beforeAll(async () => {
    expect((await shoal('new', 'py-hello', '-l', 'python', '--json')).code).toBe(0)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('refuses what cannot be made, and says what can', async () => {
    const language = await shoal('new', 'x', '--language', 'cobol')
    expect(language).toMatchObject({ code: 2, stderr: expect.stringContaining('ts, python, go') })
    const [template, name, again, none] = await Promise.all([
      shoal('new', 'x', '-t', 'pusher'),
      shoal('new', 'X'),
      shoal('new', 'py-hello'),
      shoal('test', 'nowhere'),
    ])
    expect([template.code, name.code, again.code, none.code]).toEqual([2, 2, 2, 6])
    expect(again.stderr).toContain('not empty')
    for (const { stderr } of [language, template, name, again, none]) expect(stderr).not.toMatch(stackTrace)
  })

  itWith(['python3'], 'test exits 1 when a command fails, and prints JSON', async () => {
    const good = await shoal('test', 'py-hello', '--config', '{"greeting": "moin"}', '--run', 'payload py-hello.greet Ada', '--run', 'expect moin Ada')
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('reply   moin Ada') })
    const bad = await shoal('test', 'py-hello', '--json', '--run', 'payload nothing')
    expect(bad.code).toBe(1)
    const lines = bad.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string })
    expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining(['log', 'plugin', 'error', 'done']))
    expect(lines.find(({ type }) => type === 'error')).toMatchObject({ code: 'ERR_KIND_UNCLAIMED' })
  })

  itWith(['python3'], 'test takes commands from standard input, and a configuration from a file', async () => {
    writeFileSync(join(folder, 'config.yaml'), 'greeting: ahoy\n')
    const input = 'payload py-hello.greet Ada\nfrobnicate\nquit\npayload py-hello.greet Bob\n'
    const args = [mainFile, 'plugins', 'test', 'py-hello', '--config', 'config.yaml']
    const { code, stdout } = await run(process.execPath, args, { cwd: folder, env, input }).ended
    expect(code).toBe(1)
    expect(stdout).toContain('ahoy Ada')
    expect(stdout).not.toContain('Bob')
  })

  itWith(['python3'], 'test --compliance runs the suite', async () => {
    const { code, stdout } = await shoal('test', 'py-hello', '--compliance')
    expect(stdout).toContain('ok  starts and stops twice, and leaves nothing')
    expect(code).toBe(0)
  })

  itWith(['python3'], 'test --attach waits for a program that is started by hand', async () => {
    const bench = run(process.execPath, [mainFile, 'plugins', 'test', 'py-hello', '--attach', '--run', 'payload py-hello.greet Ada'], { cwd: folder, env })
    const line = await waitFor('the command', () => /cd .* && SHOAL_PLUGIN_SOCKET=.* python3 -m pdb plugin\.py/.exec(bench.output.stdout)?.[0])
    const program = run('sh', ['-c', line.replace(' -m pdb', '')], { env })
    expect(await bench.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('reply   hello Ada') })
    expect((await program.ended).code).toBe(0)
  })

  it('test plays with a plugin of eKuiper: functions, a source, a kill, and what goes wrong', async () => {
    const name = 'Odd_One'
    cpSync(join(import.meta.dirname, '../fixtures/ekuiper/odd'), join(folder, name), { recursive: true })
    mkdirSync(join(folder, name, 'sources'))
    writeFileSync(join(folder, name, 'sources', 'meta.yaml'), 'default: {}\n')
    writeFileSync(join(folder, name, `${name}.json`), JSON.stringify({ language: 'go', executable: 'odd.mjs', sources: ['meta'], functions: ['f'] }))
    const lines = ['call f [7]', 'source meta --seconds 1', 'kill', 'call f ["again"]', 'stop']
    const { code, stdout, stderr } = await shoal('test', name, '--config', '{"sockets":"own"}', ...lines.flatMap((line) => ['--run', line]))
    for (const text of ['[7,', '{"n":1}', 'ended (', '["again",', 'nothing was left behind']) expect(stdout).toContain(text)
    expect([code, stderr]).toEqual([0, ''])
    const wrong = await shoal('test', name, '--config', '{"sockets":"own"}', '--run', 'call g', '--run', 'source none', '--run', 'call f {')
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringMatching(/ERR_KIND_UNCLAIMED[\s\S]*has no source none[\s\S]*no JSON list/) })
    expect(await shoal('test', name, '--compliance')).toMatchObject({ code: 2, stderr: expect.stringContaining('not for plugins of eKuiper') })
  })

  it('a puller in TypeScript passes its tests', async () => {
    await shoal('new', 'ts-clock', '-l', 'ts', '-t', 'puller')
    linkModules(join(folder, 'ts-clock'))
    const { status, stdout, stderr } = test('npm', ['test'], 'ts-clock')
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
  })

  itWith(['go'], 'a puller in Go passes its tests, and is as gofmt has it', async () => {
    const { stdout } = await shoal('new', 'go-clock', '-l', 'go', '-t', 'puller')
    expect(stdout).toContain('go test ./...')
    const { status, stdout: out, stderr } = test('go', ['test', './...'], 'go-clock')
    expect({ status, output: status === 0 ? '' : out + stderr }).toEqual({ status: 0, output: '' })
    expect(test('gofmt', ['-l', 'main.go', 'main_test.go'], 'go-clock').stdout).toBe('')
    expect(readFileSync(join(folder, 'go-clock', 'shoal-plugin.json'), 'utf8')).toContain(`"${process.platform}-${process.arch}"`)
  })
})
