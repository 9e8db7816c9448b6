import { describe, expect, it } from 'vitest'
import { parseShoalUrl } from '../../../../src/daemon/streams/shoal-url.js'

const id = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

describe('parseShoalUrl', () => {
  it.each([
    [`shoal://${id}/live/cam`, { peer: id, path: 'live/cam' }],
    ['shoal://Kitchen/live/cam', { peer: 'Kitchen', path: 'live/cam' }],
    ['SHOAL://Kitchen/a', { peer: 'Kitchen', path: 'a' }],
    ['shoal:///live/cam', { path: 'live/cam' }],
    ['shoal://K%C3%BCche%20oben/live', { peer: 'Küche oben', path: 'live' }],
    ['shoal://Küche/live', { peer: 'Küche', path: 'live' }],
    ['shoal://a/%E2%82%AC/x y', { peer: 'a', path: '€/x y' }],
    ['shoal://a//live//cam/', { peer: 'a', path: 'live/cam' }],
    ['shoal://a/x/../y', { peer: 'a', path: 'y' }],
    ['shoal://my.host-1_x/p', { peer: 'my.host-1_x', path: 'p' }],
  ])('%s', (text, expected) => {
    expect(parseShoalUrl(new URL(text))).toEqual(expected)
  })

  it.each([
    ['shoal://a:80/x', 'ERR_URL_INVALID'],
    ['shoal://user@a/x', 'ERR_URL_INVALID'],
    ['shoal://:pw@a/x', 'ERR_URL_INVALID'],
    ['shoal://[::1]/x', 'ERR_URL_INVALID'],
    ['shoal://a/x?y=1', 'ERR_URL_INVALID'],
    ['shoal://a/x#y', 'ERR_URL_INVALID'],
    ['shoal://a/%zz', 'ERR_URL_INVALID'],
    ['shoal://%ff/x', 'ERR_URL_INVALID'],
    ['shoal://a/x%2Fy', 'ERR_URL_INVALID'],
    ['shoal:a/x', 'ERR_URL_INVALID'],
    ['shoal:/a/x', 'ERR_URL_INVALID'],
    ['http://a/x', 'ERR_URL_INVALID'],
    ['shoal://a', 'ERR_PATH_INVALID'],
    ['shoal://a/', 'ERR_PATH_INVALID'],
    ['shoal:///', 'ERR_PATH_INVALID'],
    ['shoal://a/%00', 'ERR_PATH_INVALID'],
    [`shoal://a/${'x'.repeat(256)}`, 'ERR_PATH_INVALID'],
  ])('refuses %s', (text, code) => {
    expect(() => parseShoalUrl(new URL(text))).toThrow(expect.objectContaining({ code }))
  })

  it('shows no credentials in its errors', () => {
    expect(() => parseShoalUrl(new URL('shoal://user:hunter2@a/x'))).toThrow(/^(?!.*hunter2).*password/)
  })
})
