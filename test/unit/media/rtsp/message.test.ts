import { describe, expect, it } from 'vitest'
import { encodeInterleaved, encodeRequest, encodeResponse, headerOf, RtspReader } from '../../../../src/media/rtsp/message.js'
import { parseTransports, writeTransport } from '../../../../src/media/rtsp/transport.js'

describe('RtspReader', () => {
  const bytes = Buffer.concat([
    encodeRequest('ANNOUNCE', 'rtsp://a/live/cam', { CSeq: 2, 'Content-Type': 'application/sdp' }, 'v=0\r\n'),
    encodeInterleaved(3, Uint8Array.of(1, 2)),
    Buffer.from('\r\n'),
    encodeResponse(200, { CSeq: 2, Session: 'x;timeout=60' }),
  ])

  it('cuts a connection into messages and packets, however the bytes come', () => {
    for (const size of [1, 7, 1000]) {
      const reader = new RtspReader()
      const units = []
      for (let at = 0; at < bytes.length; at += size) units.push(...reader.read(bytes.subarray(at, at + size)))
      expect(units.map(({ type }) => type)).toEqual(['request', 'data', 'response'])
      const [request, data, response] = units
      expect(request).toMatchObject({ method: 'ANNOUNCE', uri: 'rtsp://a/live/cam', body: Uint8Array.from(Buffer.from('v=0\r\n')) })
      expect(data).toMatchObject({ channel: 3 })
      expect(response?.type === 'response' && headerOf(response.headers, 'session')).toBe('x;timeout=60')
      expect(reader.partial).toBe(0)
    }
  })

  it('refuses what is no RTSP', () => {
    const wrong = [
      'GET / HTTP/1.1\r\n\r\n',
      '\u0000',
      'PLAY rtsp://a RTSP/1.0\r\nno colon\r\n\r\n',
      'PLAY rtsp://a RTSP/1.0\r\nContent-Length: 9999999\r\n\r\n',
      `PLAY rtsp://a RTSP/1.0\r\n${'a: b\r\n'.repeat(200)}\r\n`,
      `PLAY ${'x'.repeat(40_000)}`,
    ]
    for (const text of wrong) expect(() => [...new RtspReader().read(Buffer.from(text))], text.slice(0, 40)).toThrow(/RTSP/)
  })

  it('nobody gets a header line of their own into a message', () => {
    const [unit] = new RtspReader().read(encodeResponse(200, { Server: 'a\r\nX: b' }))
    expect(unit?.type === 'response' && [...unit.headers.keys()]).toEqual(['server'])
  })
})

describe('transports', () => {
  it('are read as clients write them', () => {
    expect(parseTransports('RTP/AVP/UDP;unicast;client_port=5000-5001, RTP/AVP/TCP;unicast;interleaved=2-3;mode="RECORD"')).toEqual([
      { kind: 'udp', record: false, clientPort: [5000, 5001] },
      { kind: 'tcp', record: true, interleaved: [2, 3] },
    ])
    expect(parseTransports('RTP/AVP;multicast, RTP/SAVP;unicast, RTP/AVP;client_port=70000')).toEqual([{ kind: 'udp', record: false }])
    expect(parseTransports('RTP/AVP;client_port=5000')).toEqual([{ kind: 'udp', record: false, clientPort: [5000, 5001] }])
  })

  it('are written as they are read', () => {
    const transport = { kind: 'udp', record: true, clientPort: [1, 2], serverPort: [3, 4], ssrc: '00AB' } as const
    expect(parseTransports(writeTransport(transport))).toEqual([transport])
  })
})
