/** A server that speaks enough of Redis to write down what it is asked, and that can fall silent. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'

/** Commands that a client sends of itself when it connects. */
const greetings = ['AUTH', 'INFO', 'CLIENT', 'SELECT', 'HELLO', 'SUBSCRIBE']

/** See the file. */
export class FakeRedis {
  /** Every command, its name in capitals. */
  readonly commands: string[][] = []
  /** Answers greetings alone. */
  silent = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<FakeRedis> {
    const made = new FakeRedis()
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve))
    // a test that forgets it does not hang
    made.#server.unref()
    return made
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** All commands of that name. */
  of(name: string): string[][] {
    return this.commands.filter(([command]) => command === name)
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let text = ''
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data
      for (;;) {
        const found = parse(text)
        if (!found) return
        text = text.slice(found.length)
        const command = [String(found.words[0]).toUpperCase(), ...found.words.slice(1)]
        this.commands.push(command)
        if (!this.silent || greetings.includes(command[0] ?? '')) socket.write(answer(command))
      }
    })
  }
}

/** The first whole command in `text`: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`. */
function parse(text: string): { readonly words: string[]; readonly length: number } | undefined {
  let at = 0
  const line = (): string | undefined => {
    const end = text.indexOf('\r\n', at)
    if (end < 0) return undefined
    const found = text.slice(at, end)
    at = end + 2
    return found
  }
  const head = line()
  if (head === undefined) return undefined
  const words: string[] = []
  for (let left = Number(head.slice(1)); left > 0; left--) {
    const size = line()
    if (size === undefined || text.length < at + Number(size.slice(1)) + 2) return undefined
    words.push(text.slice(at, at + Number(size.slice(1))))
    at += Number(size.slice(1)) + 2
  }
  return { words, length: at }
}

function answer([name, ...words]: string[]): string {
  if (name === 'INFO') return '$11\r\nloading:0\r\n\r\n'
  if (name === 'GET') return '$-1\r\n'
  if (name === 'EVAL' || name === 'PUBLISH') return ':1\r\n'
  if (name === 'SUBSCRIBE') return words.map((word, at) => `*3\r\n$9\r\nsubscribe\r\n$${word.length}\r\n${word}\r\n:${at + 1}\r\n`).join('')
  return '+OK\r\n'
}
