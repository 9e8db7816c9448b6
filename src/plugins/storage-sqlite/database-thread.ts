/** The database in its thread, so that no write of it stops the daemon. A thread that ends is replaced by the next call. */

import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Table, TableChange, TableEntry, TableRange } from '../../backends/table-storage.js'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { Answer, Call, Result } from './worker-messages.js'

/** Calls that may wait; writes come in groups before. */
const maxCalls = 1000
/** ms between the ends of a thread that cannot open the file and the next try. */
const pause = 1000

interface Waiting {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

/** See the file. */
export class DatabaseThread implements Table {
  /** Threads that ended though nobody asked them to. */
  crashes = 0
  readonly #file: string
  readonly #log: Logger
  /** The newest, also while it is opening the file. */
  #worker: Worker | undefined
  #thread: Thread | undefined
  #opening: Promise<Thread> | undefined
  #calls = 0
  #failedAt = Number.NEGATIVE_INFINITY
  #failure: ShoalError | undefined
  #closed = false

  constructor(file: string, log: Logger) {
    this.#file = file
    this.#log = log
  }

  /** Opens the file. Rejects with `ERR_STORE_DAMAGED`, `ERR_SCHEMA_NEWER`, `ERR_BACKEND_FAILED`. */
  async open(): Promise<void> {
    await this.#running()
  }

  async get(namespace: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const result = await this.#call({ call: 'get', namespace, key })
    return result instanceof Uint8Array ? result : undefined
  }

  async page(range: TableRange): Promise<readonly TableEntry[]> {
    const result = await this.#call({ call: 'page', range })
    return result instanceof Uint8Array || result === undefined ? [] : result
  }

  async write(changes: readonly TableChange[]): Promise<void> {
    await this.#call({ call: 'write', changes })
  }

  /** Closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const thread = this.#thread
    if (thread) await this.#ask(thread, { call: 'close' }).catch(() => {})
    // one that is still opening the file, too
    await this.#worker?.terminate()
  }

  /** Ends the thread as a crash would; for tests. */
  async crash(): Promise<void> {
    await this.#thread?.worker.terminate()
  }

  async #call(call: Call): Promise<Result> {
    if (this.#closed) throw new ShoalError('ERR_STOPPING')
    return await this.#ask(await this.#running(), call)
  }

  #ask({ worker, waiting }: Thread, call: Call): Promise<Result> {
    if (waiting.size >= maxCalls) return Promise.reject(new ShoalError('ERR_OVERLOADED', 'Too many calls to the storage wait.'))
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, ...call })
    })
  }

  async #running(): Promise<Thread> {
    if (this.#thread) return this.#thread
    if (this.#failure && performance.now() - this.#failedAt < pause) throw this.#failure
    this.#opening ??= this.#start().finally(() => {
      this.#opening = undefined
    })
    return await this.#opening
  }

  #start(): Promise<Thread> {
    const worker = new Worker(...workerArguments(this.#file))
    this.#worker = worker
    const thread: Thread = { worker, waiting: new Map() }
    let refused = false
    let reason = ''
    return new Promise((resolve, reject) => {
      const fail = (error: ShoalError): void => {
        this.#failure = error
        this.#failedAt = performance.now()
        reject(error)
      }
      worker.on('message', (answer: Answer) => {
        if (answer.id !== 0) {
          // it ends itself after a write that failed: a full disk, say
          if ('fault' in answer) reason = `: ${answer.message}`
          return settle(thread, answer, this.#file)
        }
        refused = 'fault' in answer
        if ('fault' in answer) return fail(errorOf(answer, this.#file))
        if (!this.#closed) this.#thread = thread
        resolve(thread)
      })
      worker.on('error', (error) => {
        reason = `: ${error.message}`
      })
      worker.on('exit', () => {
        const error = new ShoalError('ERR_BACKEND_FAILED', `The thread of the database ${this.#file} ended${reason || '.'}`)
        this.#ended(thread, error)
        if (!refused) fail(error)
      })
    })
  }

  #ended(thread: Thread, error: ShoalError): void {
    if (this.#thread === thread) {
      this.#thread = undefined
      if (!this.#closed) {
        this.crashes++
        this.#log.error('the thread of the database ended; the next call starts it again', { file: this.#file, waiting: thread.waiting.size })
      }
    }
    for (const { reject } of thread.waiting.values()) reject(error)
    thread.waiting.clear()
  }
}

function settle({ waiting }: Thread, answer: Answer, file: string): void {
  const call = waiting.get(answer.id)
  waiting.delete(answer.id)
  if ('fault' in answer) call?.reject(errorOf(answer, file))
  else call?.resolve(answer.result)
}

function errorOf({ fault, message }: Extract<Answer, { fault: unknown }>, file: string): ShoalError {
  if (fault === 'newer') return new ShoalError('ERR_SCHEMA_NEWER', `The database ${file} was written by a newer Shoal: ${message}.`)
  if (fault === 'damaged')
    return new ShoalError('ERR_STORE_DAMAGED', `The database ${file} is damaged: ${message}.`, {
      hint: 'Stop the daemon, keep a copy, then restore it from a backup.',
    })
  return new ShoalError('ERR_BACKEND_FAILED', `The database ${file} did not do it: ${message}.`)
}

/** Run from its sources, as in tests, the thread needs the loader that runs them. */
function workerArguments(file: string): ConstructorParameters<typeof Worker> {
  const options = { workerData: file, env: {}, name: 'shoal-sqlite' }
  if (!import.meta.url.endsWith('.ts')) return [new URL('./worker.js', import.meta.url), options]
  const loader = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  )
  const script = new URL('./worker.ts', import.meta.url)
  return [`import('${loader}').then(({ register }) => (register(), import('${script}')))`, { ...options, eval: true }]
}
