/** One client of the line protocol. */

import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import type { PluginContext, Task, TaskScope } from '../../plugin.js'
import type { Action, Principal } from '../../services.js'
import type { Publication, Subscription, Track } from '../../stream.js'
import type { SimpleTcpConfig } from './config.js'
import { readLines } from './line-reader.js'

const track: Track = { id: 1, kind: 'data', codec: 'application/octet-stream' }

/** Serves a socket until either side ends it. Sockets with an error are destroyed by then. */
export class Connection {
  readonly #ctx: PluginContext<SimpleTcpConfig>
  readonly #socket: Socket
  readonly #scope: TaskScope
  readonly #who: Principal
  #publication: Publication | undefined
  #subscription: Task | undefined
  /** What was permitted last; absent when that was taken back. */
  #held: Action | undefined

  constructor(ctx: PluginContext<SimpleTcpConfig>, socket: Socket, scope: TaskScope) {
    this.#ctx = ctx
    this.#socket = socket
    this.#scope = scope
    const address = socket.remoteAddress ?? ''
    this.#who = { kind: 'client', id: 'anonymous', address, local: isLoopback(address) }
  }

  async serve(): Promise<void> {
    this.#say('WELCOME shoal simple-tcp 1')
    const over = new AbortController()
    this.#watch(over.signal).catch(() => {})
    try {
      for await (const line of readLines(this.#socket.iterator({ destroyOnReturn: false }), this.#ctx.config.maxLine)) {
        if (line === 'QUIT') break
        await this.#answer(line)
      }
      this.#end('BYE')
    } catch (error) {
      // a client that went away is the usual end, not an error
      if (error instanceof ShoalError) this.#end(refusal(error))
      else this.#ctx.log.debug('connection broke', { err: error })
    } finally {
      over.abort()
      this.#publication?.close()
      await this.#subscription?.stop()
    }
  }

  /** Asks again whenever permissions change, and stops what is refused then. */
  async #watch(signal: AbortSignal): Promise<void> {
    const permission = this.#ctx.use('permission')
    for await (const _ of permission.changes?.(signal) ?? []) {
      const held = this.#held
      if (!held) continue
      const answer = await permission.allows(this.#who, held)
      if (answer === true || this.#held !== held) continue
      // what is only being opened sees this, and is refused
      this.#held = undefined
      if (!this.#publication && !this.#subscription) continue
      this.#say(refusal(forbidden(answer)))
      await this.#stop()
    }
  }

  async #answer(line: string): Promise<void> {
    try {
      const said = await this.#obey(line)
      if (said !== undefined) this.#say(`OK ${said}`)
    } catch (error) {
      this.#say(refusal(error))
    }
  }

  /** Does what the line says; returns what comes after OK. */
  async #obey(line: string): Promise<string | undefined> {
    const space = line.indexOf(' ')
    const [command, rest] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
    switch (command) {
      case 'PUBLISH':
        return this.#publish(rest)
      case 'SUBSCRIBE':
        return this.#subscribe(rest)
      case 'DATA':
        return this.#data(rest)
      case 'STOP':
        return this.#stop()
      default:
        throw new ShoalError('ERR_USAGE', 'Commands: PUBLISH path, SUBSCRIBE path, DATA hex, STOP, QUIT.')
    }
  }

  async #publish(path: string): Promise<string> {
    this.#requireIdle()
    await this.#ask('stream.publish', path)
    this.#publication = this.#ctx.streams.publish(path, [track], { signal: this.#scope.signal })
    return `PUBLISH ${path}`
  }

