/** An RTSP client of a few lines: what a test writes is what goes over the wire. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeInterleaved, encodeRequest, type Fields, RtspReader, type RtspResponse } from '../../../../src/media/rtsp/message.js'
import { waitFor } from '../../../wait-for.js'

/** A description of sound, as an encoder announces it. */
export const soundSdp = ['v=0', 'm=audio 0 RTP/AVP 8', 'a=control:streamid=0', ''].join('\r\n')

/** One connection. */
export class RawClient {
  readonly responses: RtspResponse[] = []
  /** Packets by channel. */
  readonly packets: { readonly channel: number; readonly packet: Uint8Array }[] = []
  closed = false
  readonly socket: Socket
  readonly #url: string
  #sequence = 0
  #session: string | undefined

  private constructor(socket: Socket, url: string) {
    this.socket = socket
    this.#url = url
    const reader = new RtspReader()
    socket.on('data', (bytes) => {
      for (const unit of reader.read(bytes)) {
        if (unit.type === 'response') this.responses.push(unit)
        if (unit.type === 'data') this.packets.push({ channel: unit.channel, packet: Uint8Array.from(unit.packet) })
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  static async dial(port: number, path: string): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket, `rtsp://127.0.0.1:${port}/${path}`)
  }

  /** Makes a request and waits for its answer. */
  async ask(method: string, fields: Fields = {}, { body = '', suffix = '' } = {}): Promise<RtspResponse> {
    const at = this.responses.length
    this.socket.write(encodeRequest(method, `${this.#url}${suffix}`, { CSeq: ++this.#sequence, Session: this.#session, ...fields }, body))
    const response = await waitFor(`the answer to ${method}`, () => this.responses[at] ?? (this.closed && ended))
    this.#session ??= response.headers.get('session')?.[0]?.split(';')[0]
    return response
  }

  /** Publishes sound, as far as RECORD; the status of what was asked last. */
  async publish(): Promise<number> {
    const announced = await this.ask('ANNOUNCE', { 'Content-Type': 'application/sdp' }, { body: soundSdp })
    if (announced.status !== 200) return announced.status
    await this.ask('SETUP', { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record' }, { suffix: '/streamid=0' })
    return (await this.ask('RECORD')).status
  }

  /** Plays the first track over TCP. */
  async play(): Promise<number> {
    const described = await this.ask('DESCRIBE')
    if (described.status !== 200) return described.status
    await this.ask('SETUP', { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' }, { suffix: '/trackID=0' })
    return (await this.ask('PLAY')).status
  }

  /** Sends a packet of sound. */
  sing(sequence: number): void {
    const packet = new Uint8Array(12 + 160)
    const view = new DataView(packet.buffer)
    view.setUint16(0, 0x8008)
    view.setUint16(2, sequence)
    view.setUint32(4, sequence * 160)
    this.socket.write(encodeInterleaved(0, packet))
  }

  /** Waits until the other side has closed. */
  async end(): Promise<void> {
    await waitFor('the connection to be closed', () => this.closed)
  }

  close(): void {
    this.socket.destroy()
  }
}

const ended: RtspResponse = { type: 'response', status: 0, reason: 'closed', headers: new Map(), body: new Uint8Array(0) }
