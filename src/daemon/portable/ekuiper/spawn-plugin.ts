/** Starts the program of an eKuiper plugin as eKuiper does. */

import { chmod } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Logger } from '../../../plugin.js'
import { Nursery } from '../process/nursery.js'
import type { PluginProcess } from '../process/plugin-process.js'
import type { EkuiperConfig } from './ekuiper-config.js'
import type { Manifest } from './manifest.js'
import { type SocketFolder, socketFolderVariable } from './socket-folder.js'

/** What is started. */
export interface SpawnOptions {
  readonly manifest: Manifest
  readonly folder: string
  readonly config: EkuiperConfig
  readonly sockets: SocketFolder
  readonly log: Logger
  /** ms between SIGTERM and SIGKILL of the process group. */
  readonly term: number
  /** Starts it; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/** Starts it; whether it could be started, its end tells. Rejects as {@link Nursery.start}. */
export async function spawnPlugin(options: SpawnOptions): Promise<PluginProcess> {
  const { manifest, folder, config, sockets, log, term, nursery = new Nursery() } = options
  // zip files made on some systems carry no modes
  if (manifest.language === 'go') await chmod(join(folder, manifest.executable), 0o755).catch(() => {})
  const [command = '', ...args] = commandOf(options)
  const where = sockets.isBuiltIn ? {} : { [socketFolderVariable]: sockets.folder }
  // these programs do not read their standard input: they are told to end by SIGTERM at once
  return await nursery.start({ command, args, cwd: folder, env: { ...config.env, ...where }, log, grace: { stdin: 0, term } })
}

function commandOf({ manifest: { language, executable, environment }, folder, config: { pythonBin, sendTimeout } }: SpawnOptions): readonly string[] {
  const program = [join(folder, executable), JSON.stringify({ sendTimeout })]
  if (language === 'go') return program
  if (environment) return ['conda', 'run', '-n', environment.name, 'python', '-u', ...program]
  const python = pythonBin.includes('/') && !isAbsolute(pythonBin) ? join(folder, pythonBin) : pythonBin
  return [python, '-u', ...program]
}
