/** Who a caller is and what it may do. */

import { ShoalError } from '../../errors.js'
import type { PluginContext } from '../../plugin.js'
import type { Action, Principal } from '../../services.js'
import type { SrtRequest } from './stream-id.js'

/** Asks the authentication service. Nobody's to judge = an anonymous client; rejects with `ERR_UNAUTHENTICATED` when the credentials are wrong. */
export async function authenticate(ctx: PluginContext<unknown>, shown: SrtRequest['shown'], address: string): Promise<Principal> {
  const local = address === '::1' || address.startsWith('127.')
  const who = await ctx.use('authentication').authenticate({ via: 'srt', ...shown, address, local })
  if (who === false) throw new ShoalError('ERR_UNAUTHENTICATED', 'The credentials in the stream id are wrong.')
  return who ?? { kind: 'client', id: 'anonymous', address, local }
}

/** Asks the permission service; rejects with `ERR_FORBIDDEN` and its reason. */
export async function permit(ctx: PluginContext<unknown>, who: Principal, { action, path }: SrtRequest): Promise<void> {
  const name: Action['action'] = action === 'publish' ? 'stream.publish' : 'stream.read'
  const answer = await ctx.use('permission').allows(who, { action: name, target: path })
  if (answer === true) return
  throw new ShoalError('ERR_FORBIDDEN', typeof answer === 'string' ? answer : `${who.id} may not ${action} ${path}.`)
}
