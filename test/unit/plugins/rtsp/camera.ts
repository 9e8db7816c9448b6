/** A camera that a test writes the answers of, and pulls from it. */

import { createServer, type Server, type Socket } from 'node:net'
import { writeGoodbye } from '../../../../src/media/rtp/rtcp.js'
import { encodeInterleaved, encodeResponse, type Fields, headerOf, RtspReader, type RtspRequest } from '../../../../src/media/rtsp/message.js'
import { pull } from '../../../../src/plugins/rtsp/pull.js'
import { fakePullJob } from '../../../../src/testing/index.js'

/** Short limits. */
export const timing = { call: 3000, firstDatagram: 300, firstMedia: 3000, silence: 3000 }
/** One medium: sound. */
export const sdp = 'v=0\na=control:*\nm=audio 0 RTP/AVP 8\na=control:track1\n'

/** What a scripted server says to a request: status, fields, body; or nothing. */
export type Answer = [status: number, fields?: Fields, body?: string] | undefined

/** A camera that a test writes the answers of. */
export class Camera {
  readonly requests: RtspRequest[] = []
  readonly sockets: Socket[] = []
  readonly #server: Server
  answer: (request: RtspRequest) => Answer = (request) => this.usual(request)

  constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket)
      socket.on('error', () => {})
      const reader = new RtspReader()
      socket.on('data', (bytes) => {
        for (const unit of reader.read(bytes)) if (unit.type === 'request') this.#take(socket, unit)
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }

  usual({ method, headers }: RtspRequest): Answer {
    if (method === 'DESCRIBE') return [200, {}, sdp]
    if (method === 'SETUP') return [200, { Session: 'abc;timeout=1', Transport: headerOf(headers, 'transport') }]
    return [200, { Public: 'PLAY, GET_PARAMETER' }]
  }

  /** Sends sound, then says goodbye. */
  play(socket: Socket, packets = 3): void {
    for (let i = 0; i < packets; i++) {
      const packet = new Uint8Array(172)
      const view = new DataView(packet.buffer)
      view.setUint16(0, 0x8008)
      view.setUint16(2, i)
      view.setUint32(4, i * 160)
      socket.write(encodeInterleaved(0, packet))
    }
    socket.write(encodeInterleaved(1, writeGoodbye(1)))
  }

  asked(method: string): RtspRequest[] {
    return this.requests.filter((request) => request.method === method)
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
  }

  #take(socket: Socket, request: RtspRequest): void {
    this.requests.push(request)
    const answer = this.answer(request)
    if (!answer) return
    const [status, fields, body] = answer
    socket.write(encodeResponse(status, { CSeq: headerOf(request.headers, 'cseq'), ...fields }, body))
    if (request.method === 'PLAY' && status === 200) this.play(socket)
  }
}

const cameras: Camera[] = []
/** Ends all of them. */
export function closeCameras(): void {
  for (const camera of cameras.splice(0)) camera.close()
}

/** Starts one. */
export async function camera(): Promise<{ camera: Camera; host: string }> {
  const made = new Camera()
  cameras.push(made)
  return { camera: made, host: await made.listen() }
}

/** Pulls to the end; the frames. */
export async function pullAll(url: string): Promise<number> {
  const job = fakePullJob(url)
  try {
    await pull(job, timing)
    return job.streams.publications[0]?.frames.length ?? 0
  } finally {
    await job.end()
  }
}
