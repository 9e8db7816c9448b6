import { describe, expect, it } from 'vitest'
import { DocumentDepacketizer, DocumentReader, isDocumentCodec, klvCodec, onvifCodec, packetizeDocument } from '../../../../src/media/rtp/document.js'

/** Payloads as packets; `lost` do not arrive, `bare` come without a marker. */
function received(depacketizer: DocumentDepacketizer, documents: readonly (readonly Uint8Array[][])[], lost: readonly number[] = [], bare = false): string[] {
  let sequence = 0
  return documents.flatMap((payloads, at) =>
    payloads.flatMap((pieces, i) => {
      const here = sequence++
      if (lost.includes(here)) return []
      const packet = { payloadType: 96, marker: !bare && i === payloads.length - 1, sequence: here, timestamp: (at + 1) * 9000, ssrc: 1 }
      const units = depacketizer.push({ ...packet, payload: new Uint8Array(Buffer.concat(pieces)) }, lost.includes(here - 1))
      return units.flatMap(({ parts }) => parts.map((part) => Buffer.from(part).toString('latin1')))
    }),
  )
}

const klv = (seed: string): Uint8Array => Uint8Array.from([...Buffer.from('060e2b34', 'hex'), ...Buffer.from(seed.repeat(30))])
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

describe('documents over RTP', () => {
  const documents = ['a', 'b', 'c'].map(klv)
  const sent = documents.map((each) => packetizeDocument(each, 20))

  it('come back whole, with a marker or without', () => {
    expect(sent.flat().every(([piece]) => piece && piece.length <= 20)).toBe(true)
    expect(received(new DocumentDepacketizer(klvCodec), sent)).toEqual(documents.map(text))
    expect(received(new DocumentDepacketizer(klvCodec), sent, [], true)).toEqual(documents.slice(0, 2).map(text))
  })

  it('are left out where a packet is lost: the first, one within, the last', () => {
    for (const lost of [0, 1, 2, 3, 4].map((i) => (sent[0]?.length ?? 0) + i).slice(0, sent[1]?.length)) {
      expect(received(new DocumentDepacketizer(klvCodec), sent, [lost]), String(lost)).toEqual(
        [documents[0], documents[2]].map((each) => text(each as Uint8Array)),
      )
    }
  })

  it('of XML begin with a bracket', () => {
    const xml = ['<a/>'.repeat(10), '\ufeff <b/>'.repeat(10)].map((each) => Buffer.from(each))
    const packets = xml.map((each) => packetizeDocument(each, 15))
    expect(received(new DocumentDepacketizer(onvifCodec), packets)).toEqual(xml.map(text))
    expect(received(new DocumentDepacketizer(onvifCodec), packets, [(packets[0]?.length ?? 0) - 1])).toEqual([text(xml[1] as Uint8Array)])
  })

  it('are frames of a data track that is known at once', () => {
    const reader = new DocumentReader(4, klvCodec)
    expect(reader.track).toEqual({ id: 4, kind: 'data', codec: klvCodec })
    expect(reader.read({ timestamp: 0, later: 0, parts: [klv('x')] }).frame).toMatchObject({ track: 4, key: true })
    expect(reader.read({ timestamp: 0, later: 0, parts: [] })).toEqual({})
    expect([klvCodec, onvifCodec, 'text', 'constructor'].map(isDocumentCodec)).toEqual([true, true, false, false])
  })
})
