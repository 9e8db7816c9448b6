import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { localPermission } from '../../../../src/daemon/host/defaults/local-permission.js'
import { actionNames } from '../../../../src/plugins/rules/pattern.js'
import { problemText } from '../../../../src/plugins/rules/problem.js'
import { readRules } from '../../../../src/plugins/rules/read-rules.js'
import type { Principal } from '../../../../src/services.js'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8')
const files = [...page.matchAll(/<!-- rules -->\n\n```yaml\n([^`]*)```/g)].map((match) => match[1] ?? '')

it('the rules files of the documentation have no problems', () => {
  expect(files).toHaveLength(2)
  for (const file of files) expect(readRules(file, 'f').problems.map(problemText)).toEqual([])
})

it('the first one decides as a node without rules does', () => {
  const { rules } = readRules(files[0] ?? '', 'f')
  const permission = localPermission()
  const people: Principal[] = [
    { kind: 'owner', id: 'owner', local: true },
    { kind: 'owner', id: 'owner', local: true, address: '127.0.0.1' },
    { kind: 'peer', id: 'p' },
    { kind: 'client', id: 'ada', address: '192.0.2.1', local: false },
    { kind: 'client', id: 'anonymous', address: '192.0.2.1', local: false },
    { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true },
  ]
  const peers = { means: () => false, nameOf: () => undefined }
  for (const who of people)
    for (const action of actionNames) {
      const what = { action, target: 'x.y/z' }
      expect([who, action, rules?.decide(who, what, peers).allowed]).toEqual([who, action, permission.allows(who, what) === true])
    }
})
