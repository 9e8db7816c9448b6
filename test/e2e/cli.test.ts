/** Every command, run for real: against two nodes that know each other, and where there is no daemon. */

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../../src/cli/program.js'
import { freePort } from '../free-port.js'
import { itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { CliNode, httpOf, pair, type Running, run, stackTrace } from './cli.js'

const hello = join(import.meta.dirname, '..', 'fixtures', 'hello.mjs')
const sample = 'file:///sample'

interface Rows {
  pulls: { path: string; state: string; url: string; onDemand: boolean }[]
  pushes: { id: string; path: string; state: string }[]
  streams: { path: string; local: boolean; framesIn: number; subscribers: number }[]
  peers: { id: string; name: string; connected: boolean }[]
}

/** Commands that answer once and change nothing, with the exit code where no daemon runs. */
const questions: readonly (readonly [line: string, offline: number])[] = [
  ['status', 4],
  ['tasks', 4],
  ['peers', 4],
  ['peers ls', 4],
  ['peers discovered', 4],
  ['peers forget attic --dry-run', 4],
  ['peers forget attic --cluster --dry-run', 4],
  ['peers forgotten', 4],
  ['peers blocked', 4],
  ['peers requests', 4],
  ['invites', 4],
  ['invites ls', 4],
  ['streams', 4],
  ['streams ls', 4],
  ['streams info live/cam', 4],
  ['pulls', 4],
  ['pulls ls', 4],
  ['pushes', 4],
  ['pushes ls', 4],
  ['msg conversations', 4],
  ['plugins', 4],
  ['plugins ls', 4],
  ['plugins info hello', 4],
  ['log tail', 4],
  ['log level', 4],
  ['log level swarm debug', 4],
  ['log level info', 4],
  ['log reopen', 4],
  ['wait --timeout 0.2', 7],
  ['config show', 0],
  ['config get http.port', 0],
  ['config sources', 0],
  ['config check', 0],
  ['config schema', 0],
  ['paths', 0],
  ['version', 0],
  ['doctor', 0],
  ['token show', 1],
  ['config secret', 0],
  ['completion bash', 0],
  ['completion zsh', 0],
  ['completion fish', 0],
]

/** Commands that act or go on; each has a test of its own, here or in the file named. */
const elsewhere =
  'start stop restart (cli-life) init (cli-life) demo (demo) help (cli-usage) join invite invites-rm peers-forget peers-rename peers-watch peers-pair peers-accept peers-reject (cli-pairing) streams-stop streams-watch pull pulls-rm push pushes-rm play send config-set token-rotate msg-send msg-history msg-read msg-rm msg-watch (cli-msg) peers-block peers-unblock (cli-trust) plugins-new plugins-test (cli-plugins-author) rules-ls rules-check rules-test (cli-rules) ' +
  'plugins-enable plugins-disable plugins-restart plugins-install plugins-remove plugins-verify plugins-validate plugins-pack plugins-export ' +
  'plugins-import plugins-call slots config-hash bench'

describe('the command line', () => {
  let kitchen: CliNode
  let attic: CliNode
  let atticRtmp: number
  const lists = <K extends keyof Rows>(node: CliNode, what: K): Promise<Rows[K]> => node.json<Rows>(what).then((rows) => rows[what])
  const framesOf = async (node: CliNode, path: string): Promise<number> =>
    (await lists(node, 'streams')).find((row) => row.path === path && row.local)?.framesIn ?? 0
  const errorOf = async (node: CliNode, ...args: string[]): Promise<{ code: number | null; error: string }> => {
    const { code, stdout } = await node.command(...args, '--json')
    return { code, error: (JSON.parse(stdout) as { error: { code: string } }).error.code }
  }

  beforeAll(async () => {
    atticRtmp = await freePort()
    kitchen = new CliNode('kitchen')
    kitchen.configure(`plugins:\n  hello: { use: ${hello}, greeting: moin, apiKey: never-shown-7 }\n`)
    attic = new CliNode('attic', { SHOAL_RTMP__PORT: String(atticRtmp) })
    await Promise.all([kitchen.start(), attic.start()])
    await pair(kitchen, attic)
    await kitchen.json('pull', sample, 'live/cam', '-d')
    await waitFor('frames of the sample', () => framesOf(kitchen, 'live/cam'))
  })
  afterAll(async () => {
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('has a test for every command of the program', () => {
    const leaves = (command: Command, path: string): string[] =>
      command.commands.length === 0 ? [path] : command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`.trim()))
    const asked = new Set(questions.map(([line]) => line))
    const untested = leaves(buildProgram({ code: 0 }), '').filter((leaf) => {
      if ([...asked].some((line) => line === leaf || line.startsWith(`${leaf} `))) return false
      return !elsewhere.split(' ').includes(leaf.replace(' ', '-'))
    })
    expect(untested).toEqual([])
  })

  it.each(questions)('shoal %s answers people and programs', async (line) => {
    const words = line.split(' ')
    const [plain, json] = await Promise.all([kitchen.command(...words), kitchen.command(...words, '--json')])
    expect(plain.code, plain.stderr).toBe(0)
    expect(plain.stdout.length).toBeGreaterThan(1)
    expect(plain.stdout).not.toMatch(/\[object|undefined|NaN|null/)
    expect(json.code).toBe(0)
    expect(json.stderr).toBe('')
    expect(json.stdout.trimEnd().split('\n')).toHaveLength(1)
    const answer = JSON.parse(json.stdout) as object
    if (line === 'config schema') expect(answer).toHaveProperty('properties.http')
    else if (line.startsWith('wait')) expect(answer).toMatchObject({ ready: true })
    else expect(answer).toMatchObject({ schema: 1 })
  })

  it('says what it needs where no daemon runs', async () => {
    const nobody = new CliNode('nobody')
    const ask = async ([line, code]: (typeof questions)[number]): Promise<void> => {
      const answer = await nobody.command(...line.split(' '), '--json')
      expect(answer.code, `${line}: ${answer.stdout}${answer.stderr}`).toBe(code)
      expect(answer.stdout + answer.stderr).not.toMatch(stackTrace)
      if (code === 4) expect(JSON.parse(answer.stdout)).toMatchObject({ error: { code: 'ERR_NOT_RUNNING' } })
    }
    for (let at = 0; at < questions.length; at += 4) await Promise.all(questions.slice(at, at + 4).map(ask))
    await nobody.dispose()
  })

  it('shows a state that changes line by line until Ctrl-C', async () => {
    const running = kitchen.spawn('status', '--watch', '--json')
    await waitFor('two answers', () => running.output.stdout.split('\n').length > 2)
    expect((await running.kill('SIGINT')).code).toBe(130)
    const [first] = running.output.stdout.split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ schema: 1, state: 'running' })
    expect(running.output.stderr).toBe('')
  })

  it('ends without a word when its reader has gone', async () => {
    const node = `${process.execPath} ${join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')}`
    for (const line of ['config sources', '--help', 'status --watch', 'play live/cam']) {
      const { code, stderr } = await run('bash', ['-c', `${node} ${line} | head -c 1 >/dev/null`], { env: kitchen.env }).ended
      expect(code, line).toBe(0)
      expect(stderr, line).toBe('')
    }
  })

  it('sends payloads and prints receipts, replies and every refusal', async () => {
    const receipt = await attic.json('send', 'kitchen', 'hello.greet', 'Ada')
    expect(receipt).toMatchObject({ schema: 1, kind: 'hello.greet' })
    expect(receipt).not.toHaveProperty('reply')
    expect((await attic.command('send', 'kitchen', 'hello.greet', 'Ada', '-r')).stdout).toBe('moin Ada, this is kitchen\n')
    expect((await attic.command('send', 'kitchen', 'hello.greet', 'QWRh', '-r', '--base64')).stdout).toBe('moin Ada, this is kitchen\n')
    const piped = await run(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), 'send', 'kitchen', 'hello.greet', '-', '-r'], {
      env: attic.env,
      input: 'Bob',
    }).ended
    expect(piped.stdout).toBe('moin Bob, this is kitchen\n')
    expect(await errorOf(attic, 'send', 'kitchen', 'hello.refuse')).toEqual({ code: 1, error: 'ERR_PAYLOAD_REJECTED' })
    expect(await errorOf(attic, 'send', 'kitchen', 'hello.never', '--timeout', '0.3')).toEqual({ code: 7, error: 'ERR_TIMEOUT' })
    expect(await errorOf(attic, 'send', 'kitchen', 'nobody.claims')).toEqual({ code: 6, error: 'ERR_KIND_UNCLAIMED' })
    expect(await errorOf(attic, 'send', 'cellar', 'hello.greet')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
    expect(await errorOf(attic, 'send', 'kitchen', 'café')).toEqual({ code: 2, error: 'ERR_KIND_INVALID' })
    expect(await errorOf(attic, 'send', 'kitchen', 'hello.greet', 'not base64', '--base64')).toEqual({ code: 2, error: 'ERR_REQUEST_INVALID' })
    const large = run(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), 'send', 'kitchen', 'hello.greet', '-', '--json'], {
      env: attic.env,
      input: Buffer.alloc(1_048_577),
    })
    expect((await large.ended).code).toBe(2)
    expect(large.output.stdout).toContain('ERR_PAYLOAD_TOO_LARGE')
  })

  it('renames a peer, and tells who watches', async () => {
    const watcher = kitchen.spawn('peers', 'watch', '--json')
    const plain = kitchen.spawn('peers', 'watch')
    await waitFor('a renaming that is seen', async () => {
      const name = `loft-${Date.now()}`
      expect(await kitchen.json('peers', 'rename', 'attic', name)).toMatchObject({ peer: { name } })
      await kitchen.json('peers', 'rename', name, 'attic')
      return watcher.output.stdout.includes('peer.renamed') && plain.output.stdout.includes('renamed attic')
    })
    await Promise.all([watcher.kill('SIGINT'), plain.kill('SIGINT')])
    for (const line of watcher.output.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('type')
    expect(await errorOf(kitchen, 'peers', 'rename', 'cellar', 'x')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
    expect(await errorOf(kitchen, 'peers', 'forget', 'cellar')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
  })

  it('pulls in the foreground until Ctrl-C, and tells who watches streams', async () => {
    const watcher = attic.spawn('streams', 'watch')
    const pull = attic.spawn('pull', 'shoal://kitchen/live/cam', 'copy')
    await waitFor('frames', () => framesOf(attic, 'copy'))
    expect((await lists(attic, 'pulls')).map(({ path }) => path)).toEqual(['copy'])
    const second = attic.spawn('pull', 'shoal://kitchen/live/cam', 'copy', '--json')
    await waitFor('figures of the second', () => second.output.stdout.includes('"stats"'))
    expect((await second.kill('SIGINT')).code).toBe(0)
    expect(await lists(attic, 'pulls'), 'it was not its own').toHaveLength(1)
    expect((await pull.kill('SIGINT')).code).toBe(0)
    expect(pull.output.stderr).toContain('Ctrl-C ends it')
    expect(await lists(attic, 'pulls')).toEqual([])
    await waitFor('the end', () => watcher.output.stdout.includes('unpublished copy'))
    expect(watcher.output.stdout).toContain('published copy')
    await watcher.kill('SIGINT')
    expect(await errorOf(attic, 'pull', 'bogus://x/y')).toEqual({ code: 2, error: 'ERR_SCHEME_UNKNOWN' })
    expect(await errorOf(attic, 'pull', 'kitchen')).toEqual({ code: 2, error: 'ERR_URL_INVALID' })
    expect(await errorOf(attic, 'pull', sample, '../etc')).toEqual({ code: 2, error: 'ERR_PATH_INVALID' })
  })

  it('pulls on demand: nothing runs until somebody reads', async () => {
    const made = await attic.json<{ pull: Rows['pulls'][number] }>('pull', 'shoal://kitchen/live/cam', 'lazy', '--on-demand', '--idle', '0.2')
    expect(made.pull).toMatchObject({ path: 'lazy', onDemand: true })
    expect(await framesOf(attic, 'lazy')).toBe(0)
    const file = join(attic.home, 'lazy.flv')
    const played = await attic.json<{ bytes: number }>('play', 'lazy', '-o', file, '--duration', '1')
    expect(played).toMatchObject({ schema: 1, path: 'lazy', file, bytes: statSync(file).size })
    expect(played.bytes).toBeGreaterThan(1000)
    await waitFor('the pull to stop', async () => !(await lists(attic, 'streams')).some(({ path, local }) => path === 'lazy' && local))
    expect((await lists(attic, 'pulls')).map(({ path }) => path)).toEqual(['lazy'])
    expect((await attic.command('pulls', 'rm', 'lazy')).stdout).toBe('ended lazy\n')
    expect(await errorOf(attic, 'pulls', 'rm', 'lazy')).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })
  })

  it('keeps a pull over a restart of the daemon', async () => {
    await attic.json('pull', 'shoal://kitchen/live/cam', 'kept', '-d')
    await attic.kill()
    await attic.start()
    await waitFor('frames of the kept pull', () => framesOf(attic, 'kept'))
    expect(await attic.json('pulls', 'rm', 'kept')).toMatchObject({ schema: 1, ok: true })
  })

  it('pushes to the RTMP of another node', async () => {
    const { push } = await kitchen.json<{ push: { id: string } }>('push', 'live/cam', `rtmp://127.0.0.1:${atticRtmp}/live/pushed`)
    await waitFor('frames of the push', () => framesOf(attic, 'live/pushed'))
    expect((await kitchen.command('pushes')).stdout).toContain(push.id)
    expect((await kitchen.command('pushes', 'rm', push.id)).stdout).toBe(`ended ${push.id}\n`)
    expect(await lists(kitchen, 'pushes')).toEqual([])
    await waitFor('the end of the push', async () => !(await lists(attic, 'streams')).some(({ path, local }) => path === 'live/pushed' && local))
    expect(await errorOf(kitchen, 'pushes', 'rm', push.id)).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })
  })

  itWith(['ffmpeg'], 'plays a path or a URL into a file and to standard output', async () => {
    const file = join(kitchen.home, 'out.flv')
    const written = await kitchen.command('play', 'live/cam', '-o', file, '--duration', '2')
    expect(written.stdout).toContain(file)
    const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0', file]).ended
    expect(probe.stdout.trim().split('\n').sort()).toEqual(['aac', 'h264,640'])
    rmSync(file)
    const played = run(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), 'play', 'shoal://kitchen/live/cam', '--duration', '1', '-q'], {
      env: attic.env,
    })
    expect((await played.ended).code).toBe(0)
    expect(played.output.stdout.startsWith('FLV')).toBe(true)
    expect(await lists(attic, 'pulls'), 'the pull ends with the player').toEqual([])
    const refused = await kitchen.command('play', 'live/cam', '-o', join(kitchen.home, 'no', 'such', 'folder'))
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--output')
  })

  it('stops a stream', async () => {
    const stopping = kitchen.spawn('pull', sample, 'live/short')
    await waitFor('frames', () => framesOf(kitchen, 'live/short'))
    expect((await kitchen.command('streams', 'stop', 'live/short', '--reason', 'enough')).stdout).toBe('stopped live/short\n')
    await stopping.kill('SIGINT')
    expect(await errorOf(kitchen, 'streams', 'stop', 'live/none')).toEqual({ code: 6, error: 'ERR_STREAM_NOT_FOUND' })
  })

  it('sets configuration: at once where it can, and says where a value comes from', async () => {
    expect(await kitchen.json('config', 'set', 'log.level', 'debug')).toMatchObject({ key: 'log.level', value: 'debug', restart: false })
    expect(await kitchen.json('log', 'level')).toMatchObject({ level: 'debug' })
    const later = await kitchen.command('config', 'set', 'streams.bufferTime', '20000')
    expect(later.stdout).toContain('shoal restart')
    const { sources } = await kitchen.json<{ sources: { key: string; layer: string }[] }>('config', 'sources')
    expect(sources).toContainEqual(expect.objectContaining({ key: 'log.level', value: 'debug', layer: 'runtime' }))
    expect(sources).toContainEqual(expect.objectContaining({ key: 'node.name', layer: 'environment', from: 'SHOAL_NODE__NAME' }))
    expect(sources).toContainEqual(expect.objectContaining({ key: 'plugins.hello.greeting', layer: 'file', line: 2 }))
    expect((await kitchen.command('config', 'set', 'log.level', 'loud')).code).toBe(2)
  })

  it('shows and follows the log', async () => {
    expect((await kitchen.json<{ lines: unknown[] }>('log', 'tail', '-n', '3')).lines).toHaveLength(3)
    const only = await kitchen.json<{ lines: { module: string; level: string }[] }>('log', 'tail', '--module', 'plugin:hello', '--level', 'info')
    expect(only.lines.map(({ module }) => module)).toEqual(['plugin:hello'])
    const follower = kitchen.spawn('log', 'tail', '-f', '-n', '1', '--json')
    await waitFor('a new line', async () => {
      await kitchen.command('log', 'reopen')
      return follower.output.stdout.trimEnd().split('\n').length > 2
    })
    expect((await follower.kill('SIGINT')).code).toBe(130)
    for (const line of follower.output.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('type')
    expect(await errorOf(kitchen, 'log', 'level', 'swrm', 'debug')).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })
  })

  it('rotates the token: the old one is refused at once', async () => {
    const base = await httpOf(kitchen)
    const status = async (token?: string): Promise<number> =>
      (await fetch(`${base}/api/status`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status
    const { token: old } = await kitchen.json<{ token: string }>('token', 'show')
    expect(await status(old)).toBe(200)
    expect(await status()).toBe(401)
    const { token: fresh } = await kitchen.json<{ token: string }>('token', 'rotate')
    expect(fresh).not.toBe(old)
    expect(await status(old)).toBe(401)
    expect(await status(fresh)).toBe(200)
    expect((await kitchen.command('token', 'show')).stdout).toBe(`${fresh}\n`)
  })

  it('completes in a real bash', async () => {
    const complete = (...words: string[]): Running => {
      const script = `eval "$("${process.execPath}" "${join(import.meta.dirname, '../../dist/cli/main.js')}" completion bash)"
        COMP_WORDS=(shoal ${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length}; _shoal; echo "\${COMPREPLY[*]}"`
      return run('bash', ['-c', script], { env: kitchen.env })
    }
    expect((await complete('pe').ended).stdout).toBe('peers\n')
    expect((await complete('peers', 'forge').ended).stdout).toBe('forget\n')
    expect((await complete('peers', 'forget', '--d').ended).stdout).toBe('--dry-run\n')
    expect((await complete('--json', 'config', 's').ended).stdout.trim().split(' ').sort()).toEqual(['schema', 'secret', 'set', 'show', 'sources'])
  })

  it('hands out, lists and withdraws tickets; a used one shows the code of both sides', async () => {
    const { id } = await kitchen.json<{ id: string }>('invite', '--expires', '60')
    expect((await kitchen.command('invites')).stdout).toContain(id)
    expect(await kitchen.json('invites', 'rm', id)).toMatchObject({ removed: true })
    expect(await errorOf(kitchen, 'invites', 'rm', id)).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })

    const cellar = new CliNode('cellar')
    try {
      await cellar.start()
      const waiting = kitchen.spawn('invite', '--wait')
      const ticket = await waitFor('the ticket', () => /^shoal1\S+(?=\n)/.exec(waiting.output.stdout)?.[0])
      expect(await errorOf(kitchen, 'join', ticket)).toEqual({ code: 1, error: 'ERR_PAIRING_FAILED' })
      expect(await errorOf(cellar, 'join', ticket.slice(0, -2))).toEqual({ code: 2, error: 'ERR_TICKET_INVALID' })
      const joined = await cellar.command('join', ticket)
      const code = /code +(\d{6})/.exec(joined.stdout)?.[1] ?? 'none'
      const { code: exit, stdout } = await waiting.ended
      expect(exit).toBe(0)
      expect(stdout).toContain('cellar joined')
      expect(stdout).toContain(code)
      // the ticket is used up, and another is out, so that strangers are heard at all
      await kitchen.json('invite')
      expect(await errorOf(attic, 'join', ticket)).toEqual({ code: 5, error: 'ERR_TICKET_REFUSED' })
      const known = async (): Promise<boolean> => (await lists(attic, 'peers')).some(({ name }) => name === 'cellar')
      await waitFor('the attic to be introduced to it', known)
      const report = await kitchen.command('peers', 'forget', 'cellar', '--cluster')
      expect(report.code).toBe(0)
      expect(report.stdout).toMatch(/forgot cellar[\s\S]*1 link and[\s\S]*hello: ok[\s\S]*in the cluster; told now: attic/)
      await waitFor('the attic to forget it', async () => !(await known()))
    } finally {
      await cellar.dispose()
    }
  })

  it('says that a peer is away', async () => {
    await kitchen.kill()
    await waitFor('the link to go', async () => !(await lists(attic, 'peers'))[0]?.connected)
    expect(await errorOf(attic, 'send', 'kitchen', 'hello.greet')).toEqual({ code: 1, error: 'ERR_PEER_UNREACHABLE' })
    expect((await attic.command('peers')).stdout).toContain('away')
  })
})
