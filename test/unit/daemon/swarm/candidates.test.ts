import { describe, expect, it } from 'vitest'
import { type InterfaceAddress, Subnets } from '../../../../src/daemon/swarm/addresses.js'
import { Candidates, judgeAddresses } from '../../../../src/daemon/swarm/candidates.js'

const lan: InterfaceAddress[] = [
  { name: 'lo', address: '127.0.0.1', family: 4, cidr: '127.0.0.1/8', internal: true },
  { name: 'eth0', address: '192.168.1.2', family: 4, cidr: '192.168.1.2/24', internal: false },
  { name: 'eth0', address: 'fd00::2', family: 6, cidr: 'fd00::2/64', internal: false },
]
const subnets = new Subnets(lan)

function table(known: string[] = []): { candidates: Candidates; clock: { now: number } } {
  const clock = { now: 0 }
  return { candidates: new Candidates({ isKnown: (peer) => known.includes(peer), subnets: () => subnets, now: () => clock.now }), clock }
}

const at = (host: string): string => `/ip4/${host}/tcp/4710`

describe('judgeAddresses', () => {
  it('takes addresses of our networks and of the sender', () => {
    const all = [at('192.168.1.9'), '/ip6/fd00::9/tcp/4710', at('10.9.9.9'), at('10.1.1.1'), '/ip6/2001:db8::1/tcp/1', at('192.168.1.9')]
    expect(judgeAddresses(all, '10.9.9.9', subnets)).toEqual([at('192.168.1.9'), '/ip6/fd00::9/tcp/4710', at('10.9.9.9')])
  })

  it('takes loopback addresses from this host only', () => {
    const loopback = [at('127.0.0.1'), '/ip6/::1/tcp/4710']
    expect(judgeAddresses(loopback, '192.168.1.9', subnets)).toEqual([])
    expect(judgeAddresses(loopback, '127.0.0.1', subnets)).toEqual(loopback)
    expect(judgeAddresses(loopback, '192.168.1.2', subnets)).toEqual(loopback)
  })

  it.each([
    '',
    'rubbish',
    '/ip4/192.168.1.9',
    '/ip4/192.168.1.9/udp/4710',
    '/ip4/192.168.1.9/tcp/0',
    '/ip4/192.168.1.9/tcp/70000',
    '/ip4/192.168.1.999/tcp/1',
    '/dns4/evil.example/tcp/4710',
    '/ip4/0.0.0.0/tcp/4710',
    '/ip4/224.0.0.251/tcp/5353',
    '/ip4/255.255.255.255/tcp/1',
    '/ip6/fe80::1/tcp/4710',
    '/ip4/192.168.1.9/tcp/4710/http',
    '/ip4/192.168.1.9/tcp/4710/p2p/12D3KooWA1b2',
    `/unix/${'a'.repeat(300)}`,
  ])('refuses %s', (address) => {
    expect(judgeAddresses([address], '192.168.1.9', subnets)).toEqual([])
  })
})

describe('Candidates', () => {
  it('keeps 256 at most of 5,000 forged announcements, 16 of one source, and the trusted peer', () => {
    const { candidates } = table(['friend'])
    candidates.take({ peer: 'friend', addresses: [at('192.168.1.7')], gone: false }, '192.168.1.7')
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 5000; i++) {
      candidates.take({ peer: `forged${i}`, name: `forged ${i}`, addresses: [at(`192.168.1.${i % 250}`)], gone: false }, `192.168.1.${1 + (i % 200)}`)
    }
    expect(candidates.size).toBe(257)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * 1024 * 1024)
    const sources = candidates.list().map(({ source }) => source)
    for (const source of new Set(sources)) expect(sources.filter((other) => other === source).length).toBeLessThanOrEqual(16)
    expect(candidates.addressesOf('friend')).toEqual([at('192.168.1.7')])
    for (let i = 0; i < 100; i++) candidates.take({ peer: `one${i}`, addresses: [at('192.168.1.250')], gone: false }, '192.168.1.250')
    expect(candidates.list().filter(({ source }) => source === '192.168.1.250')).toHaveLength(16)
  })

  it('a forged source adds to what is said of a trusted peer, and replaces nothing', () => {
    const { candidates } = table(['friend'])
    candidates.take({ peer: 'friend', addresses: [at('192.168.1.7')], gone: false }, '192.168.1.7')
    candidates.take({ peer: 'friend', addresses: [at('192.168.1.66')], gone: false }, '192.168.1.66')
    expect(candidates.addressesOf('friend')).toEqual([at('192.168.1.66'), at('192.168.1.7')])
    candidates.take({ peer: 'friend', addresses: [], gone: true }, '192.168.1.66')
    expect(candidates.addressesOf('friend')).toEqual([at('192.168.1.7')])
    for (let i = 0; i < 20; i++) candidates.take({ peer: 'friend', addresses: [at(`192.168.1.${100 + i}`)], gone: false }, `192.168.1.${100 + i}`)
    expect(candidates.addressesOf('friend')).toHaveLength(4)
  })

  it('says what is news: first seen, other addresses, a return after silence', () => {
    const { candidates, clock } = table()
    const hear = (host = '192.168.1.7'): string | undefined => candidates.take({ peer: 'p', addresses: [at(host)], gone: false }, '192.168.1.7')
    expect(hear()).toBe('seen')
    expect(hear()).toBeUndefined()
    expect(hear('192.168.1.8')).toBe('updated')
    clock.now = 16_000
    expect(hear('192.168.1.8')).toBe('updated')
    clock.now += 121_000
    expect(candidates.list()).toEqual([])
    expect(hear()).toBe('seen')
    candidates.take({ peer: 'p', addresses: [], gone: true }, '192.168.1.7')
    expect(hear()).toBe('seen')
  })

  it('shows name, source and wall-clock time, and ignores those without a usable address', () => {
    const { candidates } = table()
    expect(candidates.take({ peer: 'p', addresses: [at('8.8.8.8')], gone: false }, '192.168.1.7')).toBeUndefined()
    candidates.take({ peer: 'p', name: 'attic', addresses: [at('192.168.1.7')], gone: false }, '192.168.1.7')
    expect(candidates.list()).toEqual([{ peer: 'p', name: 'attic', addresses: [at('192.168.1.7')], source: '192.168.1.7', seen: expect.any(Number) }])
  })
})
