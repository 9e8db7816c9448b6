/** No secret of a session is seen where people look, and no file of a home is open to others. */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { CliNode, httpOf, mainFile, run } from './cli.js'

const hello = join(import.meta.dirname, '..', 'fixtures', 'hello.mjs')

/** Whatever must not be seen, by what it is. */
const secrets: Record<string, string> = {
  passphrase: 'opensesame-4711-passphrase',
  'plugin configuration': 'plugin-api-key-0815',
  'changed plugin configuration': 'plugin-api-key-changed-0816',
  'password in a URL': 'url-password-1138',
  'token in a query': 'query-token-2187',
  'stream key in a query': 'stream-key-3263827',
  'cluster secret': 'cluster-secret-of-the-fleet-94',
  'network key': '9a'.repeat(32),
}

describe('secrets', () => {
  let kitchen: CliNode
  let attic: CliNode
  let base: string
  const seen = new Map<string, string>()
  const look = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await kitchen.command(...args)
    seen.set(args.join(' '), stdout + stderr)
  }

  beforeAll(async () => {
    const rtmp = await freePort()
    kitchen = new CliNode('kitchen', { SHOAL_LOG__LEVEL: 'trace', SHOAL_RTMP__PORT: String(rtmp), SHOAL_PASSPHRASE: secrets['passphrase'] ?? '' })
    attic = new CliNode('attic', { SHOAL_LOG__LEVEL: 'trace' })
    const shared = `cluster: { secret: ${secrets['cluster secret']} }\nswarm: { networkKey: ${secrets['network key']} }\n`
    kitchen.configure(`plugins:\n  hello: { use: ${hello}, apiKey: ${secrets['plugin configuration']} }\n${shared}`)
    attic.configure(shared)
    await Promise.all([kitchen.start(), attic.start()])
    base = await httpOf(kitchen)
    const used = (await kitchen.json<{ ticket: string }>('invite')).ticket
    await attic.json('join', used)
    const unused = (await kitchen.json<{ ticket: string }>('invite')).ticket
    await attic.command('join', used)
    Object.assign(secrets, { 'used ticket': used.slice(-24), 'ticket that is out': unused.slice(-24) })

    const { token } = await kitchen.json<{ token: string }>('token', 'show')
    expect((await fetch(`${base}/api/status?token=${secrets['token in a query']}`, { headers: { authorization: `Bearer ${token}` } })).status).toBeLessThan(500)
    secrets['old token'] = token
    secrets['token'] = (await kitchen.json<{ token: string }>('token', 'rotate')).token
    await fetch(`${base}/api/status`, { headers: { authorization: `Bearer ${token}` } })

    // sources that refuse the connection, so that errors and retries speak of them
    await kitchen.json('pull', `rtmp://me:${secrets['password in a URL']}@127.0.0.1:1/live/a?token=${secrets['token in a query']}`, 'a', '-d')
    await kitchen.json('pull', 'file:///sample', 'live/clip', '-d')
    await kitchen.json('push', 'live/clip', `rtmp://127.0.0.1:${rtmp}/live/b?key=${secrets['stream key in a query']}&pass=${secrets['password in a URL']}`)
    await waitFor('the pushed stream', async () => (await kitchen.command('streams')).stdout.includes('live/b'))
    await look('config', 'set', 'plugins.hello.apiKey', secrets['changed plugin configuration'] ?? '')
  })
  afterAll(async () => {
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('are in no answer, no list, no log', async () => {
    for (const line of [
      'status',
      'config show',
      'config sources',
      'config get plugins.hello',
      'config get cluster.secret',
      'config get swarm.networkKey',
      'config check',
      'tasks',
      'doctor',
      'paths',
      'version',
    ]) {
      await look(...line.split(' '))
      await look(...line.split(' '), '--json')
    }
    for (const line of ['pulls', 'pushes', 'streams', 'streams info live/b', 'peers', 'invites', 'log tail -n 2000', 'plugins'])
      await look(...line.split(' '), '--json')
    for (const name of ['hello', 'rtmp', 'file', 'monitor', 'http-flv', 'simple-tcp']) await look('plugins', 'info', name)
    for (const path of ['/monitor/summary', '/monitor/events', '/http-flv/viewers', '/api/openapi.json', '/api/log?lines=2000']) {
      const answer = await fetch(base + path, { headers: { authorization: `Bearer ${secrets['token']}` } })
      seen.set(path, await answer.text())
    }
    seen.set('log of the kitchen', kitchen.log)
    seen.set('log of the attic', attic.log)
    for (const node of [kitchen, attic]) for (const file of filesOf(join(node.home, 'logs'))) seen.set(file, readFileSync(file, 'utf8'))

    // what was looked at is what should be: otherwise nothing would be found in nothing
    expect(seen.get('plugins info hello')).toContain('<hidden>')
    expect(seen.get('log of the kitchen')).toContain('"level":"debug"')
    expect(seen.get('pulls --json')).toContain('127.0.0.1:1/live/a')
    expect(seen.get('/monitor/events')).toContain('live/b')
    expect(kitchen.log).toContain('ECONNREFUSED 127.0.0.1:1')
    for (const [where, text] of seen) {
      const found = Object.entries(secrets).filter(([, secret]) => text.includes(secret))
      expect(
        found.map(([what]) => what),
        `in ${where}`,
      ).toEqual([])
    }
  })

  it('are in files that only their owner can open', () => {
    const wrong: string[] = []
    for (const path of pathsOf(kitchen.home)) {
      const stats = statSync(path)
      const mode = stats.mode & 0o777
      if (mode !== (stats.isDirectory() ? 0o700 : 0o600)) wrong.push(`${path} ${mode.toString(8)}`)
      expect(stats.uid).toBe(process.getuid?.())
    }
    expect(wrong).toEqual([])
    expect(statSync(join(kitchen.home, 'run', 'ctl.sock')).isSocket()).toBe(true)
  })

  it('stay closed however open the umask of the caller is', async () => {
    const open = new CliNode('open')
    try {
      const home = join(open.home, 'deep', 'home')
      mkdirSync(join(open.home, 'deep'))
      writeFileSync(join(open.home, 'umask.sh'), 'umask 000; exec "$@"\n')
      for (const line of ['init', 'start -d', 'stop']) {
        const { code, stderr } = await run('sh', [join(open.home, 'umask.sh'), process.execPath, mainFile, ...line.split(' '), '--home', home], {
          env: open.env,
        }).ended
        expect(code, stderr).toBe(0)
      }
      const wrong = pathsOf(home).filter((path) => (statSync(path).mode & 0o077) !== 0)
      expect(wrong).toEqual([])
    } finally {
      await open.dispose()
    }
  })
})

/** A folder with all that is in it. */
function pathsOf(folder: string): string[] {
  return [folder, ...readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name))]
}

function filesOf(folder: string): string[] {
  return pathsOf(folder).filter((path) => statSync(path).isFile())
}
