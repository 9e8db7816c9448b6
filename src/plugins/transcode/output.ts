/** What an output is made of: a stream and a preset. */

import { ShoalError } from '../../errors.js'
import type { TranscodeConfig } from './config.js'

/** One output that is asked for. */
export interface Output {
  /** Stream that is read. */
  readonly source: string
  /** Output options of ffmpeg. */
  readonly options: readonly string[]
}

const lowDelay = ['-preset', 'veryfast', '-tune', 'zerolatency', '-g', '50', '-pix_fmt', 'yuv420p']
const h264 = ['-c:v', 'libx264', ...lowDelay]
const scaled = (height: number, rate: string): string[] => ['-vf', `scale=-2:${height}`, ...h264, '-maxrate', rate, '-bufsize', rate, '-c:a', 'copy']

/** Presets that are always there. */
export const presets: Readonly<Record<string, readonly string[]>> = {
  opus: ['-c:v', 'copy', '-c:a', 'libopus', '-b:a', '96k', '-ac', '2'],
  aac: ['-c:v', 'copy', '-c:a', 'aac', '-b:a', '128k'],
  h264: [...h264, '-c:a', 'copy'],
  '720p': scaled(720, '2500k'),
  '360p': scaled(360, '800k'),
}

/** The path of an output. */
export function outputPath(source: string, preset: string): string {
  return `${source}~${preset}`
}

/** The URL from which an output is pulled. */
export function outputUrl(source: string, preset: string): string {
  return `transcode:///${source.split('/').map(encodeURIComponent).join('/')}?to=${preset}`
}

/** Reads `transcode:///PATH?to=PRESET`. Throws `ERR_URL_INVALID`, `ERR_NOT_FOUND` for an unknown preset. */
export function parseOutput(url: URL, config: Pick<TranscodeConfig, 'presets'>): Output {
  const preset = url.searchParams.get('to') ?? ''
  const source = decodeURIComponent(url.pathname).split('/').filter(Boolean).join('/')
  if (source === '' || preset === '' || url.host !== '') throw new ShoalError('ERR_URL_INVALID', 'A transcode URL is transcode:///PATH?to=PRESET.')
  const options = Object.hasOwn(config.presets, preset) ? config.presets[preset] : Object.hasOwn(presets, preset) ? presets[preset] : undefined
  if (options) return { source, options }
  const known = [...new Set([...Object.keys(presets), ...Object.keys(config.presets)])].join(', ')
  throw new ShoalError('ERR_NOT_FOUND', `There is no preset ${preset}. Presets: ${known}.`)
}
