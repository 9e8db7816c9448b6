/** Every way in beside every way out, on the node that has the publisher and on one that pulled the stream from it. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pair } from '../e2e/cli.js'
import { has } from '../tools.js'
import { MatrixBrowser } from './browser.js'
import { makeClip, packetsOf } from './clip.js'
import { type Egress, egresses, type Seen } from './egress.js'
import { type Ingest, ingests } from './ingest.js'
import { endPulls, flows, type MatrixNode, pull, startNode } from './matrix-node.js'
import type { PacketTrack } from './packets.js'
import { type Decoded, type Remade, remadeOf } from './remade.js'
import type { Sending } from './sending.js'
import type { Shown } from './shown.js'
import { judge, type Verdict } from './verdict.js'
import { wavesOf } from './waves.js'

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
  /** The stream was read through this preset of `transcode`. */
  readonly preset?: string
}

/** Two paired nodes and a clip. */
export class Matrix {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-matrix-'))
  readonly #seconds: number
  readonly #browser = new MatrixBrowser(this.#folder)
  #nodes: readonly [MatrixNode, MatrixNode] | undefined
  #clip = ''
  #rounds = 0
  #source: Decoded = { tracks: [], waves: { start: 0, samples: new Int16Array() } }

  /** Each recording is `seconds` long. */
  constructor(seconds: number) {
    this.#seconds = seconds
  }

  /** The ways in whose programs are here. */
  get ingests(): readonly Ingest[] {
    return ingests.filter(({ needs }) => has(needs))
  }

  async start(): Promise<void> {
    // players join late and look at the stream first, HLS is some seconds behind, and pages may begin again
    const clip = makeClip(this.#folder, 5 * this.#seconds + 60)
    this.#nodes = await Promise.all([startNode('first', presetsOf(ingests, egresses)), startNode('second')])
    const [first] = this.#nodes
    this.#clip = await clip
    this.#source = { tracks: await packetsOf(['-i', this.#clip], { sound: 'aac' }), waves: await wavesOf(this.#clip) }
    await pair(first.cli, this.#nodes[1].cli)
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await Promise.all((this.#nodes ?? []).map(({ cli }) => cli.dispose()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** All cells of one way in, or those of some ways out: the programs all at once, then each that is `alone`, with a publisher of its own. */
  async run(ingest: Ingest, outs: readonly Egress[] = egresses): Promise<Cell[]> {
    const chosen = outs.filter(({ needs }) => has(needs))
    const cells: Cell[] = []
    for (const round of [chosen.filter(({ alone }) => !alone), ...chosen.filter(({ alone }) => alone).map((one) => [one])]) {
      if (round.length > 0) cells.push(...(await this.#round(ingest, round)))
    }
    return cells
  }

  async #round(ingest: Ingest, outs: readonly Egress[]): Promise<Cell[]> {
    if (!this.#nodes) throw new Error('start first')
    const [first, second] = this.#nodes
    // of its own: HLS would show what another publisher left there
    const name = `${ingest.name}-${this.#rounds++}`.toLowerCase().replaceAll(/\W+/g, '-')
    const [path, folder] = [`live/${name}`, join(this.#folder, name)]
    mkdirSync(folder)
    const sending: Sending[] = []
    try {
      sending.push(...(await ingest.start({ node: first, path, clip: this.#clip, folder, browser: this.#browser })))
      await flows(first, path, 1)
      const copied = [path, ...presetsOf([ingest], outs).map((preset) => `${path}~${preset}`)]
      for (const one of copied) {
        await pull(second, `shoal://first/${one}`, one)
        await flows(second, one, 1)
      }
      const seen = await Promise.all(outs.flatMap((egress) => [this.#see(ingest, egress, first, path), this.#see(ingest, egress, second, path)]))
      const source = (await sending[0]?.sent?.()) ?? this.#source.tracks
      return seen.map((one) => cellOf(one, source))
    } finally {
      await Promise.all([endPulls(first, path), endPulls(second, path), ...sending.map((one) => one.end())])
    }
  }

  async #see(ingest: Ingest, egress: Egress, node: MatrixNode, path: string): Promise<Outcome> {
    const [seconds, folder] = [this.#seconds, join(this.#folder, path.slice('live/'.length))]
    const preset = presetOf(ingest, egress)
    const sound = preset ?? (egress.sounds.includes(ingest.sound) ? ingest.sound : 'none')
    const from = preset ? `${path}~${preset}` : path
    const named = { ingest: ingest.name, egress: egress.name, node: node === this.#nodes?.[0] ? ('first' as const) : ('second' as const), sound }
    try {
      const [seen, remade] = await Promise.all([
        egress.record({ node, path: from, seconds, folder, sound, clip: !ingest.own, browser: this.#browser }),
        preset && remadeOf(`${node.http}/${from}.mp4`, seconds, join(folder, `${node.cli.name}.mp4`), this.#source),
      ])
      return { ...named, seen, ...(preset && { preset }), ...(remade && { remade }) }
    } catch (error) {
      return { ...named, seen: error instanceof Error ? error : new Error(String(error)) }
    }
  }
}

/** Through what this player hears this encoder. */
function presetOf({ sound }: Ingest, { sounds, preset }: Egress): string | undefined {
  return sounds.includes(sound) ? undefined : preset
}

/** All that are needed, once each. */
function presetsOf(ins: readonly Ingest[], outs: readonly Egress[]): string[] {
  return [...new Set(ins.flatMap((ingest) => outs.flatMap((egress) => presetOf(ingest, egress) ?? [])))]
}

/** A recording, or why there is none. */
interface Outcome extends Pick<Cell, 'ingest' | 'egress' | 'node' | 'preset'> {
  /** Codec; `none`: not carried. */
  readonly sound: string
  readonly seen: Seen | Error
  /** What the sound was compared with, where it is not that of the source. */
  readonly remade?: Remade
}

function cellOf({ sound, seen, remade, ...named }: Outcome, source: readonly PacketTrack[]): Cell {
  if (seen instanceof Error) return { ...named, verdict: seen }
  const { tracks, shown, offset } = seen
  try {
    const sent = remade || sound === 'none' ? source.filter(({ kind }) => kind === 'video') : source
    const verdict = judge(tracks, remade ? [...sent, remade.sound] : sent)
    const apart = offset === undefined ? {} : { offset: offset + (remade?.late ?? 0) * 1000 }
    return { ...named, verdict: { ...verdict, ...apart }, ...(shown && { shown }) }
  } catch (error) {
    return { ...named, verdict: error instanceof Error ? error : new Error(String(error)) }
  }
}
