/**
 * Generates the TypeScript codecs of `proto/*.proto` into the folders that use them. With `--check` it generates into a
 * temporary folder and exits 1 when a committed file is missing or stale.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { generate } from 'protons'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'proto')

/** Where the codec of a proto file is used. */
const homes: Readonly<Record<string, string>> = {
  'control.proto': 'src/daemon/swarm',
  'pair.proto': 'src/daemon/swarm',
  'portable.proto': 'src/daemon/portable/native',
  'records.proto': 'src/daemon/cluster',
  'stream.proto': 'src/daemon/streams',
  'tunnel.proto': 'src/daemon/swarm',
}

/** The committed file that belongs to a proto file. */
function targetOf(source: string): string {
  const home = homes[source]
  if (home === undefined) throw new Error(`scripts/proto.ts does not know where the codec of proto/${source} goes.`)
  return join(root, home, `${basename(source, '.proto')}.pb.ts`)
}

/** The generated code of one proto file. */
async function generated(source: string, folder: string): Promise<string> {
  await generate(join(sources, source), { output: folder, strict: true, path: [sources] })
  return adapt(readFileSync(join(folder, `${basename(source, '.proto')}.ts`), 'utf8'))
}

/**
 * Adapts the code to our compiler options. protons writes `{ limits: x?.y }`, which `exactOptionalPropertyTypes` refuses: the key
 * must be absent where there is no limit. And a message may hold any bytes, not only those that own their buffer.
 */
function adapt(code: string): string {
  const types = code.replaceAll('Uint8Array<ArrayBuffer>', 'Uint8Array')
  return types.replace(
    /\{\s*limits: opts\.limits\?\.([\w$]+)\s*\}/g,
    (_, name: string) => `opts.limits?.${name} == null ? {} : { limits: opts.limits.${name} }`,
  )
}

const check = process.argv.includes('--check')
const folder = mkdtempSync(join(tmpdir(), 'shoal-proto-'))
const stale: string[] = []
try {
  for (const source of readdirSync(sources).filter((name) => name.endsWith('.proto'))) {
    const target = targetOf(source)
    const code = await generated(source, folder)
    const fresh = existsSync(target) && readFileSync(target, 'utf8') === code
    if (!fresh) stale.push(relative(root, target))
    if (!fresh && !check) writeFileSync(target, code)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const file of stale) console.log(check ? `${file} is stale: run npm run proto` : `wrote ${file}`)
process.exitCode = check && stale.length > 0 ? 1 : 0
