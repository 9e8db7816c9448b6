/** The tests of the Go SDK, which are written in Go. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { goBuildTimeout, goEnvironment } from '../../go-programs.js'
import { describeWith } from '../../needs.js'

const folder = join(import.meta.dirname, '../../../sdk/go')

/** What the program says; rejects with it when it fails. */
async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd: folder, env: goEnvironment })
  return stdout
}

describeWith(['go'], 'sdk/go', () => {
  it('passes its own tests', async () => expect(await run('go', 'test', './...')).toMatch(/^ok\s+shoal\/plugin\s/m), goBuildTimeout)
  it(
    'has nothing that go vet and gofmt would change',
    async () => expect((await run('go', 'vet', './...')) + (await run('gofmt', '-l', '.'))).toBe(''),
    goBuildTimeout,
  )
})
