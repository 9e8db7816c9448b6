import { describe, expect, it } from 'vitest'
import { tokenAuthentication } from '../../../../../src/daemon/host/defaults/token-authentication.js'

describe('tokenAuthentication', () => {
  it('makes the owner of the right token, with what is known of the client', async () => {
    const authentication = tokenAuthentication({ token: () => 'right' })
    expect(await authentication.authenticate({ via: 'http', token: 'right' })).toEqual({ kind: 'owner', id: 'owner' })
    expect(await authentication.authenticate({ via: 'http', token: 'right', address: '127.0.0.1', local: true })).toEqual({
      kind: 'owner',
      id: 'owner',
      address: '127.0.0.1',
      local: true,
    })
  })

  it('refuses wrong tokens of any length', async () => {
    const authentication = tokenAuthentication({ token: () => 'right' })
    for (const token of ['', 'r', 'Right', 'right ', 'right\0', 'rightright', 'x'.repeat(100_000)])
      expect(await authentication.authenticate({ via: 'http', token })).toBe(false)
  })

  it('leaves credentials without a token alone', async () => {
    const authentication = tokenAuthentication({ token: () => 'right' })
    expect(await authentication.authenticate({ via: 'http' })).toBe(null)
    expect(await authentication.authenticate({ via: 'rtmp', user: 'a', password: 'right' })).toBe(null)
  })

  it('takes no token while there is none, and the new one after a rotation', async () => {
    let token = ''
    const authentication = tokenAuthentication({ token: () => token })
    expect(await authentication.authenticate({ via: 'http', token: '' })).toBe(false)
    token = 'one'
    expect(await authentication.authenticate({ via: 'http', token: 'one' })).toMatchObject({ kind: 'owner' })
    token = 'two'
    expect(await authentication.authenticate({ via: 'http', token: 'one' })).toBe(false)
  })
})
