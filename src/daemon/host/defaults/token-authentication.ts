/** The default of the `authentication` slot: the owner's bearer token. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Authentication, Credentials, Principal } from '../../../services.js'

/** Where the token comes from. */
export interface TokenAuthenticationOptions {
  /** The token as it is now; asked for each credential, so that a rotation counts at once. Empty = no token is right. */
  readonly token: () => string
}

/**
 * A right token is the owner, a wrong one is refused, credentials without a token are not its business (`null`). Users
 * of the unix socket are judged by the API, which knows the socket's mode.
 */
export function tokenAuthentication(options: TokenAuthenticationOptions): Authentication {
  return {
    async authenticate(credentials: Credentials): Promise<Principal | null | false> {
      const { token, address, local } = credentials
      if (token === undefined) return null
      const right = options.token()
      if (right === '' || !equal(token, right)) return false
      return { kind: 'owner', id: 'owner', ...(address !== undefined && { address }), ...(local !== undefined && { local }) }
    },
  }
}

/** Digests have one length, so that the comparison takes the same time for every guess. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
