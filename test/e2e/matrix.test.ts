/** Every way in beside every way out; see `test/matrix`. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { egresses } from '../matrix/egress.js'
import { ingests } from '../matrix/ingest.js'
import { Matrix } from '../matrix/matrix.js'
import { problemsOf } from '../matrix/table.js'
import { describeWith } from '../needs.js'

/** Of each recording; `npm run matrix` takes 20. */
const seconds = 5

/** What `npm run matrix` alone is asked for. */
const alone: readonly string[] = ['chromium', 'gstreamer']

it('the table in the docs has a row for each way in, a column for each way out, and no empty cell', () => {
  const rows = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'matrix.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const [outs, ins] = [rows[0]?.slice(2, -1) ?? [], rows.slice(2).map((row) => row[1] ?? '')]
  expect(outs).toEqual(egresses.map(({ name }) => name))
  expect(ins).toEqual(ingests.map(({ name }) => name))
  expect(
    rows
      .slice(2)
      .flatMap((row) => row.slice(1, -1))
      .filter((cell) => cell === ''),
  ).toEqual([])
})

describeWith(['ffmpeg'], 'what goes in comes out whole, on both nodes', () => {
  const matrix = new Matrix(seconds)
  beforeAll(() => matrix.start())
  afterAll(() => matrix.close())

  // gst-launch, as a reader, sometimes crosses pads that appear in one moment
  const programs = egresses.filter(({ needs }) => !alone.includes(needs))
  for (const ingest of matrix.ingests.filter(({ needs }) => !alone.includes(needs))) {
    it(`by ${ingest.name}`, async () => {
      const cells = await matrix.run(ingest, programs)
      const faults = cells.flatMap((cell) => problemsOf(cell, seconds).map((problem) => `${cell.egress}, ${cell.node} node: ${problem}`))
      expect(faults).toEqual([])
    })
  }
})
