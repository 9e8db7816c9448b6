import { expect, it } from 'vitest'
import { programKeys } from '../../../../../src/daemon/portable/native/program-keys.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

it("splits a section into the daemon's keys and the plugin's", async () => {
  const config = { greeting: 'moin', attach: true, callTimeout: 500, memoryLimit: 100 * 1024 * 1024 }
  expect(programKeys('p', config)).toEqual({ keys: { attach: true, callTimeout: 500, memoryLimit: 104_857_600 }, own: { greeting: 'moin' } })
  expect(programKeys('p', undefined)).toEqual({ keys: {}, own: undefined })
  for (const bad of [{ attach: 'yes' }, { callTimeout: 0 }, { callTimeout: 60_000 }, { memoryLimit: 5 }])
    expect([bad, await codeOf(() => programKeys('p', bad))]).toEqual([bad, 'ERR_PLUGIN_CONFIG'])
})
