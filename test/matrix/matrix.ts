/** Every way in beside every way out, on the node that has the publisher and on one that pulled the stream from it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pair } from '../e2e/cli.js'
import { has } from '../tools.js'
import { MatrixBrowser } from './browser.js'
import { makeClip, packetsOf } from './clip.js'
import { type Egress, egresses, type Seen } from './egress.js'
import { type Ingest, ingests } from './ingest.js'
import { flows, type MatrixNode, pull, startNode } from './matrix-node.js'
import type { PacketTrack } from './packets.js'
import type { Sending } from './sending.js'
import type { Shown } from './shown.js'
import { judge, type Verdict } from './verdict.js'

/** One way in, one way out, on one of the two nodes. */
export interface Cell {
  readonly ingest: string
  readonly egress: string
  /** The second node pulled the stream by `shoal://`. */
  readonly node: 'first' | 'second'
  /** What came; or why nothing did. */
  readonly verdict: Verdict | Error
  /** What a browser showed of it. */
  readonly shown?: Shown
}

/** Two paired nodes and a clip. */
export class Matrix {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-matrix-'))
  readonly #seconds: number
  readonly #browser = new MatrixBrowser(this.#folder)
  #nodes: readonly [MatrixNode, MatrixNode] | undefined
  #clip = ''
  #runs = 0
  #source: readonly PacketTrack[] = []

  /** Each recording is `seconds` long. */
  constructor(seconds: number) {
    this.#seconds = seconds
  }

  get #tools() {
    return { seconds: this.#seconds, folder: this.#folder, browser: this.#browser }
  }

  /** The ways in whose programs are here. */
  get ingests(): readonly Ingest[] {
    return ingests.filter(({ needs }) => has(needs))
  }

  async start(): Promise<void> {
    // players join late and look at the stream first, HLS is some seconds behind, and pages may begin again
    const clip = makeClip(this.#folder, 4 * this.#seconds + 30)
    this.#nodes = await Promise.all([startNode('first'), startNode('second')])
    const [first] = this.#nodes
    this.#clip = await clip
    this.#source = await packetsOf(['-i', this.#clip], { sound: 'aac' })
    await pair(first.cli, this.#nodes[1].cli)
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await Promise.all((this.#nodes ?? []).map(({ cli }) => cli.dispose()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** All cells of one way in, or those of some ways out. */
  async run(ingest: Ingest, outs: readonly Egress[] = egresses): Promise<Cell[]> {
    if (!this.#nodes) throw new Error('start first')
    const [first, second] = this.#nodes
    // one of its own: HLS would show what another publisher left there
    const path = `live/${ingest.name.toLowerCase().replaceAll(/\W+/g, '-')}-${++this.#runs}`
    const sending: Sending[] = []
    try {
      sending.push(...(await ingest.start({ node: first, path, clip: this.#clip, ...this.#tools })))
      await flows(first, path, 1)
      await pull(second, `shoal://first/${path}`, path)
      await flows(second, path, 1)
      const chosen = outs.filter(({ needs }) => has(needs))
      const seen = await Promise.all(chosen.flatMap((egress) => [this.#see(ingest, egress, first, path), this.#see(ingest, egress, second, path)]))
      const source = (await sending[0]?.sent?.()) ?? this.#source
      return seen.map((one) => cellOf(one, source))
    } finally {
      await Promise.all(sending.map((one) => one.end()))
    }
  }

  async #see(ingest: Ingest, egress: Egress, node: MatrixNode, path: string): Promise<Outcome> {
    const sound = egress.sounds.includes(ingest.sound) ? ingest.sound : 'none'
    const named = { ingest: ingest.name, egress: egress.name, node: node === this.#nodes?.[0] ? ('first' as const) : ('second' as const), sound }
    try {
      return { ...named, seen: await egress.record({ node, path, sound, clip: !ingest.own, ...this.#tools }) }
    } catch (error) {
      return { ...named, seen: error instanceof Error ? error : new Error(String(error)) }
    }
  }
}

/** A recording, or why there is none. */
interface Outcome extends Pick<Cell, 'ingest' | 'egress' | 'node'> {
  /** Codec; `none`: not carried. */
  readonly sound: string
  readonly seen: Seen | Error
}

function cellOf({ sound, seen, ...named }: Outcome, source: readonly PacketTrack[]): Cell {
  if (seen instanceof Error) return { ...named, verdict: seen }
  const { tracks, shown, offset } = seen
  try {
    const verdict = judge(tracks, sound === 'none' ? source.filter(({ kind }) => kind === 'video') : source)
    return { ...named, verdict: { ...verdict, ...(offset !== undefined && { offset }) }, ...(shown && { shown }) }
  } catch (error) {
    return { ...named, verdict: error instanceof Error ? error : new Error(String(error)) }
  }
}
