/** Writes offers and answers of WebRTC. All media share one transport. */

import type { Direction, Format, Transport } from './description.js'

/** A medium as it is written. */
export type WrittenSection =
  | {
      readonly kind: 'audio' | 'video'
      readonly mid: string
      readonly direction: Direction
      readonly formats: readonly Format[]
      /** Of the stream that is sent; tracks with the same `group` play together. */
      readonly sends?: { readonly ssrc: number; readonly group: string; readonly track: string }
      readonly extensions?: ReadonlyMap<number, string>
      /** Of the layers of simulcast that are taken. */
      readonly layers?: readonly string[]
    }
  | { readonly kind: 'application'; readonly mid: string }
  /** A medium of an offer that is not taken. `kind` as it was offered. */
  | { readonly kind: string; readonly mid: string; readonly refused: true }

/** Writes a description. */
export function writeDescription(transport: Transport, sections: readonly WrittenSection[]): string {
  const bundled = sections.filter((section) => !('refused' in section)).map(({ mid }) => mid)
  const head = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${bundled.join(' ')}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic:WMS *',
    'a=ice-options:ice2',
    `a=fingerprint:${transport.fingerprint}`,
  ]
  const first = bundled[0]
  const body = sections.flatMap((section) => linesOf(section, transport, section.mid === first))
  return [...head, ...body, ''].join('\r\n')
}

function linesOf(section: WrittenSection, transport: Transport, first: boolean): string[] {
  if ('refused' in section) return [`m=${section.kind} 0 ${protocolOf(section.kind)}`, 'c=IN IP4 0.0.0.0', `a=mid:${section.mid}`, 'a=inactive']
  const types = 'formats' in section ? section.formats.map(({ payloadType }) => payloadType).join(' ') : 'webrtc-datachannel'
  return [
    `m=${section.kind} 9 ${section.kind === 'application' ? 'UDP/DTLS/SCTP' : 'UDP/TLS/RTP/SAVPF'} ${types}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${section.mid}`,
    `a=ice-ufrag:${transport.ufrag}`,
    `a=ice-pwd:${transport.password}`,
    `a=setup:${transport.setup}`,
    ...('formats' in section ? mediaLines(section) : ['a=sctp-port:5000', 'a=max-message-size:262144']),
    // one transport: its candidates stand once
    ...(first ? [...transport.candidates.map((candidate) => `a=${candidate}`), 'a=end-of-candidates'] : []),
  ]
}

function protocolOf(kind: string): string {
  return kind === 'application' ? 'UDP/DTLS/SCTP webrtc-datachannel' : 'UDP/TLS/RTP/SAVPF 0'
}

function mediaLines(section: Extract<WrittenSection, { readonly formats: readonly Format[] }>): string[] {
  const { direction, formats, sends, extensions = new Map(), layers = [], kind } = section
  return [
    ...[...extensions].map(([id, uri]) => `a=extmap:${id} ${uri}`),
    `a=${direction}`,
    ...(sends ? [`a=msid:${sends.group} ${sends.track}`] : []),
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...formats.flatMap((format) => formatLines(kind, format)),
    ...layers.map((layer) => `a=rid:${layer} recv`),
    ...(layers.length > 0 ? [`a=simulcast:recv ${layers.join(';')}`] : []),
    ...(sends ? [`a=ssrc:${sends.ssrc} cname:shoal`, `a=ssrc:${sends.ssrc} msid:${sends.group} ${sends.track}`] : []),
  ]
}

function formatLines(kind: string, { payloadType, encoding, rate, channels, parameters }: Format): string[] {
  const fmtp = [...parameters].map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join(';')
  const feedback = kind === 'video' ? ['nack', 'nack pli', 'ccm fir', 'goog-remb'] : []
  return [
    `a=rtpmap:${payloadType} ${written(encoding)}/${rate}${channels > 1 ? `/${channels}` : ''}`,
    ...(fmtp ? [`a=fmtp:${payloadType} ${fmtp}`] : []),
    ...feedback.map((each) => `a=rtcp-fb:${payloadType} ${each}`),
  ]
}

/** As everybody writes it; readers should not mind, and some do. */
function written(encoding: string): string {
  return encoding === 'opus' ? encoding : encoding.toUpperCase()
}
