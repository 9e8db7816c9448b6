import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanName, isPeerId, readAnnouncement, serviceTag, writeAnnouncement } from '../../../../src/daemon/swarm/announcement.js'

const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()

describe('announcement', () => {
  it('reads what it wrote', () => {
    const addresses = ['/ip4/192.168.1.5/tcp/4710', '/ip6/fd00::5/tcp/4710']
    expect(readAnnouncement(writeAnnouncement({ peer, name: 'kitchen', addresses, gone: false }))).toEqual({ peer, name: 'kitchen', addresses, gone: false })
    expect(readAnnouncement(writeAnnouncement({ peer, addresses: [], gone: true }))).toEqual({ peer, addresses: [], gone: true })
  })

  it('carries the tag of the cluster, and that requests to pair are taken', () => {
    const announcement = { peer, addresses: ['/ip4/192.168.1.5/tcp/4710'], tag: '0123456789abcdef', open: true as const, gone: false }
    expect(readAnnouncement(writeAnnouncement(announcement))).toEqual(announcement)
    const data = [`id=${peer}`, 's=0123456789ABCDEF', 's=0123', 'p=2'].map((text) => Buffer.from(text))
    expect(readAnnouncement([{ name: `x.${serviceTag}`, type: 'TXT', data }])).toEqual({ peer, addresses: [], gone: false })
  })

  it('keeps each string to 255 bytes and the addresses to eight', () => {
    const addresses = [`/dns4/${'x'.repeat(300)}/tcp/1`, ...Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i}/tcp/4710`)]
    const [, txt] = writeAnnouncement({ peer, name: 'n'.repeat(500), addresses, gone: false })
    for (const text of (txt?.data ?? []) as Buffer[]) expect(text.byteLength).toBeLessThanOrEqual(255)
    expect(readAnnouncement(writeAnnouncement({ peer, addresses, gone: false }))?.addresses).toHaveLength(7)
  })

  it('takes control and direction characters out of names', () => {
    expect(cleanName('\u001b[31mred\u202Etxt\r\n\u0000')).toBe('[31mredtxt')
    expect(cleanName('  Küche 1  ')).toBe('Küche 1')
    expect(cleanName('a'.repeat(200))).toHaveLength(64)
  })

  it.each([
    ['nothing', []],
    ['another service', [{ name: `x._http._tcp.local`, type: 'TXT', data: [Buffer.from(`id=${peer}`)] }]],
    ['no id', [{ name: `x.${serviceTag}`, type: 'TXT', data: [Buffer.from('a=/ip4/1.2.3.4/tcp/1')] }]],
    ['a false id', [{ name: `x.${serviceTag}`, type: 'TXT', data: [Buffer.from('id=12D3KooWnope')] }]],
    ['an id that is too long', [{ name: `x.${serviceTag}`, type: 'TXT', data: [Buffer.from(`id=${peer}x`)] }]],
    ['text that is no list', [{ name: `x.${serviceTag}`, type: 'TXT', data: Buffer.from(`id=${peer}`) }]],
    ['no data', [{ name: `x.${serviceTag}`, type: 'TXT' }]],
    ['a pointer only', [{ name: serviceTag, type: 'PTR', data: `${peer}.${serviceTag}` }]],
  ])('ignores %s', (_, answers) => {
    expect(readAnnouncement(answers)).toBeUndefined()
  })

  it('never throws, whatever the records hold', () => {
    const data = fc.oneof(fc.array(fc.uint8Array({ maxLength: 300 })), fc.anything())
    const record = fc.record({ name: fc.oneof(fc.constant(`x.${serviceTag}`), fc.string()), type: fc.oneof(fc.constant('TXT'), fc.string()), data })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (answers) => {
        const read = readAnnouncement(answers)
        expect(read === undefined || isPeerId(read.peer)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
