/** The thread of the database: one call after the other. An error of a write ends it, so that the next one opens the file anew. */

import { parentPort, workerData } from 'node:worker_threads'
import { DatabaseFault, EntriesDatabase } from './database.js'
import type { Answer, Fault, Request, Result } from './worker-messages.js'

const say = (answer: Answer): void => parentPort?.postMessage(answer)
const faultOf = (error: unknown): Fault => {
  if (error instanceof DatabaseFault) return error.fault
  return /malformed|not a database|corrupt/i.test(String(error)) ? 'damaged' : 'failed'
}
const failed = (id: number, error: unknown): void => say({ id, fault: faultOf(error), message: error instanceof Error ? error.message : String(error) })

function open(): EntriesDatabase | undefined {
  try {
    const database = new EntriesDatabase(String(workerData))
    say({ id: 0 })
    return database
  } catch (error) {
    failed(0, error)
    return undefined
  }
}

function answer(database: EntriesDatabase, request: Request): Result {
  if (request.call === 'get') return database.get(request.namespace, request.key)
  if (request.call === 'page') return database.page(request.range)
  if (request.call === 'write') database.write(request.changes)
  else database.close()
  return undefined
}

const database = open()
if (database)
  parentPort?.on('message', (request: Request) => {
    try {
      say({ id: request.id, result: answer(database, request) })
      if (request.call === 'close') parentPort?.close()
    } catch (error) {
      failed(request.id, error)
      if (request.call === 'write') parentPort?.close()
    }
  })
