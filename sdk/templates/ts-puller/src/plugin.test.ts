import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeContext, fakePullJob } from 'shoal/testing'
import plugin from './plugin.js'

async function pull(url: string) {
  const fake = await fakeContext(plugin()).start()
  const job = fakePullJob(url)
  try {
    for (const factory of fake.pullers) await factory.pull(job)
    return job.streams.publications[0]?.frames.map(({ timestamp }) => timestamp)
  } finally {
    await job.end()
    await fake.stop()
  }
}

test('it makes frames until the source ends', async () => {
  assert.deepEqual(await pull('my-plugin://clock/lab/clock?rate=100&frames=3'), [0, 10_000, 20_000])
})

test('a source that is not there is an error', async () => {
  await assert.rejects(pull('my-plugin://nothing/lab/clock'), /no source called nothing/)
})
