/** `shoal rules` as a person uses it: write a file, have it checked, switch the plugin on, ask what it decides. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode, pair, stackTrace } from './cli.js'

const rules = `stream.read:
  "*": true
  secret/*: [owner]
stream.publish: {"*": true}
payload.send:
  "*": {allow: ["*"], deny: [peer:cellar]}
api.call: {"*": [owner]}
`

describe('shoal rules', () => {
  let kitchen: CliNode
  let attic: CliNode
  const file = (): string => join(kitchen.home, 'rules.yaml')

  beforeAll(async () => {
    kitchen = new CliNode('kitchen', { SHOAL_RULES__ENABLED: 'true' })
    attic = new CliNode('attic')
    writeFileSync(file(), rules)
    await Promise.all([kitchen.start(), attic.start()])
    await pair(kitchen, attic)
  })

  afterAll(async () => {
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('shows the rules that hold', async () => {
    for (const words of [['rules'], ['rules', 'ls']]) {
      const { code, stdout } = await kitchen.command(...words)
      expect(code).toBe(0)
      expect(stdout).toContain('secret/*: [owner]')
      expect(stdout).toContain(file())
      expect(stdout).toContain('warning: no trusted peer is called cellar')
    }
    expect(await kitchen.json('rules')).toMatchObject({ schema: 1, file: file(), problems: [], unknownPeers: ['cellar'] })
  })

  it('checks a file, also where no daemon runs', async () => {
    expect(await kitchen.json('rules', 'check')).toMatchObject({ schema: 1, file: file(), rules: 5, warnings: [expect.stringContaining('cellar')] })
    const other = join(attic.home, 'other.yaml')
    writeFileSync(other, 'stream.read:\n  "*": maybe\n  live/*: [ownr]\n')
    const { code, stderr } = await attic.command('rules', 'check', other)
    expect(code).toBe(2)
    expect(stderr).toContain(`${other}:2:8: stream.read *: must be true, false`)
    expect(stderr).toContain(`${other}:3:12: stream.read live/*: "ownr" is no subject; did you mean owner?`)
    expect(stderr).not.toMatch(stackTrace)
    const nobody = new CliNode('nobody')
    expect((await nobody.command('rules', 'check', file())).stdout).toContain('5 rules, no problems')
    expect(JSON.parse((await nobody.command('rules', 'check', '--json')).stdout)).toMatchObject({ error: { code: 'ERR_RULES_INVALID' } })
    expect((await nobody.command('rules')).code).toBe(4)
    await nobody.dispose()
  })

  it('tells which rule decides', async () => {
    const yes = await kitchen.command('rules', 'test', 'peer:attic', 'stream.read', 'live/cam')
    expect(yes).toMatchObject({ code: 0, stdout: `allowed by ${file()}:2: stream.read: "*": true\n` })
    const no = await kitchen.command('rules', 'test', 'peer:attic', 'stream.read', 'secret/cam')
    expect(no).toMatchObject({ code: 5, stdout: `refused by ${file()}:3: stream.read: secret/*: [owner]\n` })
    expect(JSON.parse((await kitchen.command('rules', 'test', 'client:local', 'api.call', 'stop', '--json')).stdout)).toMatchObject({
      schema: 1,
      allowed: false,
      rule: { section: 'api.call', pattern: '*', line: 7 },
    })
    expect((await kitchen.command('rules', 'test', 'peer:cellar', 'stream.read', 'x')).code).toBe(6)
    expect((await kitchen.command('rules', 'test', 'attic', 'stream.read', 'x')).code).toBe(2)
    expect((await kitchen.command('rules', 'test', 'owner', 'stream.red', 'x')).stderr).toContain('did you mean stream.read?')
  })

  it('shows a file that became wrong, and that the old rules go on', async () => {
    writeFileSync(file(), 'stream.read: {"*": maybe}\n')
    await waitFor('the problem', async () => (await kitchen.command('rules')).stdout.includes('these rules are from before it was changed'))
    expect((await kitchen.command('rules', 'test', 'peer:attic', 'stream.read', 'secret/cam')).code).toBe(5)
    writeFileSync(file(), rules)
  })

  it('says what to do where the plugin does not run', async () => {
    const { code, stderr } = await attic.command('rules')
    expect(code).toBe(6)
    expect(stderr).toContain('plugins.rules.enabled true')
  })
})
