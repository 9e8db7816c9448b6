/** Opening a stream on a connection, with a limit in time and errors of ours. */

import { isShoalError, ShoalError } from '../../errors.js'
import { deadline } from '../util/wait.js'
import { messageOf } from './libp2p-error.js'
import type { Link } from './link.js'
import type { OpenOptions } from './swarm.js'
import type { Wire } from './wire.js'

/** ms to open a stream. */
const openTimeout = 10_000

/** Rejects with `ERR_PEER_UNREACHABLE`, or with the reason of the caller's signal. */
export async function openLink(wire: Wire, protocol: string, options: OpenOptions): Promise<Link> {
  const limit = deadline(openTimeout, 'ERR_PEER_UNREACHABLE', `The peer did not open the stream within ${openTimeout} ms.`, options.signal)
  try {
    return await wire.openLink(protocol, { maxFrame: options.maxFrame, signal: limit.signal })
  } catch (error) {
    if (options.signal?.aborted) throw ShoalError.from(options.signal.reason, 'ERR_ABORTED')
    throw isShoalError(error) ? error : new ShoalError('ERR_PEER_UNREACHABLE', `The peer did not open ${protocol}: ${messageOf(error)}`, { cause: error })
  } finally {
    limit.done()
  }
}
