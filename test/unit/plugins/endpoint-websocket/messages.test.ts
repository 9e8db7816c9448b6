import { describe, expect, it } from 'vitest'
import { faultOf, idOf, readDemand, writeBatch, writeBody } from '../../../../src/plugins/endpoint-websocket/messages.js'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a message', () => {
  it('is read with its defaults', () => {
    const send = readDemand({ type: 'send', kind: 't.x', text: 'grüße', timeout: 50 })
    expect(send).toMatchObject({ type: 'send', to: 'self', kind: 't.x', timeout: 50 })
    expect('body' in send && text(send.body)).toBe('grüße')
    const bytes = readDemand({ type: 'request', to: 'far', kind: 't.x', base64: '/w==' })
    expect('body' in bytes && [...bytes.body]).toEqual([255])
    expect(readDemand({ type: 'send', kind: 't.x' })).toMatchObject({ body: new Uint8Array() })
    expect(readDemand({ type: 'login', user: 'ann', password: 'x', more: 1 })).toEqual({ type: 'login', credentials: { user: 'ann', password: 'x' } })
    expect(readDemand({ type: 'subscribe', kinds: ['a', 'b'] })).toEqual({ type: 'subscribe', kinds: ['a', 'b'] })
  })

  it('that is wrong is refused', () => {
    const sends = [{}, { kind: 7 }, { kind: 'x', text: 7 }, { kind: 'x', text: 'a', base64: '' }, { kind: 'x', base64: 'a' }, { kind: 'x', base64: '****' }]
    const more = [
      { kind: 'x', to: '' },
      { kind: 'x', to: 7 },
      { kind: 'x', timeout: 0 },
      { kind: 'x', timeout: 1e9 },
      { kind: 'x', timeout: '5' },
    ]
    const kinds = [undefined, [], 'x', [7], Array.from({ length: 101 }, () => 'x')]
    const wrong = [undefined, null, 7, 'x', [], {}, { type: 'dance' }, { type: '__proto__' }, { type: 'login', user: 7 }]
    const all = [...wrong, ...[...sends, ...more].map((one) => ({ type: 'send', ...one })), ...kinds.map((one) => ({ type: 'subscribe', kinds: one }))]
    for (const one of all) expect(() => readDemand(one)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }))
  })

  it('keeps the mark of its sender, also where it is wrong otherwise', () => {
    expect([idOf({ id: 7 }), idOf({ id: 'a' }), idOf({ id: {} }), idOf(null), idOf({ id: 'x'.repeat(101) })]).toEqual([{ id: 7 }, { id: 'a' }, {}, {}, {}])
  })
})

describe('an answer', () => {
  it('is text where it can be', () => {
    expect(writeBody(new TextEncoder().encode('\ufeffgrüße'))).toEqual({ text: '\ufeffgrüße' })
    expect(writeBody(new Uint8Array([255, 254]))).toEqual({ base64: '//4=' })
  })

  it('to a batch says whether all, some or none went well', () => {
    const [good, bad] = [{ ok: true }, { ok: false, error: faultOf(new Error('no')) }]
    expect(writeBatch([good, good])).toMatchObject({ ok: true, partial: false, failed: 0 })
    expect(writeBatch([good, bad])).toMatchObject({ ok: false, partial: true, failed: 1, results: [good, { error: { code: 'ERR_INTERNAL' } }] })
    expect(writeBatch([bad, bad])).toMatchObject({ ok: false, partial: false, failed: 2 })
  })
})
