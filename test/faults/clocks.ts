/** Wall clocks that are wrong, or jump while daemons run: only people are shown dates, so nothing else may notice. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Figures } from '../lan/figures.js'
import { Lab } from '../lan/lab.js'
import { LanNode, linked, pair } from '../lan/lan-node.js'
import { Viewer } from '../lan/viewer.js'
import { itWith } from '../needs.js'
import { fakeClock } from '../tools.js'
import { waitFor } from '../wait-for.js'

/** ms that each clock is left wrong. */
const watched = 10_000

/** Adds the test. */
export function testClocks(figures: Figures): void {
  const body = async (): Promise<void> => {
    const lab = await Lab.open([{ name: 'a' }, { name: 'b' }])
    const clock = new FakeClock()
    const [a, b] = [new LanNode(lab, 'a'), new LanNode(lab, 'b', clock.env)]
    let viewer: Viewer | undefined
    try {
      clock.set('+1d')
      await Promise.all([a.start(), b.start()])
      await pair(a, b)
      await a.json('pull', 'file:///sample', 'live/cam', '-d')
      await b.json('pull', 'shoal://a/live/cam', '-d')
      const seen = new Viewer(b.client, 'live/cam')
      viewer = seen
      await waitFor('frames at b', () => seen.firstSince(0))
      for (const offset of ['-1h', '+1h', '+1d', '+0']) await staysLinked(clock, offset, a, b, seen)
      figures.note('clocks: gaps while they jumped', seen.gapsSince(0).length)
      expect(seen.gapsSince(0)).toEqual([])
    } finally {
      await viewer?.close()
      await Promise.all([a.dispose(), b.dispose()])
      await lab.close()
      clock.dispose()
    }
  }
  itWith(['faketime'], 'nodes a day apart pair and stream, and clocks that jump cut nothing', body, 240_000)
}

/** Sets a clock and watches link and stream for a while. */
async function staysLinked(clock: FakeClock, offset: string, a: LanNode, b: LanNode, viewer: Viewer): Promise<void> {
  clock.set(offset)
  const set = performance.now()
  await waitFor(`the clock of b to be at ${offset}`, async () => b.client.call('status'))
  while (performance.now() - set < watched) {
    expect([await a.linked('b'), await b.linked('a')]).toEqual([true, true])
    await sleep(500)
  }
  await linked(a, b, 5000)
  const now = performance.now()
  await waitFor('frames to go on', () => viewer.firstSince(now))
}

/** A wall clock that a test sets; the monotonic clock is left alone. */
class FakeClock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-clock-'))
  readonly #file = join(this.#folder, 'faketime')

  /** For the process whose clock it is. */
  get env(): NodeJS.ProcessEnv {
    return { LD_PRELOAD: fakeClock, FAKETIME_TIMESTAMP_FILE: this.#file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
  }

  set(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`)
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
