import { expect, it } from 'vitest'
import { checkPlayer, runPlayer } from '../../../src/cli/play-program.js'

it('knows its players', () => {
  expect(() => checkPlayer('vlc')).not.toThrow()
  expect(() => checkPlayer('toString')).toThrow('There is no player "toString".')
})

it('says how to go on where the player is not there', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    await expect(runPlayer('mpv', 'http://x/live/cam.flv', new AbortController().signal)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      hint: 'Install mpv, or open http://x/live/cam.flv yourself.',
    })
  } finally {
    process.env.PATH = path
  }
})
