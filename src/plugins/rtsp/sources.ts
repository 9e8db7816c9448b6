/** What is received now, for people: how well the packets of each publisher and pull come. */

import type { Ingest, LineCounters } from './ingest.js'

/** One publisher or pull. */
export interface SourceInfo {
  readonly path: string
  /** Address and port of the other side. */
  readonly from: string
  readonly pulled: boolean
  readonly transport: 'tcp' | 'udp'
  readonly tracks: readonly LineCounters[]
}

/** The sources of one plugin. */
export class Sources {
  readonly #all = new Set<() => SourceInfo>()

  /** Shows a source from now on; returns what ends that. */
  add(about: Omit<SourceInfo, 'tracks'>, ingest: Ingest): () => void {
    const look = (): SourceInfo => ({ ...about, tracks: ingest.counters() })
    this.#all.add(look)
    return () => void this.#all.delete(look)
  }

  /** All of them, by path. */
  list(): readonly SourceInfo[] {
    return [...this.#all].map((look) => look()).toSorted((a, b) => a.path.localeCompare(b.path))
  }
}
