import { describe, expect, it } from 'vitest'
import { outputPath, outputUrl, parseOutput, presets, versionOf } from '../../../../src/plugins/transcode/output.js'
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

  it('say what they make of a stream, where that is known', () => {
    const made = (options: readonly string[] = []) => versionOf('a', options)
    expect(made(presets['opus'])).toEqual({ path: 'a', audio: 'opus' })
    expect(made(presets['aac'])).toEqual({ path: 'a', audio: 'mp4a.40.2' })
    expect(made(presets['h264'])).toEqual({ path: 'a', video: 'avc1.64001f', inOrder: true })
    expect(made(presets['webrtc'])).toEqual({ path: 'a', video: 'avc1.64001f', audio: 'opus', inOrder: true })
    expect(made(['-c', 'copy'])).toEqual({ path: 'a' })
    expect(made(['-vcodec', 'libx265', '-acodec', 'copy'])).toEqual({ path: 'a', video: 'hvc1.1.6.L93.B0' })
    expect(made(['-c:v', 'libx264', '-c:a', 'copy'])).toEqual({ path: 'a', video: 'avc1.64001f' })
    for (const options of [[], ['-c:v', 'copy'], ['-c:v', 'prores', '-c:a', 'copy'], ['-c', 'copy', '-an'], ['-c:v']]) expect(made(options)).toBeUndefined()
  })

  it('are refused where they make no sense', () => {
    expect(codeOf(() => read('transcode:///a?to=constructor'))).toBe('ERR_NOT_FOUND')
    for (const url of ['transcode:///?to=opus', 'transcode:///a', 'transcode://host/a?to=opus']) expect(codeOf(() => read(url))).toBe('ERR_URL_INVALID')
  })
})
