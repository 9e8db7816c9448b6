import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Answers } from '../../../../src/plugins/permission-http/answers.js'
import { permissionHttp } from '../../../../src/plugins/permission-http/index.js'
import type { Action, Principal } from '../../../../src/services.js'
import { type FakeContext, fakeContext } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

let server: Server
let answer: (response: ServerResponse) => void
let asked = 0
const running: { stop(): Promise<unknown> }[] = []
const ann: Principal = { kind: 'client', id: 'ann' }
const read = (target: string): Action => ({ action: 'stream.read', target })

beforeAll(async () => {
  server = createServer((request, response) => {
    asked++
    request.resume()
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  asked = 0
})
afterAll(async () => {
  await Promise.all(running.map((context) => context.stop()))
  server.closeAllConnections()
  server.close()
})

const say =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(status).end(JSON.stringify(body))
async function permission(config: Record<string, unknown> = {}): Promise<FakeContext['services']['permission']> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const context = await fakeContext(permissionHttp(), { config: { url, ...config } }).start()
  running.push(context)
  return context.services.permission
}

describe('permission-http', () => {
  it('does as the service says', async () => {
    const slot = await permission()
    answer = say({ allow: true })
    expect(await slot.allows(ann, read('a'))).toBe(true)
    answer = say({ allow: false })
    expect(await slot.allows(ann, read('b'))).toBe(false)
    answer = say({ allow: false, reason: 'closed today' })
    expect(await slot.allows(ann, read('c'))).toBe('closed today')
  })

  it('refuses when there is no clear answer, and does not keep that', async () => {
    const slot = await permission({ timeout: 100, ttl: 60_000 })
    for (const odd of [say({}, 500), say({ allow: true }, 201), say({ allow: 'yes' }), say([]), () => {}]) {
      answer = odd
      expect(await slot.allows(ann, read('x'))).toMatch('could not be found out')
    }
    answer = say({ allow: true })
    expect(await slot.allows(ann, read('x'))).toBe(true)
    expect(asked).toBe(6)
  })

  it('asks once for one question, also while the answer is on its way', async () => {
    const slot = await permission({ ttl: 60_000 })
    answer = say({ allow: true })
    expect(await Promise.all([1, 2, 3].map(() => slot.allows(ann, read('same'))))).toEqual([true, true, true])
    expect(await slot.allows(ann, read('same'))).toBe(true)
    expect(asked).toBe(1)
    expect(await slot.allows({ ...ann, id: 'bob' }, read('same'))).toBe(true)
    expect(asked).toBe(2)
    const forgetful = await permission({ ttl: 0 })
    for (const _ of [1, 2]) await forgetful.allows(ann, read('same'))
    expect(asked).toBe(4)
  })

  it('refuses when too many questions are under way', async () => {
    const slot = await permission({ concurrent: 1 })
    const waiting: ServerResponse[] = []
    answer = (response) => void waiting.push(response)
    const first = slot.allows(ann, read('first'))
    await waitFor('the question', () => asked === 1)
    expect(await slot.allows(ann, read('second'))).toMatch('could not be found out')
    for (const response of waiting) say({ allow: true })(response)
    expect(await first).toBe(true)
  })

  it('lets the owner at the socket go on without asking, and no other owner', async () => {
    const slot = await permission()
    answer = say({ allow: false })
    expect(await slot.allows({ kind: 'owner', id: 'owner', local: true }, { action: 'api.call', target: 'stop' })).toBe(true)
    expect(await slot.allows({ kind: 'owner', id: 'owner', local: true, address: '127.0.0.1' }, { action: 'api.call', target: 'stop' })).toBe(false)
  })

  it('has what runs asked for again where that was configured', async () => {
    const slot = await permission({ recheck: 20 })
    const stop = new AbortController()
    let changes = 0
    const listening = (async () => {
      for await (const _ of slot.changes(stop.signal)) changes++
    })()
    await waitFor('changes', () => changes >= 2)
    stop.abort()
    await listening
  })
})

describe('answers', () => {
  it('are kept for their time, and the oldest go when there are too many', () => {
    let now = 0
    const answers = new Answers(2, () => now)
    for (const key of ['a', 'b', 'c']) answers.set(key, true, 10)
    expect(['a', 'b', 'c'].map((key) => answers.get(key))).toEqual([undefined, true, true])
    now = 10
    expect(answers.get('b')).toBeUndefined()
    answers.set('d', false, 0)
    expect(answers.get('d')).toBeUndefined()
  })
})
