/** Calls through a nats-server. Usage: payload-nats.ts PORT echo | payload-nats.ts PORT drive PLANS. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Copies, closedLoop, type Figures, type Plan } from './closed-loop.js'
import { NatsClient } from './nats-client.js'

const port = Number(process.argv[2])
const [role, plans = '[]'] = process.argv.slice(3)

async function requests(plan: Plan): Promise<Figures> {
  const client = await NatsClient.connect(port)
  const waiting = new Map<string, () => void>()
  let next = 1
  for (let i = 0; i < 64; i++) client.subscribe(`inbox.${i}`, () => waiting.get(`inbox.${i}`)?.())
  return await closedLoop(plan, (body) => {
    const inbox = `inbox.${next++ % 64}`
    return new Promise<void>((resolve) => {
      waiting.set(inbox, resolve)
      client.publish('echo', body, inbox)
    })
  })
}

async function publishes(plan: Plan): Promise<Figures> {
  const subject = `news.${Math.round(performance.now() * 1000)}`
  const copies = new Copies(plan.subscribers)
  for (let at = 0; at < plan.subscribers; at++) (await NatsClient.connect(port)).subscribe(subject, () => copies.received(at))
  const publisher = await NatsClient.connect(port)
  await sleep(200)
  return await closedLoop(plan, (body) => {
    publisher.publish(subject, body)
    return copies.expect()
  })
}

if (role === 'echo') {
  const client = await NatsClient.connect(port)
  client.subscribe('echo', (body, reply) => client.publish(reply, body))
  process.stdout.write('{"address":""}\n')
} else {
  for (const plan of JSON.parse(plans) as Plan[]) {
    process.stdout.write(`${JSON.stringify(await (plan.subscribers > 0 ? publishes(plan) : requests(plan)))}\n`)
  }
  process.exit(0)
}
