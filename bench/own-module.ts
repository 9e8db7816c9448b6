/** Inner modules of ours as they run in the build, where they are not to be had alone: bundled anew, each time from the sources. */

import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { ownBuild } from './shoal-node.js'

/**
 * Imports the source `file` (`src/…/x.ts`). The loader of the benches would do it too, but names every function that it makes, which
 * slows down what is measured.
 */
export async function ownModule(file: string): Promise<unknown> {
  const outfile = join(ownBuild, 'node_modules', '.cache', 'shoal-bench', `${basename(file, '.ts')}-${process.pid}.mjs`)
  await build({
    absWorkingDir: ownBuild,
    entryPoints: [join(ownBuild, file)],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  })
  try {
    return await import(outfile)
  } finally {
    rmSync(outfile, { force: true })
  }
}
