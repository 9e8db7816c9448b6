/**
 * What the library is told of the other end. It sees one medium for everything: descriptions of real media are ours, and so is
 * telling packets apart. So any codec goes through, also one that the library does not know.
 */

import { type Description, parseDescription, type Transport } from '../../media/webrtc/description.js'

/** The one medium. */
export const mediumId = '0'
const dataId = '1'

/** A description for the library. `data`: with data channels. */
export function libraryDescription(transport: Transport, data: boolean): string {
  const { ufrag, password, fingerprint, setup, candidates } = transport
  const own = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, `a=setup:${setup}`]
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${data ? `${mediumId} ${dataId}` : mediumId}`,
    `a=fingerprint:${fingerprint}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    `a=mid:${mediumId}`,
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:96 VP8/90000',
    ...own,
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(data ? ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', `a=mid:${dataId}`, 'a=sctp-port:5000', ...own] : []),
    '',
  ].join('\r\n')
}

/** What the library says of this end. Throws `ERR_MEDIA_INVALID`. */
export function ownTransport(sdp: string): Transport {
  const { transport }: Description = parseDescription(sdp)
  return transport
}
