/** Who is meant on a command line: `peer:kitchen`, `user:ada`, `client:local`, `client:192.0.2.7`, `owner`. */

import { ShoalError } from '../../errors.js'
import type { Principal } from '../../services.js'

/** The principal of a text. `findPeer`: the id behind a name. Throws `ERR_USAGE`, `ERR_PEER_UNKNOWN`. */
export function parseWho(text: string, findPeer: (ref: string) => string | undefined): Principal {
  if (text === 'owner') return { kind: 'owner', id: 'owner', local: true, address: '127.0.0.1' }
  const [, kind, ref] = /^(peer|user|client):(.+)$/su.exec(text) ?? []
  if (kind === undefined || ref === undefined)
    throw new ShoalError('ERR_USAGE', `${JSON.stringify(text.slice(0, 64))} is nobody.`, {
      hint: 'Say owner, peer:NAME, user:NAME, client:local or client:ADDRESS.',
    })
  if (kind === 'user') return { kind: 'client', id: ref, local: false }
  if (kind === 'client')
    return ref === 'local'
      ? { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true }
      : { kind: 'client', id: 'anonymous', address: ref, local: false }
  const id = findPeer(ref) ?? (/^12D3KooW\w{44}$/.test(ref) ? ref : undefined)
  if (id === undefined) throw new ShoalError('ERR_PEER_UNKNOWN', `There is no trusted peer ${ref.slice(0, 64)}.`)
  return { kind: 'peer', id }
}
