import { describe, expect, it } from 'vitest'
import { decodeMember, encodeMember, type MemberBody, readMember } from '../../../../src/daemon/cluster/member-body.js'
import { recordLimits } from '../../../../src/daemon/cluster/record.js'
import { MemberBody as Wire } from '../../../../src/daemon/cluster/records.pb.js'
import { sign } from './sim-node.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const body: MemberBody = {
  name: 'küche',
  agent: 'shoal/0',
  addresses: ['/ip4/192.0.2.1/tcp/4710'],
  links: ['12D3KooWa'],
  instance: '0102030405060708',
  since: 1_800_000_000_000,
  features: ['x'],
  left: true,
}
const wire: Wire = { ...Wire.decode(encodeMember(body)) }
const many = (count: number): Uint8Array[] => Array.from({ length: count }, () => bytes('x'))

describe('a member body', () => {
  it('comes back as it was said', () => {
    expect(decodeMember(encodeMember(body))).toEqual(body)
  })

  it('leaves out what is over the limits', () => {
    const long = {
      ...body,
      name: 'n'.repeat(300),
      addresses: ['a'.repeat(300), ...Array.from({ length: 20 }, () => '/ip4/192.0.2.1/tcp/1')],
      links: Array.from({ length: 1100 }, (_, at) => `p${at}`),
    }
    expect(decodeMember(encodeMember(long))).toMatchObject({ name: 'n'.repeat(255), addresses: { length: 16 }, links: { length: 1024 } })
  })

  it.each([
    ['no name', { name: new Uint8Array() }],
    ['a name with control characters', { name: bytes('a\u001bb') }],
    ['an instance of 7 bytes', { instance: new Uint8Array(7) }],
    ['17 addresses', { addresses: many(17) }],
    ['1,025 links', { links: many(1025) }],
    ['65 features', { features: many(65) }],
    ['a link without a name', { links: [new Uint8Array()] }],
    ['an address that is not ASCII', { addresses: [bytes('ä')] }],
  ])('refuses %s', (_, parts) => {
    expect(() => decodeMember(Wire.encode({ ...wire, ...parts }))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('refuses nonsense and what is too large', () => {
    expect(() => decodeMember(Uint8Array.of(0xff))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
    expect(() => decodeMember(new Uint8Array(recordLimits.body + 1))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('is read once for each record, and is nothing where it makes no sense', () => {
    const record = sign({ author: 'a', epoch: 1, sequence: 1, slot: 'member', body: encodeMember(body) })
    expect(readMember(record)).toBe(readMember(record))
    expect(readMember(record)?.linked).toEqual(new Set(['12D3KooWa']))
    expect(readMember({ ...record, body: Uint8Array.of(0xff) })).toBeUndefined()
    expect(readMember(undefined)).toBeUndefined()
  })
})
