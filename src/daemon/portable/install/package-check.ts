/** A look at a package without installing it: the same checks, and nothing of it is run. */

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ShoalError } from '../../../errors.js'
import type { Logger } from '../../../plugin.js'
import { scriptText } from './install-script.js'
import { listFiles } from './pack.js'
import type { PluginPackage } from './plugin-folder.js'
import { readPackage, stagePackage } from './staging.js'

/** A package that is right. */
export interface CheckedPackage {
  readonly name: string
  readonly version: string
  readonly kind: PluginPackage['kind']
  readonly files: number
  /** What it would run when it is installed. */
  readonly script?: string
  /** Of the archive, hex. */
  readonly sha256?: string
}

/** Checks a zip or a folder. Rejects as {@link stagePackage}. */
export async function checkPackage(path: string, signal: AbortSignal): Promise<CheckedPackage> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ShoalError('ERR_SOURCE_FAILED', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
  if (found.isDirectory()) return summary(await readPackage(path, undefined), (await listFiles(path)).length)
  const beside = await mkdtemp(join(tmpdir(), 'shoal-validate-'))
  try {
    const { plugin, files, archive } = await stagePackage({ source: path, beside, scripts: 'skip', log: silent, signal })
    return summary(plugin, Object.keys(files).length, archive)
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

const nothing = (): void => {}
const silent: Logger = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

function summary({ name, version, kind, script }: PluginPackage, files: number, sha256?: string): CheckedPackage {
  return { name, version, kind, files, ...(script && { script: scriptText(script) }), ...(sha256 !== undefined && { sha256 }) }
}
