/** Programs that play an address. */

import { spawn } from 'node:child_process'
import { ShoalError } from '../errors.js'

/** What a program is started with. */
type Arguments = (url: string) => readonly string[]

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = { darwin: ['open'], win32: ['explorer.exe'] }

const programs: Readonly<Record<string, { readonly program: readonly string[]; readonly args: Arguments }>> = {
  browser: { program: openers[process.platform] ?? ['xdg-open'], args: (url) => [url] },
  ffplay: { program: ['ffplay'], args: (url) => ['-loglevel', 'warning', '-fflags', 'nobuffer', ...probing(url), url] },
  mpv: { program: ['mpv'], args: (url) => ['--profile=low-latency', url] },
  vlc: { program: ['vlc'], args: (url) => ['--network-caching=300', url] },
}

/** ffplay looks for further programs in MPEG-TS for 5 s before it shows anything; there is one. Of other formats it knows no such option. */
function probing(url: string): readonly string[] {
  const { protocol, pathname } = new URL(url)
  return protocol === 'srt:' || pathname.endsWith('.ts') ? ['-scan_all_pmts', '0'] : []
}

/** Names that `--player` takes. */
export const players: readonly string[] = Object.keys(programs)

/** Throws `ERR_USAGE` for a player that is none. */
export function checkPlayer(name: string): void {
  if (!Object.hasOwn(programs, name)) throw new ShoalError('ERR_USAGE', `There is no player "${name}".`, { hint: `Players: ${players.join(', ')}.` })
}

/** Runs a player until it ends or `signal` aborts; resolves with its exit code. Rejects with `ERR_USAGE` where it is not installed. */
export function runPlayer(name: string, url: string, signal: AbortSignal): Promise<number> {
  checkPlayer(name)
  const { program: [program = name] = [], args = (): readonly string[] => [] } = programs[name] ?? {}
  return new Promise((resolve, reject) => {
    const child = spawn(program, args(url), { stdio: ['ignore', 'inherit', 'inherit'], signal })
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) resolve(130)
      else
        reject(
          new ShoalError('ERR_USAGE', `${program} cannot be started: ${error.message}.`, {
            cause: error,
            hint: `Install ${program}, or open ${url} yourself.`,
          }),
        )
    })
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
