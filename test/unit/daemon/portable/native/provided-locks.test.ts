import { expect, it } from 'vitest'
import { answerOf } from '../../../../../src/daemon/portable/native/codec.js'
import { portableTimes } from '../../../../../src/daemon/portable/native/limits.js'
import { ProvidedLocks } from '../../../../../src/daemon/portable/native/provided-locks.js'
import { ServiceCaller, type ServiceSession } from '../../../../../src/daemon/portable/native/service-caller.js'
import { delay } from '../../../../../src/daemon/util/wait.js'
import { waitFor } from '../../../../wait-for.js'

/** A process that grants every lock after some time, and notes what it is asked. */
function setUp(late: number): { readonly locks: ProvidedLocks; readonly asked: string[] } {
  const asked: string[] = []
  const session: ServiceSession = {
    async call({ service }) {
      const { method = '', arguments: values = [] } = { ...service }
      asked.push(`${method} ${Buffer.from(values)}`)
      if (method === 'get') await delay(late)
      return answerOf({ body: Buffer.from(method === 'get' ? '{"token":"t1"}' : 'null') })
    },
    notice: () => {},
    queues: { calls: 0, requests: 0, backlog: 0 },
  }
  const caller = new ServiceCaller({ plugin: 'granter', times: portableTimes, live: async () => session, now: () => session })
  return { locks: new ProvidedLocks(caller), asked }
}

it('a grant that comes just in time counts', async () => {
  const { locks, asked } = setUp(20)
  const lock = await locks.get('one', { timeout: 10 })
  expect(lock?.token).toBe('t1')
  await lock?.release()
  expect(asked).toEqual(['get ["one",10]', 'release ["one","t1"]'])
})

it('a grant that comes too late, or for one who has gone, is given back', async () => {
  const { locks, asked } = setUp(700)
  expect(await locks.get('one', { timeout: 10 })).toBeUndefined()
  const stop = new AbortController()
  const gone = locks.get('two', { signal: stop.signal })
  stop.abort(new Error('gone'))
  await expect(gone).rejects.toThrow('gone')
  await waitFor('both to be released', () => asked.filter((line) => line.startsWith('release')).length === 2)
})
