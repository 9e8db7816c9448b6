/** `npm run check`: everything that reads the code and runs none of it, two at a time; what each said comes in one piece. */

import { spawn } from 'node:child_process'

/** The scripts of package.json, the longest first. */
const steps: readonly string[] = ['types', 'lint', 'unused', 'docs:check', 'imports', 'symbols', 'proto:check']

/** Runs one and prints what it said. Did it pass? */
function passes(step: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '-s', step], { stdio: ['ignore', 'pipe', 'pipe'] })
    const said: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => said.push(piece))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) said.push(Buffer.from(`npm run ${step}: failed with ${code}\n`))
      process.stdout.write(Buffer.concat(said))
      resolve(code === 0)
    })
  })
}

const waiting = [...steps]
async function work(): Promise<boolean> {
  let whole = true
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) if (!(await passes(step))) whole = false
  return whole
}
const results = await Promise.all([work(), work()])
process.exitCode = results.every(Boolean) ? 0 : 1
