/** Who an RTSP client is and what it may do. */

import { ShoalError } from '../../errors.js'
import { parseBasic } from '../../media/rtsp/authorization.js'
import { headerOf, type RtspRequest } from '../../media/rtsp/message.js'
import type { PluginContext } from '../../plugin.js'
import type { Action, Principal } from '../../services.js'

/** Credentials a client showed. */
export interface Shown {
  readonly token?: string
  readonly user?: string
  readonly password?: string
}

/** What a request names: a stream path, written the one way permissions are asked for. Throws `ERR_URL_INVALID`. */
export function pathOf(uri: string): string {
  try {
    return decodeURIComponent(urlOf(uri).pathname).split('/').filter(Boolean).join('/').normalize('NFC')
  } catch (error) {
    throw new ShoalError('ERR_URL_INVALID', 'A request without an address that can be read.', { cause: error })
  }
}

/** The credentials of a request: Basic, or `?token=…` or `?user=…&pass=…` in its address. */
export function shownBy({ uri, headers }: RtspRequest): Shown {
  const login = parseBasic(headerOf(headers, 'authorization') ?? '')
  if (login) return login
  const query = urlOf(uri).searchParams
  const token = query.get('token')
  const user = query.get('user')
  const password = query.get('pass') ?? query.get('password')
  return { ...(token !== null && { token }), ...(user !== null && { user }), ...(password !== null && { password }) }
}

function urlOf(uri: string): URL {
  try {
    return new URL(uri)
  } catch {
    throw new ShoalError('ERR_URL_INVALID', 'A request without an address.')
  }
}

/** Where a client is. */
export function placeOf(remote: string): { readonly address: string; readonly local: boolean } {
  const address = remote.startsWith('::ffff:') ? remote.slice(7) : remote
  return { address, local: address === '::1' || address.startsWith('127.') }
}

/** Asks the authentication service. Nobody's to judge = an anonymous client; rejects with `ERR_UNAUTHENTICATED` when the credentials are wrong. */
export async function authenticate(ctx: PluginContext<unknown>, shown: Shown, remote: string): Promise<Principal> {
  const { address, local } = placeOf(remote)
  const who = await ctx.use('authentication').authenticate({ via: 'rtsp', ...shown, address, local })
  if (who === false) throw new ShoalError('ERR_UNAUTHENTICATED', 'The credentials are wrong.', { hint: 'Write rtsp://USER:PASSWORD@… or add ?token=….' })
  return who ?? { kind: 'client', id: 'anonymous', address, local }
}

/** Asks the permission service; rejects with `ERR_FORBIDDEN` and its reason, or `ERR_UNAUTHENTICATED` where the client has shown nothing yet and may. */
export async function permit(ctx: PluginContext<unknown>, who: Principal, action: Action['action'], path: string): Promise<void> {
  const answer = await ctx.use('permission').allows(who, { action, target: path })
  if (answer === true) return
  const reason = typeof answer === 'string' ? answer : `${who.id} may not ${action === 'stream.publish' ? 'publish' : 'read'} ${path}.`
  throw new ShoalError(who.id === 'anonymous' ? 'ERR_UNAUTHENTICATED' : 'ERR_FORBIDDEN', reason)
}
