import { describe, expect, it } from 'vitest'
import { outputPath, outputUrl, parseOutput } from '../../../../src/plugins/transcode/output.js'
import { codeOf } from '../../media/configs.js'

const read = (url: string, presets: Record<string, string[]> = {}) => parseOutput(new URL(url), { presets })

describe('outputs', () => {
  it('are named by stream and preset', () => {
    expect(outputPath('live/cam', 'opus')).toBe('live/cam~opus')
    expect(read(outputUrl('live/größe 1', 'opus'))).toMatchObject({ source: 'live/größe 1', options: expect.arrayContaining(['libopus']) })
  })

  it('take presets of the configuration before those that are always there', () => {
    expect(read('transcode:///a?to=opus', { opus: ['-an'] }).options).toEqual(['-an'])
    expect(read('transcode:///a?to=mine', { mine: ['-vn'] }).options).toEqual(['-vn'])
  })

  it('are refused where they make no sense', () => {
    expect(codeOf(() => read('transcode:///a?to=constructor'))).toBe('ERR_NOT_FOUND')
    for (const url of ['transcode:///?to=opus', 'transcode:///a', 'transcode://host/a?to=opus']) expect(codeOf(() => read(url))).toBe('ERR_URL_INVALID')
  })
})
