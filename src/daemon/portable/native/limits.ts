/** Versions and bounds of the portable protocol. */

import { maxBatch } from '../../streams/frame-header.js'
import { type RestartLimits, restartLimits } from '../process/restarts.js'

/** Protocol versions this host speaks. */
export const versions = { highest: 1, lowest: 1 } as const

/** Bytes of one message: the largest batch of frames, and what stands around it. */
export const maxMessage: number = maxBatch + 64 * 1024

/** Bytes of records that may be under way on one stream; more than the largest batch, so that it always passes. */
export const streamWindow = 16 * 1024 * 1024

/** Calls a side may have open. */
export const maxCalls = 1024

/** Streams a plugin may have open. */
export const maxStreams = 256

/** Bytes that may wait for a plugin that does not read. Beyond, calls are refused and its own messages are not read. */
export const maxBacklog: number = 8 * 1024 * 1024

/** How long a plugin may take. Times in ms; a shutdown in all stays within the 5 s that the host gives. */
export interface PortableTimes {
  /** From the start of the process to its Hello. */
  readonly handshake: number
  /** Its answer to Start. */
  readonly start: number
  /** Its answer to a payload or a request to a route. */
  readonly call: number
  readonly forgotten: number
  /** Wait of a call for a process that is started again. */
  readonly restart: number
  /** Its answer to Cancel of a job. */
  readonly cancel: number
  /** Its answer to Shutdown … */
  readonly shutdown: number
  /** … then until SIGTERM, and until SIGKILL. */
  readonly stdin: number
  readonly term: number
  /** Between two looks at its memory, and at its processor time while it answers nothing. */
  readonly look: number
  readonly restarts: RestartLimits
}

/** The times of the daemon. Tests shorten them. */
export const portableTimes: PortableTimes = {
  handshake: 10_000,
  start: 25_000,
  call: 25_000,
  forgotten: 4500,
  restart: 4000,
  cancel: 3000,
  shutdown: 2500,
  stdin: 1000,
  term: 700,
  look: 1000,
  restarts: restartLimits,
}
