/** A program that outlived the daemon which started it. It is ended before the next one starts, so that the two do not take each other's place. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { isRunning, markProcess } from '../../util/process-mark.js'
import { delay } from '../../util/wait.js'

const markSchema = Type.Object({ pid: Type.Integer({ minimum: 2 }), start: Type.String(), boot: Type.String() })

/** ms that the end of a killed program may take. */
const endTime = 2000

/** The file that names the program of one plugin. No call rejects: without the file, the end comes a little later. */
export class SurvivorFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Notes a process that runs and is the first of its group. */
  async note(pid: number): Promise<void> {
    const mark = await markProcess(pid)
    await writeFile(this.#path, JSON.stringify(mark), { mode: 0o600 }).catch(() => {})
  }

  /** Ends the group of the noted process, if that very process still runs; true: it did. */
  async end(): Promise<boolean> {
    const mark = await this.#read()
    if (!mark || !(await isRunning(mark))) return false
    try {
      process.kill(-mark.pid, 'SIGKILL')
    } catch {
      return false
    }
    for (let waited = 0; waited < endTime && (await isRunning(mark)); waited += 10) await delay(10)
    return true
  }

  /** The process is gone. */
  async clear(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {})
  }

  /** A mark without the time of its start could be that of anybody. */
  async #read(): Promise<Static<typeof markSchema> | undefined> {
    try {
      const json: unknown = JSON.parse(await readFile(this.#path, 'utf8'))
      return Value.Check(markSchema, json) ? json : undefined
    } catch {
      return undefined
    }
  }
}
