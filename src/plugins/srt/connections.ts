/** The connections there are now, for people: how well the packets of each go. */

import type { SourceStats } from '../../stream.js'
import type { SrtSocket } from './srt-socket.js'
import type { ReceiveStatistics, SendStatistics } from './statistics.js'

/** What a connection is for: callers publish and read, this node pulls and pushes. */
export type Role = 'publish' | 'read' | 'pull' | 'push'

/** Which connection it is. */
interface About {
  readonly path: string
  readonly role: Role
  /** Address and port of the other side. */
  readonly remote: string
}

/** One connection. */
export type ConnectionInfo = About & (ReceiveStatistics | SendStatistics)

/** The connections of one plugin. */
export class Connections {
  readonly #all = new Set<() => ConnectionInfo | undefined>()

  /** Shows a connection from now on; returns what ends that. */
  add(about: About, socket: Pick<SrtSocket, 'received' | 'sent'>): () => void {
    const receives = about.role === 'publish' || about.role === 'pull'
    const look = (): ConnectionInfo | undefined => {
      const statistics = receives ? socket.received() : socket.sent()
      return statistics && { ...about, ...statistics }
    }
    this.#all.add(look)
    return () => void this.#all.delete(look)
  }

  /** All of them, by path. */
  list(): readonly ConnectionInfo[] {
    return [...this.#all].flatMap((look) => look() ?? []).toSorted((a, b) => a.path.localeCompare(b.path))
  }
}

/** What the stream that comes of a connection says of it. */
export function sourceStats(socket: Pick<SrtSocket, 'received'>): SourceStats {
  const { received, lost, late, retransmitted, rtt, latency, bandwidth } = socket.received() ?? {}
  const known = { received, lost, late, retransmitted, rtt, latency, bandwidth }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}
