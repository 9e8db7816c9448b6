/**
 * Events from a client of one server of deepstream to subscribers at another. Usage: payload-deepstream.ts PACKAGE PORT_A PORT_B PLANS.
 * A request of ours has no likeness there but RPC; an event is cheaper, as nothing comes back, so that is what is compared.
 */

import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { Copies, closedLoop, type Figures, type Plan } from './closed-loop.js'

interface Client {
  login(): Promise<unknown>
  readonly event: { emit(name: string, data: string): void; subscribe(name: string, callback: () => void): void }
}

const [location = '', portA = '', portB = '', plans = '[]'] = process.argv.slice(2)
const { DeepstreamClient } = createRequire(import.meta.url)(location) as { DeepstreamClient: new (url: string) => Client }

async function login(port: string): Promise<Client> {
  const client = new DeepstreamClient(`ws://127.0.0.1:${port}/deepstream`)
  await client.login()
  return client
}

const publisher = await login(portA)
const subscribers: Client[] = []

async function measure(plan: Plan): Promise<Figures> {
  const count = Math.max(1, plan.subscribers)
  while (subscribers.length < count) subscribers.push(await login(portB))
  const subject = `news-${performance.now()}`
  const copies = new Copies(count)
  for (const [at, subscriber] of subscribers.slice(0, count).entries()) subscriber.event.subscribe(subject, () => copies.received(at))
  await sleep(500)
  // it has no binary payloads
  const text = 'x'.repeat(plan.size)
  return await closedLoop(plan, () => {
    publisher.event.emit(subject, text)
    return copies.expect()
  })
}

for (const plan of JSON.parse(plans) as Plan[]) process.stdout.write(`${JSON.stringify(await measure(plan))}\n`)
process.exit(0)
