import { expect, it } from 'vitest'
import { ShoalError } from '../../../src/errors.js'
import { namingVersions } from '../../../src/viewing/versions.js'

const versions = [{ path: 'live/cam~opus', audio: 'opus' }, { path: 'live/cam~both', video: 'avc1.64001f', audio: 'opus' }, { path: 'live/cam~x' }]

it('names what there is in other codecs', () => {
  const bare = namingVersions(new ShoalError('ERR_CODEC_UNSUPPORTED', 'No.'), versions)
  expect([bare.message, bare.hint]).toEqual(['No.', 'In other codecs there is live/cam~opus (opus), live/cam~both (avc1.64001f, opus), live/cam~x.'])
  const hinted = namingVersions(new ShoalError('ERR_CODEC_UNSUPPORTED', 'No.', { hint: 'Do this.' }), versions.slice(0, 1))
  expect(hinted.hint).toBe('Do this. In other codecs there is live/cam~opus (opus).')
})

it('leaves other errors, and streams without versions, alone', () => {
  const [other, alone] = [new ShoalError('ERR_LIMIT', 'No.'), new ShoalError('ERR_CODEC_UNSUPPORTED', 'No.')]
  expect(namingVersions(other, versions)).toBe(other)
  expect(namingVersions(alone, [])).toBe(alone)
})
