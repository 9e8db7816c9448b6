import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../../../e2e/cli.js'
import { waitFor } from '../../../wait-for.js'

it('a connection that was offered in vain keeps nothing alive', async () => {
  const offers = run(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '..', '..', '..', 'fixtures', 'webrtc-offers.ts')])
  await waitFor('the process to end', () => offers.child.exitCode !== null, 15_000).catch(() => offers.kill('SIGKILL'))
  expect(await offers.ended).toEqual({ code: 0, stdout: 'closed\n', stderr: '' })
})
