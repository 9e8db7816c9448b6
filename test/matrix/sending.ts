/** An encoder at work. */

import { type Running, run } from '../e2e/cli.js'
import type { PacketTrack } from './packets.js'

/** What brings a stream to a node. */
export interface Sending {
  /** What was sent so far; absent where it is the clip. */
  sent?(): Promise<readonly PacketTrack[]>
  end(): Promise<unknown>
}

/** A program as one. */
export function sendingOf(running: Running): Sending {
  return { end: () => running.kill('SIGKILL') }
}

/** Starts a program that sends. */
export function send(program: string, ...args: readonly string[]): Sending {
  return sendingOf(run(program, args))
}
