/**
 * CPU for each delivered Gbit in lockstep (`steps-load.ts`), which other load on the machine changes little: for comparing builds and
 * peers on a busy machine. It tells nothing of latency. See README.md.
 */

import { parseArgs } from 'node:util'
import { makeClip } from './clip.js'
import { cpuSeconds, median } from './cpu.js'
import { startScript } from './process.js'
import { path } from './scenario.js'
import { nginxKinds, nmsKind, type ServerKind, shoalKind, type ViewFormat, viewUrl } from './servers.js'
import type { StepsLine } from './steps-load.js'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '10,50,200' },
    frames: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    format: { type: 'string', default: 'flv,rtmp' },
    only: { type: 'string' },
    against: { type: 'string' },
    profile: { type: 'string' },
  },
})

const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
const other = values.against === undefined ? [] : [shoalKind('shoal (other)', values.against)]
const all: readonly ServerKind[] = [shoalKind('shoal', undefined, { flags }), ...other, nmsKind, ...nginxKinds]
const kinds = all.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))

/** CPU s for each Gbit. */
async function run(kind: ServerKind, clip: string, format: ViewFormat, readers: string): Promise<number> {
  const server = await kind.start()
  try {
    const load = startScript('load', 'steps-load.ts', [clip, `${server.rtmp}/${path}`, viewUrl(server, format), readers, values.frames, String(kind.rides)])
    let before = 0
    for await (const text of load.lines()) {
      const line = JSON.parse(text) as StepsLine
      if (line.event === 'start') before = cpuSeconds(server.process.pid)
      else {
        if (line.gaps > 0) process.stderr.write(`${kind.name}, ${format}, ${readers} readers: ${line.gaps} gaps\n`)
        return (cpuSeconds(server.process.pid) - before) / line.gigabits
      }
    }
    throw new Error(`${kind.name}: the load ended early: ${load.output()}`)
  } finally {
    await server.stop()
  }
}

const clip = makeClip()
const say = (text: string): boolean => process.stdout.write(`${text}\n`)
say('| format | readers | server | CPU s/Gbit | each run |')
say('| --- | --- | --- | --- | --- |')
for (const format of values.format.split(',') as ViewFormat[]) {
  for (const readers of values.readers.split(',')) {
    const costs = new Map<string, number[]>()
    for (let round = 1; round <= Number(values.rounds); round++) {
      for (const kind of kinds.filter((one) => one.formats.includes(format))) {
        const cost = await run(kind, clip, format, readers)
        costs.set(kind.name, [...(costs.get(kind.name) ?? []), cost])
      }
    }
    for (const [name, runs] of costs)
      say(`| ${format} | ${readers} | ${name} | ${median(runs).toFixed(3)} | ${runs.map((cost) => cost.toFixed(3)).join(', ')} |`)
  }
}
