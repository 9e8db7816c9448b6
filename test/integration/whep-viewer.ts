/** A viewer by WHEP: its pictures, as sound of other codecs than those of browsers does not come by WebRTC. */

import { type Track as MediaTrack, PeerConnection, RtcpReceivingSession, Video } from 'node-datachannel'
import { readerOf } from '../../src/media/sdp/media.js'
import { parseSdp } from '../../src/media/sdp/sdp.js'
import { Ingest } from '../../src/plugins/rtsp/ingest.js'
import type { Frame, Publication, Track } from '../../src/stream.js'
import { FakeStreams } from '../../src/testing/fake-streams.js'
import { waitFor } from '../wait-for.js'
import type { Viewer } from './viewers.js'

const payloadType = 96

/** Plays the pictures of `http://…/PATH/whep`, H.264 without B-pictures. */
export class WhepViewer implements Viewer {
  readonly protocol = 'WHEP'
  readonly frames: Frame[] = []
  end: unknown
  #publication: Publication | undefined
  #connection: PeerConnection | undefined
  /** The library forgets a track that nobody holds. */
  #track: MediaTrack | undefined
  readonly #heard: (frame: Frame) => void
  readonly #opened: Promise<void>

  constructor(url: string, heard: (frame: Frame) => void = () => {}) {
    this.#heard = heard
    this.#opened = this.#retry(url).catch((error: unknown) => {
      this.end ??= error
    })
  }

  get tracks(): readonly Track[] {
    return this.#publication?.tracks ?? []
  }

  /** The library may lose its transport while the answer is on its way, on a busy machine: a client asks again then. */
  async #retry(url: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#open(url)
      } catch (error) {
        this.#connection?.close()
        if (tries === 3 || !/ICE transport/.test(String(error))) throw error
      }
    }
  }

  async #open(url: string): Promise<void> {
    const connection = new PeerConnection('viewer', { iceServers: [] })
    this.#connection = connection
    const media = new Video('video', 'RecvOnly')
    media.addH264Codec(payloadType, 'profile-level-id=4d401e;packetization-mode=1;level-asymmetry-allowed=1')
    const track = connection.addTrack(media)
    this.#track = track
    track.setMediaHandler(new RtcpReceivingSession())
    connection.setLocalDescription('offer')
    await waitFor('the candidates', () => connection.gatheringState() === 'complete')
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: connection.localDescription()?.sdp ?? '' })
    const text = await answer.text()
    if (answer.status !== 201) throw new Error(`${answer.status} ${text}`)
    const ingest = this.#ingest(text)
    track.onMessage((packet) => {
      if (((packet[1] ?? 0) & 0x7f) === payloadType) ingest.rtp(0, packet)
    })
    connection.setRemoteDescription(text, 'answer')
  }

  #ingest(answer: string): Ingest {
    const [media] = parseSdp(answer).media
    const reader = media && readerOf(media, 1)
    if (!reader) throw new Error('no picture in the answer')
    const open = (tracks: readonly Track[]) => {
      const publication = new FakeStreams().publish('seen', tracks)
      this.#publication = publication
      publication.write = (frame) => {
        this.frames.push(frame)
        this.#heard(frame)
      }
      return publication
    }
    return new Ingest({ media: [reader], ordered: false, open })
  }

  async close(): Promise<void> {
    this.end ??= 'left'
    await this.#opened
    this.#track?.close()
    this.#connection?.close()
  }
}
