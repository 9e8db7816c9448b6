/** A server that speaks enough of PostgreSQL's protocol to write down who comes and what is asked; every query has no rows. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** See the file. */
export class FakePostgres {
  /** What clients said of themselves when they came. */
  readonly startups: Record<string, string>[] = []
  readonly passwords: string[] = []
  readonly statements: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<FakePostgres> {
    const made = new FakePostgres()
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    // a test that forgets it does not hang
    made.#server.unref()
    return made
  }

  get url(): string {
    return `postgres://ann@127.0.0.1:${(this.#server.address() as AddressInfo).port}/db`
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let bytes = Buffer.alloc(0)
    let begun = false
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    socket.on('data', (data: Buffer) => {
      bytes = Buffer.concat([bytes, data])
      for (;;) {
        const head = begun ? 1 : 0
        if (bytes.length < head + 4 || bytes.length < head + bytes.readUInt32BE(head)) return
        const end = head + bytes.readUInt32BE(head)
        const body = bytes.subarray(head + 4, end)
        socket.write(begun ? this.#answer(bytes.toString('latin1', 0, 1), body) : this.#greet(body))
        begun = true
        bytes = bytes.subarray(end)
      }
    })
  }

  #greet(body: Buffer): Buffer {
    const words = body.toString('utf8', 4).split('\0')
    const pairs: [string, string][] = []
    for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) pairs.push([String(words[at]), String(words[at + 1])])
    this.startups.push(Object.fromEntries(pairs))
    // asks for a password in clear
    return message('R', Buffer.of(0, 0, 0, 3))
  }

  #answer(kind: string, body: Buffer): Buffer {
    const ready = message('Z', Buffer.from('I'))
    if (kind === 'p') {
      this.passwords.push(body.toString('utf8', 0, body.length - 1))
      return Buffer.concat([message('R', Buffer.alloc(4)), ready])
    }
    if (kind === 'Q') return Buffer.concat([message('C', Buffer.from('BEGIN\0')), ready])
    if (kind === 'P') this.statements.push(body.toString('utf8').split('\0')[1] ?? '')
    if (kind === 'P') return message('1')
    if (kind === 'B') return message('2')
    if (kind === 'D') return message('n')
    if (kind === 'E') return message('C', Buffer.from('SELECT 0\0'))
    return kind === 'S' ? ready : Buffer.alloc(0)
  }
}

function message(kind: string, body = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(kind), length, body])
}
