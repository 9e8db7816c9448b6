/** Where the sockets of eKuiper plugins are: the names are fixed by its SDKs. */

import { join } from 'node:path'
import { isShoalError, ShoalError } from '../../../errors.js'

/** The folder that eKuiper's SDKs have built in: a literal there, neither `$TMPDIR` nor `os.tmpdir()`. */
const builtInFolder = '/tmp'

/** Variable that names another folder, for plugins that look for it. */
export const socketFolderVariable = 'SHOAL_EKUIPER_SOCKETS'

/** Names of the sockets in one folder. */
export class SocketFolder {
  readonly folder: string

  constructor(folder: string = builtInFolder) {
    this.folder = folder
  }

  /** Is it the one of the SDKs? */
  get isBuiltIn(): boolean {
    return this.folder === builtInFolder
  }

  /** Commands to a plugin. */
  control(plugin: string): string {
    return this.#address(`plugin_${plugin}`)
  }

  /** Calls of a function; one for the whole machine. */
  function(symbol: string): string {
    return this.#address(`func_${symbol}`)
  }

  /** Data of a source or a sink. */
  data(name: string): string {
    return this.#address(name)
  }

  /** Acknowledgements of a sink. */
  acks(name: string): string {
    return this.#address(`${name}_ack`)
  }

  /** The file of a data socket. */
  file(name: string): string {
    return join(this.folder, `${name}.ipc`)
  }

  #address(name: string): string {
    return `ipc://${this.file(name)}`
  }
}

/** Listens, and explains a name that is taken. Rejects with `ERR_PORT_IN_USE`. */
export async function listenAt(socket: { listen(address: string): Promise<unknown> }, address: string, what: string): Promise<void> {
  try {
    await socket.listen(address)
  } catch (cause) {
    if (!isShoalError(cause, 'ERR_PORT_IN_USE')) throw cause
    const message = `The socket ${address} of the ${what} is in use: another daemon on this machine, or eKuiper itself, runs it.`
    throw new ShoalError('ERR_PORT_IN_USE', message, {
      cause,
      hint: 'eKuiper fixes the name of this socket: one program on a machine can run it. Stop the other one.',
    })
  }
}
