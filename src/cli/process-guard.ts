/** What stands around a daemon that has a process to itself: errors that nothing caught, and ends that are not a plugin's to bring about. */

import { ShoalError } from '../errors.js'

/** A daemon, as far as it is guarded. */
export interface Guarded {
  /** True: the error was a plugin's, and is taken care of. */
  takeStray(error: unknown): boolean
  /** Plugins whose code called what made this error. */
  runningCode(error: Error): readonly string[]
  readonly log: { close(): Promise<void> }
}

/**
 * An error that nothing caught is the end of the plugin it comes from; only the daemon's own ends the process, with 1, as Node does. A
 * plugin that calls `process.exit` gets an error instead.
 */
export function guardProcess(daemon: Guarded): void {
  const { exit } = process
  const take = (error: unknown): void => {
    if (daemon.takeStray(error)) return
    // the log may be a file
    process.stderr.write(`shoal: ended by an error that nothing caught: ${error instanceof Error ? error.message : typeof error}\n`)
    void daemon.log.close().finally(() => exit.call(process, 1))
  }
  process.on('uncaughtException', take).on('unhandledRejection', take)
  process.exit = (code): never => {
    const call = new ShoalError('ERR_PLUGIN_FAILED', 'It called process.exit, which would have ended the daemon.')
    if (daemon.runningCode(call).length > 0) throw call
    return exit.call(process, code)
  }
}
