import { describe, expect, it } from 'vitest'
import { type LocalPermissionOptions, localPermission } from '../../../../../src/daemon/host/defaults/local-permission.js'
import type { Action, Principal } from '../../../../../src/services.js'

const owner: Principal = { kind: 'owner', id: 'owner' }
const peer: Principal = { kind: 'peer', id: '12D3KooWPeer' }
const local: Principal = { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true }
const known: Principal = { kind: 'client', id: 'ada', address: '192.0.2.1' }
const stranger: Principal = { kind: 'client', id: 'anonymous', address: '192.0.2.1', local: false }
const nameless: Principal = { kind: 'client', id: '' }

const all: readonly Action['action'][] = ['stream.read', 'stream.publish', 'payload.send', 'api.call']
const allowed = (who: Principal, options?: LocalPermissionOptions) =>
  all.filter((action) => localPermission(options).allows(who, { action, target: 'x' }) === true)

describe('localPermission', () => {
  const rows: [string, Principal, LocalPermissionOptions | undefined, Action['action'][]][] = [
    ['the owner', owner, undefined, [...all]],
    ['a peer', peer, undefined, ['stream.read', 'stream.publish', 'payload.send']],
    ['a client on this machine', local, undefined, ['stream.read', 'stream.publish']],
    ['a client that authenticated', known, undefined, ['stream.read', 'stream.publish']],
    ['a stranger', stranger, undefined, []],
    ['a client without a name', nameless, undefined, []],
    ['a stranger, read: anyone', stranger, { read: 'anyone' }, ['stream.read']],
    ['a stranger, publish: anyone', stranger, { publish: 'anyone' }, ['stream.publish']],
    ['a stranger, both', stranger, { read: 'anyone', publish: 'anyone' }, ['stream.read', 'stream.publish']],
    ['a peer, both', peer, { read: 'anyone', publish: 'anyone' }, ['stream.read', 'stream.publish', 'payload.send']],
  ]
  for (const [who, principal, options, expected] of rows) {
    it(`lets ${who} do: ${expected.join(', ') || 'nothing'}`, () => expect(allowed(principal, options)).toEqual(expected))
  }

  it('refuses with a sentence that names what to set', () => {
    expect(localPermission().allows(stranger, { action: 'stream.read', target: 'x' })).toMatch(/access\.read/)
    expect(localPermission().allows(stranger, { action: 'stream.publish', target: 'x' })).toMatch(/access\.publish/)
    expect(localPermission().allows(local, { action: 'api.call', target: 'x' })).toMatch(/owner/)
    const odd: unknown = { kind: 'god', id: 'x' }
    expect(localPermission().allows(odd as Principal, { action: 'stream.read', target: 'x' })).toBe(false)
  })
})
