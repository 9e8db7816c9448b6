/**
 * One live stream to many HTTP-FLV viewers: CPU, latency, memory, beside a peer in the same rounds. See README.md.
 * Exit code 1 when a good viewer had a gap or was closed, or when a stream was pulled more than once.
 */

import { parseArgs } from 'node:util'
import { makeClip } from './clip.js'
import { coldPulls } from './cold-pull.js'
import { linkCost } from './link-cost.js'
import { installNms } from './nms.js'
import { faults, type Measured, report } from './report.js'
import { type RunResult, runOnce } from './run.js'
import { nmsDirect, nmsPulled, type Scenario, shoalDirect, shoalPulled } from './scenario.js'
import { writeSection } from './section.js'
import { ownBuild } from './shoal-node.js'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '30' },
    stopped: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    peer: { type: 'string', default: 'nms' },
    only: { type: 'string' },
    against: { type: 'string' },
    profile: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  },
})
if (values.peer !== 'nms' && values.peer !== 'none') throw new Error('--peer is nms or none')

const options = { readers: Number(values.readers), seconds: Number(values.seconds), stopped: Number(values.stopped), rounds: Number(values.rounds) }
const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]

const other =
  values.against === undefined ? [] : [shoalDirect(values.against, 'shoal (other), published here'), shoalPulled(values.against, 'shoal (other), pulled')]
const peers = values.peer === 'none' ? [] : [nmsDirect, nmsPulled]
const all: readonly Scenario[] = [shoalDirect(ownBuild), shoalPulled(ownBuild), ...other, ...peers]
const scenarios = all.filter((scenario) => values.only === undefined || scenario.name.includes(values.only))

const say = (text: string): boolean => process.stderr.write(`${text}\n`)
if (peers.length > 0) installNms()
const clip = makeClip()
const runs: RunResult[] = []
for (let round = 1; round <= options.rounds; round++) {
  for (const scenario of scenarios) {
    say(`round ${round} of ${options.rounds}: ${scenario.name}`)
    runs.push(await runOnce(scenario, { ...options, clip, flags: scenario.name.startsWith('shoal') ? flags : [] }))
  }
}
const whole = values.only === undefined
if (whole) say('the link alone, and cold pulls')
const link = whole ? await linkCost(clip, ownBuild, { pulls: 10, seconds: options.seconds }) : undefined
const cold = whole ? await coldPulls(clip, ownBuild, 10) : []
const measured: Measured = { options: { ...options, peer: values.peer }, runs, link, cold }
const text = report(measured)
process.stdout.write(text)
if (!values['dry-run'] && whole) writeSection('fanout', 'bench/fanout.ts', text.trimEnd())
const wrong = faults(measured)
for (const fault of wrong) say(`wrong: ${fault}`)
process.exitCode = wrong.length > 0 ? 1 : 0
