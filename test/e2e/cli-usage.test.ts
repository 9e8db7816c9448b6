/** Wrong command lines: a clear message, the exit code, nothing else. No daemon is needed for any of them. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CliNode, stackTrace } from './cli.js'

/** What was typed, the exit code, and what the message says. */
const wrong: readonly (readonly [line: string, code: number, message: RegExp])[] = [
  ['', 2, /^$/],
  ['strat', 2, /unknown command 'strat' \(Did you mean start\?\)/],
  ['pers', 2, /Did you mean peers\?/],
  ['Peers', 2, /Did you mean peers\?/],
  ['xyzzy', 2, /unknown command 'xyzzy'/],
  ['__proto__', 2, /unknown command/],
  ['constructor', 2, /unknown command/],
  ['--hom', 2, /Did you mean --home\?/],
  ['--home', 2, /argument missing/],
  ['-z', 2, /unknown option '-z'/],
  ['peers --jsn', 2, /Did you mean --json\?/],
  ['peers forgt', 2, /Did you mean forget\?/],
  ['peers ls now', 2, /too many arguments/],
  ['peers forget a b', 2, /too many arguments/],
  ['peers forget', 2, /missing required argument 'peer'/],
  ['peers forget a --dry-rum', 2, /Did you mean --dry-run\?/],
  ['peers rename a', 2, /missing required argument 'name'/],
  ['streams stpo', 2, /Did you mean stop\?/],
  ['streams info', 2, /missing required argument 'path'/],
  ['pulls rn x', 2, /Did you mean rm\?/],
  ['pulls rm', 2, /missing required argument/],
  ['pushes rm', 2, /missing required argument/],
  ['invites rm', 2, /missing required argument/],
  ['plugins inf', 2, /Did you mean info\?/],
  ['plugins info', 2, /missing required argument/],
  ['config', 2, /A command is missing/],
  ['config shwo', 2, /Did you mean show\?/],
  ['config get', 2, /missing required argument/],
  ['config set rtmp.port', 2, /missing required argument/],
  ['config set rtmp.port 99999', 2, /0 to 65535/],
  ['config set rtmp.prot 1', 2, /did you mean/],
  ['config set nowhere.port 1', 2, /nowhere/],
  ['config get nowhere.port', 6, /nowhere/],
  ['config check /nowhere/shoal.yaml', 2, /nowhere/],
  ['log', 2, /A command is missing/],
  ['log tial', 2, /Did you mean tail\?/],
  ['log level loud', 2, /no log level "loud"/],
  ['log tail --lines many', 2, /whole number/],
  ['log tail --lines -1', 2, /whole number/],
  ['log tail --since yesterday', 2, /takes seconds/],
  ['log tail -f --since 5', 2, /--follow/],
  ['token', 2, /A command is missing/],
  ['token shwo', 2, /Did you mean show\?/],
  ['start now', 2, /too many arguments/],
  ['start --set', 2, /argument missing/],
  ['start --set port', 2, /key=value/],
  ['start --set =1', 2, /key=value/],
  ['start --set nowhere.port=1', 2, /nowhere/],
  ['start --set http.port=many', 2, /0 to 65535/],
  ['start --passphrase-file /nowhere/secret', 5, /cannot be read/],
  ['stop --timeout soon', 2, /takes seconds/],
  ['restart --timeout soon', 2, /takes seconds/],
  ['wait --timeout -5', 2, /takes seconds/],
  ['wait --timeout', 2, /argument missing/],
  ['invite --expires never', 2, /takes seconds/],
  ['invite --expires 0.5', 2, /at least one second/],
  ['join', 2, /missing required argument 'ticket'/],
  ['pull', 2, /missing required argument 'url'/],
  ['pull rtmp://a/b --option broken', 2, /name=value/],
  ['pull rtmp://a/b --idle long', 2, /takes seconds/],
  ['push live/cam', 2, /missing required argument 'url'/],
  ['push live/cam rtmp://a/b --option broken', 2, /name=value/],
  ['play', 2, /missing required argument/],
  ['play live/cam --format ogg', 2, /no format "ogg"/],
  ['play live/cam --duration long', 2, /takes seconds/],
  ['send kitchen', 2, /missing required argument 'kind'/],
  ['send kitchen kind --timeout soon', 2, /takes seconds/],
  ['completion', 2, /missing required argument 'shell'/],
  ['completion tcsh', 2, /bash, zsh, fish/],
  ['completion __proto__', 2, /bash, zsh, fish/],
  ['help xyzzy', 2, /no command "xyzzy"/],
  ['help peers xyzzy', 2, /no command "peers xyzzy"/],
  ['demo --duration long', 2, /takes seconds/],
  ['demo --port many', 2, /0 to 65535/],
  ['token show', 1, /no token/],
  ['token rotate', 1, /no token/],
]

describe('wrong command lines', () => {
  let node: CliNode
  beforeAll(() => {
    node = new CliNode('nobody')
  })
  afterAll(() => node.dispose())

  it.concurrent.each(wrong)('shoal %s', async (line, code, message) => {
    const words = line === '' ? [] : line.split(' ')
    const plain = await node.command(...words)
    expect(plain.code, plain.stderr).toBe(code)
    expect(plain.stderr).toMatch(message)
    expect(`${plain.stdout}${plain.stderr}`).not.toMatch(stackTrace)
    if (line !== '') expect(plain.stdout).toBe('')
  })

  it('prints the same errors as JSON on standard output', async () => {
    for (const line of ['pers', 'peers forgt', 'config set rtmp.port 99999', 'start --set port']) {
      const { code, stdout, stderr } = await node.command(...line.split(' '), '--json')
      expect(code).toBe(2)
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: expect.stringMatching(/^ERR_(USAGE|CONFIG_INVALID)$/), message: expect.any(String) } })
    }
  })

  it('says where to read on: the help of the command that was meant', async () => {
    expect((await node.command('peers', 'forget')).stderr).toContain('shoal peers forget --help')
    expect((await node.command('peers', 'forgt')).stderr).toContain('shoal peers --help')
    expect((await node.command('pers')).stderr).toContain('shoal --help')
  })

  it('explains itself: help of every command, and the exit codes', async () => {
    const top = await node.command('--help')
    expect(top.code).toBe(0)
    expect(top.stdout).toContain('7  timeout')
    expect((await node.command('help', 'exit-codes')).stdout).toContain('3  already running')
    expect((await node.command('help', 'peers', 'forget')).stdout).toContain('--dry-run')
    expect((await node.command('peers', 'help')).stdout).toContain('discovered')
    expect((await node.command('start', '--help')).stdout).toContain('--detach')
  })
})
