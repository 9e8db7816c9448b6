/** Bounds what the system keeps for a receiver that takes slowly: up to 4 MiB, which Node cannot see. */

import type { Duplex } from 'node:stream'

/** Bytes that the system takes beyond those that are on their way. */
const unsent = 32_768

/** IPPROTO_TCP and TCP_NOTSENT_LOWAT of Linux, tcp(7). */
const level = 6
const option = 25

type Set = (descriptor: number, bytes: number) => boolean

/** How the bound is set: through an optional package with the system's own call. */
export class SendQueue {
  /** Why it cannot be set on this machine; undefined while it can, or was not needed yet. */
  problem: string | undefined
  #set: Promise<Set | undefined> | undefined
  readonly #load: () => Promise<Set>

  /** `load`: for tests. */
  constructor(load: () => Promise<Set> = loadSet) {
    this.#load = load
  }

  /** Loads what setting it needs, so that the first viewer does not wait for that. */
  async prepare(): Promise<void> {
    await this.#loaded()
  }

  #loaded(): Promise<Set | undefined> {
    this.#set ??= this.#load().catch((error: unknown) => {
      this.problem = textOf(error)
      return undefined
    })
    return this.#set
  }

  /** Sets it for a TCP socket, now or as soon as it can be. Does nothing for what is none. */
  async bound(socket: Duplex): Promise<void> {
    const set = await this.#loaded()
    const descriptor = socket.destroyed ? undefined : descriptorOf(socket)
    if (descriptor === undefined) return
    try {
      set?.(descriptor, unsent)
    } catch (error) {
      this.problem = textOf(error)
    }
  }
}

/** The one of this process: the package is loaded once, with the first stream. */
export const sendQueue = new SendQueue()

async function loadSet(): Promise<Set> {
  if (process.platform !== 'linux') throw new Error(`It is known for Linux only, not for ${process.platform}.`)
  const { default: koffi } = await import('koffi')
  const setsockopt = koffi.load(null).func('int setsockopt(int, int, int, const int *, uint32_t)')
  return (descriptor, bytes) => setsockopt(descriptor, level, option, Int32Array.of(bytes), 4) === 0
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Number of an open socket. Node has it in the handle, which its types do not show. */
function descriptorOf(socket: Duplex): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  const descriptor: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined
}