  async #subscribe(path: string): Promise<undefined> {
    this.#requireIdle()
    await this.#ask('stream.read', path)
    const { remoteAddress, remotePort } = this.#socket
    const subscription = await this.#ctx.streams.subscribe(path, {
      tracks: ['data'],
      signal: this.#scope.signal,
      reader: `simple-tcp ${remoteAddress}:${remotePort}`,
    })
    try {
      this.#requireHeld()
      // said here, so that no frame comes before it
      this.#say(`OK SUBSCRIBE ${path}`)
      this.#subscription = this.#scope.run(`subscribe ${path}`, ({ signal }) => this.#forward(subscription, signal))
    } catch (error) {
      subscription.close()
      throw error
    }
    return undefined
  }

  async #forward(subscription: Subscription, signal: AbortSignal): Promise<void> {
    const stop = (): void => subscription.close()
    signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const frames of subscription) for (const { timestamp, data } of frames) this.#say(`FRAME ${timestamp} ${hex(data)}`)
      if (!signal.aborted) this.#say('ERR ERR_STREAM_STOPPED The stream has ended.')
    } catch (error) {
      if (!signal.aborted) this.#say(refusal(error))
    } finally {
      signal.removeEventListener('abort', stop)
      subscription.close()
      // a stop has put its own mark there already
      if (!signal.aborted) this.#subscription = undefined
    }
  }

  #data(text: string): string {
    if (!this.#publication || this.#publication.signal.aborted) throw new ShoalError('ERR_USAGE', 'DATA comes after PUBLISH.')
    if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new ShoalError('ERR_REQUEST_INVALID', 'DATA takes pairs of hexadecimal digits.')
    const data = new Uint8Array(Buffer.from(text, 'hex'))
    this.#publication.write({ track: track.id, timestamp: Math.round(performance.now() * 1000), key: true, data })
    return `DATA ${data.length}`
  }

  async #stop(): Promise<string> {
    if (!this.#publication && !this.#subscription) throw new ShoalError('ERR_USAGE', 'There is nothing to stop.')
    this.#publication?.close()
    this.#publication = undefined
    const subscription = this.#subscription
    this.#subscription = undefined
    await subscription?.stop()
    return 'STOP'
  }

  #requireIdle(): void {
    if (this.#publication?.signal.aborted) this.#publication = undefined
    if (this.#publication || this.#subscription) throw new ShoalError('ERR_USAGE', 'One stream a connection: STOP first.')
  }

  /** Was the permission taken back meanwhile? */
  #requireHeld(): void {
    if (!this.#held) throw forbidden(false)
  }

  async #ask(action: 'stream.publish' | 'stream.read', path: string): Promise<void> {
    // permission must judge the very path the hub will use, so only normal paths are taken
    if (!isNormal(path)) throw new ShoalError('ERR_PATH_INVALID')
    this.#held = { action, target: path }
    const answer = await this.#ctx.use('permission').allows(this.#who, { action, target: path })
    if (answer !== true) throw forbidden(answer)
    this.#requireHeld()
  }

  /** Queues a line; a client that does not read is cut. */
  #say(line: string): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#socket.write(`${line}\r\n`)
    if (this.#socket.writableLength <= this.#ctx.config.maxOutput) return
    this.#ctx.log.warn('slow client was cut', { client: this.#who.address, buffered: this.#socket.writableLength })
    this.#socket.destroy()
  }

  #end(line: string): void {
    this.#say(line)
    this.#socket.end()
  }
}

/** Is it already in the form the hub gives a path? Normalisation is then the identity. */
function isNormal(path: string): boolean {
  const words = path.split('/')
  return (
    path === path.normalize('NFC') &&
    path.trim() === path &&
    words.every((word) => word !== '' && word !== '.' && word !== '..') &&
    !/[\x00-\x1f\x7f\\]/.test(path)
  )
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

function hex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

function forbidden(answer: boolean | string): ShoalError {
  return new ShoalError('ERR_FORBIDDEN', typeof answer === 'string' ? answer : undefined)
}

/** One line, whatever the message holds. */
function refusal(error: unknown): string {
  const known = ShoalError.from(error)
  return `ERR ${known.code} ${known.message.replace(/[\r\n]+/g, ' ')}`
}
