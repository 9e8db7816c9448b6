import { expect, it } from 'vitest'
import { Versions } from '../../../../src/daemon/streams/versions.js'

const opus = { path: 'live/cam', audio: 'opus' }

it('are those of a stream while they are offered; a version has the others', () => {
  const versions = new Versions()
  const undo = versions.add('live/cam~opus', opus)
  versions.add('live/cam~h264', { path: '/live/cam', video: 'avc1.64001f', inOrder: true })
  expect(versions.of('live/cam')).toEqual([
    { path: 'live/cam~opus', audio: 'opus' },
    { path: 'live/cam~h264', video: 'avc1.64001f', inOrder: true },
  ])
  expect(versions.of('live/cam~opus').map(({ path }) => path)).toEqual(['live/cam~h264'])
  undo()
  expect(versions.of('live/cam').map(({ path }) => path)).toEqual(['live/cam~h264'])
  const again = versions.add('live/cam~opus', opus)
  undo()
  expect(versions.of('live/cam').length).toBe(2)
  again()
  expect(versions.of('live/cam~opus')).toEqual([])
})

it('takes what plugins say with care', () => {
  const versions = new Versions()
  versions.add('live/cam', { path: 'live/cam', audio: 'opus' })
  versions.add('live/cam~odd', { path: 'live/cam', audio: 7, video: 'x'.repeat(81), inOrder: 'yes' } as never)
  expect(versions.of('live/cam')).toEqual([{ path: 'live/cam~odd' }])
  for (let i = 0; i < 100; i++) versions.add(`live/cam~${i}`, opus)
  expect(versions.of('live/cam').length).toBe(50)
  expect(() => versions.add('x', { path: '' })).toThrow('path')
})
