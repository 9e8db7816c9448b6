/** SETUP from the calling side: one medium by one transport. */

import { ShoalError } from '../../errors.js'
import { headerOf } from '../../media/rtsp/message.js'
import { parseTransports, writeTransport } from '../../media/rtsp/transport.js'
import type { RtspClient } from './client.js'
import type { Outlet } from './player.js'
import { UdpPair } from './udp-pair.js'

/** The server does not take this transport: another may do. */
export class TransportRefused extends Error {}

/** What is set up. */
export interface SetupOptions {
  readonly client: RtspClient
  readonly uri: string
  readonly kind: 'tcp' | 'udp'
  /** Which medium it is, in the order of their setup. */
  readonly index: number
  readonly record: boolean
}

/** Sets up one medium. Rejects with {@link TransportRefused}, or as {@link RtspClient.demand}. */
export async function setUp({ client, uri, kind, index, record }: SetupOptions): Promise<Outlet> {
  const { localAddress, address } = client.connection
  const udp = kind === 'udp' ? await UdpPair.bind(localAddress, address, [0, 0]) : undefined
  try {
    const wanted = udp ? { clientPort: udp.ports } : { interleaved: [index * 2, index * 2 + 1] as const }
    const response = await client.request('SETUP', uri, { Transport: writeTransport({ kind, record, ...wanted }) })
    if (response.status === 461) throw new TransportRefused(`${kind} is refused`)
    if (response.status !== 200) throw new ShoalError('ERR_SOURCE_FAILED', `SETUP was answered with ${response.status}.`)
    const [agreed] = parseTransports(headerOf(response.headers, 'transport') ?? '')
    if (agreed && agreed.kind !== kind) throw new TransportRefused(`${kind} is not what the server does`)
    if (!udp) {
      const [channel, report] = agreed?.interleaved ?? [index * 2, index * 2 + 1]
      return { channel, report }
    }
    if (!agreed?.serverPort) return { udp }
    udp.connect(agreed.serverPort)
    return { udp }
  } catch (error) {
    udp?.close()
    throw error
  }
}

/** Closes the ports of media. */
export function closeAll(lines: Iterable<Outlet>): void {
  for (const line of lines) if ('udp' in line) line.udp.close()
}
