/** Receiver reports, sent while a stream is received. */

import type { Connection } from './connection.js'
import type { Ingest } from './ingest.js'
import { type Outlet, reportChannel } from './player.js'

/** ms between receiver reports. */
const interval = 5000

/** Reports every 5 s what has come, by the way each medium came; returns what ends it. */
export function sendReports(ingest: Ingest, connection: Connection, lines: readonly (Outlet | undefined)[]): () => void {
  const timer = setInterval(() => {
    for (const { index, bytes } of ingest.reports()) {
      const line = lines[index]
      if (line && 'udp' in line) line.udp.send(bytes, true)
      else if (line) connection.packet(reportChannel(line), bytes)
    }
  }, interval)
  return () => clearInterval(timer)
}
