/**
 * A liar on the network: announces nodes that there are not, over mDNS, from many addresses. Run in a host of a lab as
 * `tsx forger.ts '{"sources":[…],"count":5000,"rate":500,"victims":[…],"holes":[…]}'`; on SIGTERM, and not before `count`, it prints how many
 * went out, and ends.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import multicastDns from 'multicast-dns'
import { writeAnnouncement } from '../../src/daemon/swarm/announcement.js'

/** What a forger does. */
export interface Forgery {
  /** IPv4 addresses of its host, each a sender. */
  readonly sources: readonly string[]
  /** Announcements at least. */
  readonly count: number
  /** Announcements a second. */
  readonly rate: number
  /** Real peers for which it announces `holes`, in every tenth announcement; the others are of invented nodes. */
  readonly victims: readonly string[]
  /** Addresses at which nobody is. */
  readonly holes: readonly string[]
}

/** Invented nodes; they take turns, as making a key costs more than sending a packet. */
const invented = 1000

async function makePeers(count: number): Promise<string[]> {
  const peers: string[] = []
  while (peers.length < count) peers.push(peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString())
  return peers
}

async function run({ sources, count, rate, victims, holes }: Forgery): Promise<number> {
  // bound to one address, so that it is the sender's
  const senders = sources.map((address) => multicastDns({ interface: address, bind: address, loopback: false }))
  const peers = await makePeers(invented)
  const lies = holes.map((host) => `/ip4/${host}/tcp/4710`)
  const started = performance.now()
  let sent = 0
  let asked = false
  process.once('SIGTERM', () => {
    asked = true
  })
  while (!asked || sent < count) {
    const due = ((performance.now() - started) / 1000) * rate
    for (; sent < due; sent++) {
      const place = sent % sources.length
      const victim = sent % 10 === 0 ? victims[(sent / 10) % victims.length] : undefined
      const addresses = victim ? lies : [`/ip4/${sources[place]}/tcp/${1024 + sent}`]
      const records = writeAnnouncement({ peer: victim ?? peers[sent % peers.length] ?? '', name: `forged ${sent}`, addresses, gone: false })
      senders[place]?.respond({ answers: records as multicastDns.ResponseOutgoingPacket['answers'] })
    }
    await sleep(10)
  }
  await Promise.all(senders.map((sender) => new Promise<void>((resolve) => sender.destroy(() => resolve()))))
  return sent
}

console.log(JSON.stringify({ sent: await run(JSON.parse(process.argv[2] ?? '{}') as Forgery) }))
