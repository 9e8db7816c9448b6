/** Go programs that tests run. They are built once, and again only when their sources change. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache/shoal-go')

/** The environment of Go's tools: nothing is downloaded, and no C compiler is needed. */
export const goEnvironment: Readonly<Record<string, string | undefined>> = {
  ...process.env,
  GOFLAGS: '-mod=mod',
  GOPROXY: 'off',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
}

/** ms that a build may take when nothing of Go is in its cache yet. */
export const goBuildTimeout = 180_000

/** A Go module and the programs in it. */
export interface GoModule {
  /** From the root of the project. */
  readonly folder: string
  /** More packages to build, of modules that it requires. */
  readonly packages?: readonly string[]
  /** Folders whose sources count beside its own. */
  readonly sources?: readonly string[]
}

/** The examples of the Go SDK: `hello`, `monitor`, `puller`; and the fixtures `greet`, `services`, `uses`, `echo`, `spout`. */
export const pluginPrograms: GoModule = { folder: 'test/fixtures/portable-go', packages: ['shoal/plugin/examples/...'], sources: ['sdk/go'] }

/** A plugin with the habits of eKuiper's Go SDK: `ekuiper-go`. */
export const ekuiperProgram: GoModule = { folder: 'test/fixtures/ekuiper-go' }

/** Builds the programs of a module, unless they are there already. Resolves with the folder they are in. */
export async function buildGo({ folder, packages = [], sources = [] }: GoModule): Promise<string> {
  const name = `${folder.replaceAll('/', '-')}-`
  const target = join(cache, name + digest([folder, ...sources]))
  if (isFolder(target)) return target
  mkdirSync(cache, { recursive: true })
  const made = mkdtempSync(join(cache, 'building-'))
  await promisify(execFile)('go', ['build', '-ldflags', '-s -w', '-o', `${made}/`, './...', ...packages], { cwd: join(root, folder), env: goEnvironment })
  for (const old of readdirSync(cache)) if (old.startsWith(name) && join(cache, old) !== target) rmSync(join(cache, old), { recursive: true, force: true })
  try {
    renameSync(made, target)
  } catch (error) {
    // another test file was faster
    rmSync(made, { recursive: true })
    if (!isFolder(target)) throw error
  }
  return target
}

function digest(folders: readonly string[]): string {
  const hash = createHash('sha256').update(process.env.PATH ?? '')
  for (const folder of folders) {
    for (const file of filesOf(join(root, folder))) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(go|mod)$/.test(entry.name) && !entry.name.endsWith('_test.go'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function isFolder(path: string): boolean {
  try {
    return readdirSync(path).length > 0
  } catch {
    return false
  }
}
