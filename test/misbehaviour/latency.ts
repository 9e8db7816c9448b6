/** Measures how long a frame takes through a daemon: written by one connection of simple-tcp and read by another, both here. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** ms between two frames. */
const interval = 10

/** Two connections to one daemon. */
export class LatencyProbe {
  readonly #writer: Socket
  readonly #reader: Socket
  readonly #timer: NodeJS.Timeout
  #samples: number[] = []
  #sent = 0
  #seen = 0

  private constructor(writer: Socket, reader: Socket) {
    this.#writer = writer
    this.#reader = reader
    writer.resume()
    createInterface({ input: reader }).on('line', (line) => this.#take(line))
    this.#timer = setInterval(() => this.#send(), interval)
  }

  /** Opens both; the stream flows when it resolves. */
  static async open(port: number): Promise<LatencyProbe> {
    const [writer, reader] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    for (const socket of [writer, reader]) socket.setNoDelay(true)
    await Promise.all([once(writer, 'connect'), once(reader, 'connect')])
    writer.write('PUBLISH probe/latency\n')
    await once(writer, 'data')
    reader.write('SUBSCRIBE probe/latency\n')
    await once(reader, 'data')
    return new LatencyProbe(writer, reader)
  }

  /** ms that each frame took that comes within `ms` from now. */
  async window(ms: number): Promise<number[]> {
    this.#samples = []
    await new Promise((resolve) => setTimeout(resolve, ms))
    const samples = this.#samples
    this.#samples = []
    return samples
  }

  /** Frames that were sent and did not arrive; a few may be under way. */
  get missing(): number {
    return this.#sent - this.#seen
  }

  close(): void {
    clearInterval(this.#timer)
    this.#writer.destroy()
    this.#reader.destroy()
  }

  #send(): void {
    this.#sent++
    const stamp = Buffer.alloc(8)
    stamp.writeDoubleBE(performance.now())
    this.#writer.write(`DATA ${stamp.toString('hex')}\n`)
  }

  #take(line: string): void {
    const [word, , data] = line.split(' ')
    if (word !== 'FRAME' || data === undefined) return
    this.#seen++
    this.#samples.push(performance.now() - Buffer.from(data, 'hex').readDoubleBE())
  }
}

/** The value below which `share` of the samples are. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
