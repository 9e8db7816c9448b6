/** One RTMP reader: plays a stream and finds its stamps. */

import { MessageType } from '../src/media/rtmp/message.js'
import { parseAddress } from '../src/plugins/rtmp/address.js'
import { RtmpClient } from '../src/plugins/rtmp/client.js'
import { Reader } from './reader.js'

/** Plays `rtmp://host:port/app/name`. */
export class RtmpReader extends Reader {
  #client: RtmpClient | undefined

  constructor(url: URL) {
    super()
    this.#play(url).catch((error: unknown) => {
      this.ended = true
      throw error
    })
  }

  async #play(url: URL): Promise<void> {
    const address = parseAddress(url)
    const client = await RtmpClient.open(address, new AbortController().signal, 20_000)
    this.#client = client
    void client.closed.then(() => {
      this.ended = true
    })
    client.events = {
      media: ({ type, body }) => {
        this.received(body.length)
        this.frame(type === MessageType.video ? Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 300)) : undefined)
      },
    }
    const stream = await client.createStream()
    client.tell(stream, 'play', address.name, -2000)
  }

  close(): void {
    this.#client?.connection.cut()
  }
}
