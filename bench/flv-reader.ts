/** One HTTP-FLV reader: finds the stamped frames in what a server sends, and little else, so that the load stays cheap. */

import { connect, type Socket } from 'node:net'
import { Reader } from './reader.js'

/** Bytes of a tag's start that are kept: its header, and enough of its body to find a stamp. */
const kept = 300

/** Reads HTTP-FLV. */
export class FlvReader extends Reader {
  readonly #socket: Socket
  readonly #body = new HttpBody((bytes) => this.#read(bytes))
  readonly #tag = Buffer.alloc(kept)
  /** Bytes of `#tag` that are filled. */
  #filled = 0
  /** Bytes of the present tag still to come; the file header counts as one. */
  #left = 13
  /** Is the size of the present tag known? */
  #sized = true

  constructor(url: URL) {
    super()
    this.#socket = connect(Number(url.port), url.hostname)
    this.#socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
    this.#socket.on('data', (chunk) => this.#body.push(chunk))
    this.#socket.on('close', () => {
      this.ended = true
    })
    this.#socket.on('error', () => {})
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.received(bytes.length)
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#wanted())
      this.#keep(part)
      at += part.length
      if (this.#sized) this.#left -= part.length
      else if (this.#filled >= 11) this.#size()
      if (this.#sized && this.#left === 0) this.#end()
    }
  }

  #wanted(): number {
    return this.#sized ? this.#left : 11 - this.#filled
  }

  #keep(part: Buffer): void {
    if (this.#filled < kept) this.#filled += part.copy(this.#tag, this.#filled, 0, Math.min(part.length, kept - this.#filled))
  }

  #size(): void {
    this.#sized = true
    this.#left = this.#tag.readUIntBE(1, 3) + 4
  }

  #end(): void {
    this.frame(this.#tag[0] === 9 ? this.#tag.subarray(11, this.#filled) : undefined)
    this.#filled = 0
    this.#sized = false
  }
}

/** The body of one HTTP/1.1 response as it comes: plain, or in chunks. Source: RFC 9112, 7.1. */
class HttpBody {
  readonly #give: (bytes: Buffer) => void
  #chunked: boolean | undefined
  /** Text of the head, or of a chunk's size line, so far. */
  #text = ''
  /** Bytes left of the present chunk. */
  #left = 0

  constructor(give: (bytes: Buffer) => void) {
    this.#give = give
  }

  push(chunk: Buffer): void {
    const body = this.#chunked === undefined ? this.#head(chunk) : chunk
    if (this.#chunked === false) this.#give(body)
    else if (this.#chunked) this.#chunks(body)
  }

  #head(chunk: Buffer): Buffer {
    const before = this.#text.length
    this.#text += chunk.toString('latin1')
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return Buffer.alloc(0)
    if (!/^HTTP\/1\.1 200 /.test(this.#text)) throw new Error(`the server answered: ${this.#text.slice(0, 200)}`)
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(this.#text.slice(0, end))
    this.#text = ''
    return chunk.subarray(end + 4 - before)
  }

  #chunks(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left)
        this.#give(part)
        this.#left -= part.length
        at += part.length
        continue
      }
      const line = bytes.indexOf(10, at)
      this.#text += bytes.toString('latin1', at, line < 0 ? bytes.length : line)
      if (line < 0) return
      // the empty line after a chunk has no digits
      this.#left = Number.parseInt(this.#text, 16) || 0
      this.#text = ''
      at = line + 1
    }
  }
}
