import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeContext } from 'shoal/testing'
import plugin from './plugin.js'

test('it greets, and leaves nothing', async () => {
  const fake = await fakeContext(plugin(), { config: { greeting: 'moin' } }).start()
  const reply = await fake.plugin.handlePayload?.('12D3KooWAda', 'my-plugin.greet', new TextEncoder().encode('Ada'))
  assert.equal(new TextDecoder().decode(reply ?? new Uint8Array()), 'moin Ada')
  assert.deepEqual(await fake.stop(), { tasks: [], registrations: 0, publications: 0, subscriptions: 0, listeners: 0 })
})

test('it refuses a wrong configuration', () => {
  assert.throws(() => fakeContext(plugin(), { config: { greeting: 7 } }), { code: 'ERR_PLUGIN_CONFIG' })
})
