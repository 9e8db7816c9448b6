/** Where a home keeps its things: all under one folder with `--home` or `SHOAL_HOME`, otherwise in the XDG folders. */

import { join, resolve } from 'node:path'
import { ShoalError } from '../errors.js'
import { ensureOwnFolder, ensurePrivateFolder } from './util/private-files.js'

/** Every path of a home; all absolute. */
export interface Paths {
  /** The folder that stands for the home in messages: the one of the identity. */
  readonly home: string
  /** Folder of `shoal.yaml`. */
  readonly configDir: string
  /** `shoal.yaml`. */
  readonly config: string
  /** `shoal.d/`: more configuration, read in the order of names. */
  readonly configParts: string
  readonly identity: string
  /** Bearer token of the HTTP API. */
  readonly token: string
  readonly keystore: string
  /** Holds one folder for each plugin. */
  readonly data: string
  readonly plugins: string
  readonly recordings: string
  readonly logs: string
  /** Folder of the control socket. */
  readonly runDir: string
  /** Control socket. */
  readonly socket: string
  /** Lock of the home. Beside the identity also where the socket is not: two sessions with different runtime folders share one home. */
  readonly lock: string
}

/** Longest path of a unix socket in bytes: `sun_path` of Linux has 108 with its end, and Node cuts what is longer without a word. */
export const maxSocketPath = 107

/** Throws `ERR_SOCKET_PATH_TOO_LONG` with the path and its length. */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path)
  if (length > maxSocketPath) throw new ShoalError('ERR_SOCKET_PATH_TOO_LONG', `The socket path ${path} has ${length} bytes; ${maxSocketPath} is the most.`)
}

/**
 * The paths of a home. Pure: nothing is read but its arguments, and the working directory where `home` is relative.
 * @param options.home `--home`; wins over `SHOAL_HOME`
 * @param options.env environment: SHOAL_HOME, HOME, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR (of these only absolute ones count, XDG Base Directory 0.8)
 * @throws `ERR_USAGE` when nothing says where, `ERR_SOCKET_PATH_TOO_LONG`
 */
export function resolvePaths(options: { readonly home?: string; readonly env: Readonly<Record<string, string | undefined>> }): Paths {
  const home = options.home || options.env['SHOAL_HOME']
  return home ? underHome(resolve(home)) : underXdg(options.env)
}

function underHome(home: string): Paths {
  return layout({ config: home, data: home, logs: join(home, 'logs'), runtime: join(home, 'run') })
}

function underXdg(env: Readonly<Record<string, string | undefined>>): Paths {
  const folder = (name: string): string | undefined => (env[name]?.startsWith('/') ? env[name] : undefined)
  const inHome = (...parts: string[]): string => {
    const home = folder('HOME')
    if (home) return join(home, ...parts)
    throw new ShoalError('ERR_USAGE', 'There is no home: neither --home, SHOAL_HOME nor HOME is set.', { hint: 'Give --home DIR.' })
  }
  const data = join(folder('XDG_DATA_HOME') ?? inHome('.local', 'share'), 'shoal')
  const runtime = folder('XDG_RUNTIME_DIR')
  return layout({
    config: join(folder('XDG_CONFIG_HOME') ?? inHome('.config'), 'shoal'),
    data,
    logs: join(folder('XDG_STATE_HOME') ?? inHome('.local', 'state'), 'shoal'),
    runtime: runtime ? join(runtime, 'shoal') : join(data, 'run'),
  })
}

function layout({ config, data, logs, runtime }: { config: string; data: string; logs: string; runtime: string }): Paths {
  const socket = join(runtime, 'ctl.sock')
  checkSocketPath(socket)
  return {
    home: data,
    configDir: config,
    config: join(config, 'shoal.yaml'),
    configParts: join(config, 'shoal.d'),
    identity: join(data, 'identity.key'),
    token: join(data, 'api.token'),
    keystore: join(data, 'keystore'),
    data: join(data, 'data'),
    plugins: join(data, 'plugins'),
    recordings: join(data, 'recordings'),
    logs,
    runDir: runtime,
    socket,
    lock: join(data, 'run', 'lock'),
  }
}

/**
 * Makes the folders, 0700, and checks those that are there: ours, and not writable by others; those of data, logs and the running daemon closed to
 * others altogether. The keystore's folder is left to the store, which tells a new one from a lost one.
 * @throws `ERR_MODE_UNSAFE` with the command that helps
 */
export async function ensureFolders(paths: Paths): Promise<void> {
  for (const folder of [paths.home, paths.configDir, paths.configParts, paths.plugins, paths.recordings]) await ensureOwnFolder(folder)
  for (const folder of [paths.data, paths.logs, paths.runDir, join(paths.lock, '..')]) await ensurePrivateFolder(folder)
}
