/** A program: TLS connections by the hundred that end at any moment, in any way. Argument: how many. Node itself must survive it. */

import '../../src/polyfill.js'
import { once } from 'node:events'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { SecuredConnection } from '@libp2p/interface'
import { Random } from '../faults/random.js'
import { type End, encrypter, plainPair } from '../tls-pair.js'

/** Pairs under way at a time. */
const atOnce = 32

const random = new Random()
const reason = new Error('ended on purpose')

/** Ways to end a connection, from above and from below. */
const ends: readonly ((end: End, secured: SecuredConnection | undefined) => unknown)[] = [
  ({ below }) => below.abort(reason),
  ({ below }) => below.close(),
  ({ below }) => below.socket.destroy(),
  ({ below }) => below.socket.resetAndDestroy(),
  ({ below }) => below.socket.destroySoon(),
  ({ below }, secured) => (secured?.connection ?? below).abort(reason),
  ({ below }, secured) => (secured?.connection ?? below).close(),
]

/** Ends a connection in a few ways, in the turn in which it is called and in those after it. */
async function finish(end: End, secured?: SecuredConnection): Promise<void> {
  for (let times = 1 + random.below(3); times > 0; times--) {
    // a close may wait for a far end that has stopped reading
    await Promise.race([Promise.resolve(random.pick(ends)(end, secured)).catch(() => {}), sleep(500)])
    if (random.below(2)) await turn()
  }
}

async function half(end: End, secure: () => Promise<SecuredConnection>): Promise<void> {
  // some are pushed out within the handshake
  if (random.below(4) === 0) void sleep(random.below(30)).then(() => finish(end))
  const secured = await secure().catch(() => undefined)
  if (!secured) return finish(end)
  secured.connection.addEventListener('message', () => random.below(8) || void finish(end, secured))
  // what is sent now is still to be written when the end comes
  for (let left = random.below(4); left > 0 && secured.connection.status === 'open'; left--) secured.connection.send(Buffer.alloc(random.below(200_000)))
  if (random.below(2)) await sleep(random.below(10))
  await finish(end, secured)
}

async function storm(): Promise<void> {
  const [one, two] = await plainPair()
  const closed = [one, two].map(({ below }) => once(below.socket, 'close'))
  await Promise.all([half(one, () => encrypter(one).secureOutbound(one.below)), half(two, () => encrypter(two).secureInbound(two.below))])
  for (const { below } of [one, two]) below.abort(reason)
  await Promise.all(closed)
}

/** The turn that learns that a handshake is done sends and cuts: this alone once ended Node 20 by SIGSEGV. */
async function cutAtOnce(inbound: boolean): Promise<void> {
  const [one, two] = await plainPair()
  const cut = ({ below }: End, { connection }: SecuredConnection): void => {
    connection.send(Buffer.alloc(100))
    below.abort(reason)
  }
  const [dialled, accepted] = [encrypter(one).secureOutbound(one.below), encrypter(two).secureInbound(two.below)]
  await Promise.allSettled([dialled, accepted, inbound ? accepted.then((secured) => cut(two, secured)) : dialled.then((secured) => cut(one, secured))])
  for (const { below } of [one, two]) below.abort(reason)
}

for (let times = 0; times < 4; times++) await cutAtOnce(times % 2 === 0)

const total = Number(process.argv[2])
let begun = 0
async function worker(): Promise<void> {
  while (begun++ < total) await storm()
}
await Promise.all(Array.from({ length: atOnce }, worker))
console.log(`seed ${random.seed}: ${total} whole`)
