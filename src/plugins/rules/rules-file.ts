/** The rules file on disk: read whole or not at all, and read again whenever it changes. */

import { type FSWatcher, watch } from 'node:fs'
import { constants, open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Problem } from './problem.js'
import { maxFileSize, type ReadRules, readRules } from './read-rules.js'

/** Reads a file; what cannot be read is a problem, not a throw. `text` is absent then. */
export async function readRulesFile(file: string): Promise<ReadRules & { readonly text?: string }> {
  const wrong = (message: string): { problems: readonly Problem[] } => ({ problems: [{ file, line: 1, column: 1, path: '', message }] })
  let bytes: Uint8Array
  try {
    bytes = await readBytes(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return wrong(code === 'ENOENT' ? 'does not exist; docs/configuration.md has one to begin with' : `cannot be read: ${message}`)
  }
  if (bytes.length > maxFileSize) return wrong(`is larger than ${maxFileSize / 1024} KiB`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { ...readRules(text, file), text }
  } catch {
    return wrong('is not UTF-8 text')
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  // without O_NONBLOCK a pipe of that name would be waited for
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file')
    const buffer = Buffer.alloc(maxFileSize + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length)
    }
  } finally {
    await handle.close()
  }
}

/** ms between looks at the file where the system does not tell of changes. */
const pollInterval = 500
/** ms for an editor to finish writing. */
const settleTime = 50

/** Calls `changed` whenever the file may have changed, one call at a time, until `signal` aborts. */
export async function watchFile(file: string, changed: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const bell = new Bell()
  const watcher = watchFolder(file, () => bell.ring())
  try {
    while (!signal.aborted) {
      if (await bell.wait(pollInterval, signal)) await bell.rest(settleTime, signal)
      if (!signal.aborted) await changed()
    }
  } finally {
    watcher?.close()
  }
}

/** The folder and not the file: editors put a new file in its place. Absent where the system cannot watch. */
function watchFolder(file: string, ring: () => void): FSWatcher | undefined {
  const name = basename(file)
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_, which) => which === name && ring())
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

/** Wakes one waiter early. */
class Bell {
  #wake: (() => void) | undefined
  #rung = false

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Waits `ms`, or until it rings: then true. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung) await this.#sleep(ms, signal)
    const rung = this.#rung
    this.#rung = false
    return rung
  }

  /** Waits until it has not rung for `ms`, ten times that at most. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    for (let round = 0; round < 10 && (await this.wait(ms, signal)); round++);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
