import { describe, expect, it } from 'vitest'
import { PairRequests } from '../../../../src/daemon/keystore/pair-requests.js'
import { ShoalError } from '../../../../src/errors.js'

const request = (peer: string, change: object = {}) => ({
  peer,
  name: `node ${peer}`,
  address: `/ip4/10.0.0.${peer.length}/tcp/1`,
  code: '012345',
  asked: false,
  ...change,
})
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('PairRequests', () => {
  it('wait for a person, by name, id or its beginning', async () => {
    const requests = new PairRequests()
    const one = requests.add(request('12D3KooWaaaa'))
    expect(requests.list()).toMatchObject([{ peer: '12D3KooWaaaa', acceptedHere: false, acceptedThere: false }])
    one.acceptedThere()
    const { settled } = requests.accept('Node 12D3KooWAAAA', '012 345')
    expect(requests.list()).toMatchObject([{ acceptedHere: true, acceptedThere: true }])
    expect(await one.decision).toBe(true)
    one.end({ type: 'paired' })
    expect(await settled).toEqual({ type: 'paired' })
    expect(requests.list()).toEqual([])
    const two = requests.add(request('12D3KooWbbbb'))
    expect(requests.reject('12D3KooW').peer).toBe('12D3KooWbbbb')
    expect(await two.decision).toBe(false)
    two.end({ type: 'failed', error: new ShoalError('ERR_PAIRING_REJECTED') })
    expect(() => requests.accept('12D3KooW')).toThrow(code('ERR_NOT_FOUND'))
  })

  it('end when the other screen shows another code', async () => {
    const requests = new PairRequests()
    const { decision } = requests.add(request('a'))
    expect(() => requests.accept('a', '012346')).toThrow(code('ERR_PAIRING_REJECTED'))
    expect(await decision).toBe(false)
  })

  it('are few: four of others, two of one host, one of each peer; one that is over gives its place', () => {
    const requests = new PairRequests()
    const first = requests.add(request('a', { address: '/ip4/10.0.0.1/tcp/1' }))
    requests.add(request('b', { address: '/ip4/10.0.0.1/tcp/2' }))
    expect(() => requests.add(request('c', { address: '/ip4/10.0.0.1/tcp/3' }))).toThrow(code('ERR_LIMIT'))
    expect(() => requests.add(request('a', { address: '/ip4/10.0.0.9/tcp/3' }))).toThrow(code('ERR_LIMIT'))
    requests.add(request('c', { address: '/ip4/10.0.0.2/tcp/3' }))
    requests.add(request('d', { address: '/ip4/10.0.0.3/tcp/3' }))
    expect(() => requests.add(request('e', { address: '/ip4/10.0.0.4/tcp/3' }))).toThrow(code('ERR_LIMIT'))
    requests.add(request('f', { address: '/ip4/10.0.0.1/tcp/1', asked: true }))
    first.end({ type: 'failed', error: new ShoalError('ERR_TIMEOUT') })
    first.end({ type: 'paired' })
    requests.add(request('e', { address: '/ip4/10.0.0.4/tcp/3' }))
    expect(requests.list()).toHaveLength(5)
  })

  it('of the same name are told apart by their ids', () => {
    const requests = new PairRequests()
    requests.add(request('12D3KooWaaaa', { name: 'attic' }))
    requests.add(request('12D3KooWbbbb', { name: 'Attic', address: '/ip4/10.0.0.2/tcp/3' }))
    expect(() => requests.accept('attic')).toThrow(code('ERR_PEER_AMBIGUOUS'))
    expect(requests.accept('12D3KooWbb').peer).toBe('12D3KooWbbbb')
  })
})
