/** Streams that a plugin's process writes: its frames go to the daemon's hub, and credit goes back. */

import { ShoalError } from '../../../errors.js'
import type { Publication } from '../../../stream.js'
import { decodeBatch, type MediaRecord } from '../../streams/frame-header.js'
import { trackFromWire } from './codec.js'
import { streamWindow } from './limits.js'
import type { MessagePipe } from './pipe.js'
import type { Close, Frames, Tracks } from './portable.pb.js'

interface Open {
  readonly publication: Publication
  /** Bytes that came and were not told as credit. */
  owed: number
  readonly onAbort: () => void
}

/** Credit is told when so many bytes are owed. */
const creditStep = streamWindow / 8

/** The publications of one process. */
export class Publications {
  readonly #pipe: MessagePipe
  readonly #open = new Map<number, Open>()

  constructor(pipe: MessagePipe) {
    this.#pipe = pipe
  }

  get size(): number {
    return this.#open.size
  }

  has(id: number): boolean {
    return this.#open.has(id)
  }

  /** Takes a publication under the id of the call that opened it. */
  add(id: number, publication: Publication): void {
    const onAbort = (): void => this.#close(id, publication.signal.reason ?? new ShoalError('ERR_STREAM_STOPPED'))
    this.#open.set(id, { publication, owed: 0, onAbort })
    if (publication.signal.aborted) onAbort()
    else publication.signal.addEventListener('abort', onAbort, { once: true })
  }

  /** Frames of the plugin. They are taken at once, so that a plugin which writes without credit costs nothing. Throws `ERR_PROTOCOL`. */
  frames(id: number, { records }: Frames): void {
    const open = this.#open.get(id)
    if (!open) return
    for (const record of decodeBatch(records)) if (!this.#write(id, open.publication, record)) return
    open.owed += records.byteLength
    if (open.owed < creditStep) return
    this.#pipe.send({ id, credit: { bytes: open.owed } })
    open.owed = 0
  }

  /** Tracks that are new or have changed. */
  tracks(id: number, { tracks }: Tracks): void {
    const open = this.#open.get(id)
    if (!open) return
    try {
      for (const track of tracks) open.publication.update(trackFromWire(track))
    } catch (error) {
      this.#close(id, error)
    }
  }

  /** A reader of a stream wants a key frame. */
  wantKey(id: number): void {
    if (this.#open.has(id)) this.#pipe.send({ id, keyWanted: {} })
  }

  /** The plugin ends the stream. */
  close(id: number, reason: ShoalError | undefined): void {
    this.#drop(id)?.publication.close(reason)
  }

  /** Ends a stream, and tells the plugin. */
  stop(id: number): void {
    if (this.#open.has(id)) this.#close(id, undefined)
  }

  /** The process is gone. */
  end(reason: ShoalError | undefined): void {
    for (const id of [...this.#open.keys()]) this.close(id, reason)
  }

  /** A frame that breaks the rules ends its stream alone. */
  #write(id: number, publication: Publication, record: MediaRecord): boolean {
    if (record.type !== 'frame' || record.seal || record.group !== 0 || record.index !== 0)
      throw new ShoalError('ERR_PROTOCOL', 'A batch of frames holds something else.')
    try {
      publication.write(record.frame)
      return true
    } catch (error) {
      this.#close(id, error)
      return false
    }
  }

  #close(id: number, error: unknown): void {
    const open = this.#drop(id)
    if (!open) return
    open.publication.close(error)
    this.#pipe.send({ id, close: closeOf(error) })
  }

  #drop(id: number): Open | undefined {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.publication.signal.removeEventListener('abort', open.onAbort)
    return open
  }
}

/** How the end of a stream is told. */
export function closeOf(error: unknown): Close {
  if (error === undefined) return { code: '', message: '' }
  const { code, message } = ShoalError.from(error)
  return { code, message: message.slice(0, 1000) }
}
