/** `shoal-plugins.lock`: what was installed, from where, and what its files were. The daemon alone writes it, whole or not at all. */

import { readFile, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ShoalError } from '../../../errors.js'
import { errnoOf, syncFolder, writeTemporary } from '../../util/private-files.js'

/** Name of the file in the folder of plugins. */
export const lockFile = 'shoal-plugins.lock'

const hex = Type.String({ pattern: '^[0-9a-f]{64}$' })

const entryFields = {
  version: Type.String(),
  /** Where it came from, without what may be secret. */
  source: Type.String(),
  kind: Type.Union([Type.Literal('program'), Type.Literal('module'), Type.Literal('ekuiper')]),
  /** SHA-256 of the archive. */
  archive: hex,
  /** SHA-256 over the files. */
  tree: hex,
  /** Path → SHA-256, with `+x` where the file may be run. */
  files: Type.Record(Type.String(), Type.String({ pattern: '^[0-9a-f]{64}(\\+x)?$' })),
  /** Wall clock, ms since 1970. */
  installedAt: Type.Number(),
}

const entrySchema = Type.Object({
  ...entryFields,
  /** While an update is under way: what comes back when it is cut short. */
  previous: Type.Optional(Type.Object(entryFields)),
})

const fileSchema = Type.Object({ schema: Type.Literal(1), plugins: Type.Record(Type.String(), entrySchema) })

/** What is known of one installed plugin. */
export type LockEntry = Static<typeof entrySchema>

/** The file's content, by name. */
export type LockEntries = Readonly<Record<string, LockEntry>>

/** Reads the file of a folder of plugins; empty where there is none. Rejects with `ERR_PLUGIN_LOCK` when it cannot be understood. */
export async function readLock(folder: string): Promise<LockEntries> {
  const path = join(folder, lockFile)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return {}
    throw damaged(path, cause)
  }
  const json = parse(path, text)
  if (!Value.Check(fileSchema, json)) throw damaged(path, undefined)
  return json.plugins
}

/** Replaces the file. It appears whole, and lasts through a power cut. */
export async function writeLock(folder: string, plugins: LockEntries): Promise<void> {
  const path = join(folder, lockFile)
  const sorted = Object.fromEntries(Object.entries(plugins).sort(([a], [b]) => (a < b ? -1 : 1)))
  const temporary = await writeTemporary(path, Buffer.from(`${JSON.stringify({ schema: 1, plugins: sorted }, undefined, 2)}\n`))
  try {
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(path, cause)
  }
}

function damaged(path: string, cause: unknown): ShoalError {
  return new ShoalError('ERR_PLUGIN_LOCK', `${path} cannot be understood${cause instanceof Error ? `: ${cause.message}` : ''}.`, { cause })
}
