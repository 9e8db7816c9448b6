/** What an output is made of: a stream and a preset. */

import { ShoalError } from '../../errors.js'
import type { VersionOf } from '../../stream.js'
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
  webrtc: [...h264, '-c:a', 'libopus', '-b:a', '96k', '-ac', '2'],
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

/** What encoders of ffmpeg make; the profile is a guess. */
const codecs: readonly (readonly [RegExp, string])[] = [
  [/^(libx264|h264_\w+|libopenh264)$/, 'avc1.64001f'],
  [/^(libx265|hevc_\w+)$/, 'hvc1.1.6.L93.B0'],
  [/^(libopus|opus)$/, 'opus'],
  [/^(aac|libfdk_aac|aac_at)$/, 'mp4a.40.2'],
  [/^libmp3lame$/, 'mp3'],
]

/** What output options make of a stream; undefined where that is not known, or where they leave something of it out. */
export function versionOf(path: string, options: readonly string[]): VersionOf | undefined {
  const [video, audio] = [codecIn(options, 'v', 'vcodec'), codecIn(options, 'a', 'acodec')]
  if (video === undefined || audio === undefined || options.some((option) => option === '-vn' || option === '-an')) return undefined
  const has = (name: string, value: string): boolean => options.some((option, i) => option === name && options[i + 1] === value)
  const inOrder = video !== 'copy' && (has('-tune', 'zerolatency') || has('-bf', '0'))
  return { path, ...(video !== 'copy' && { video }), ...(audio !== 'copy' && { audio }), ...(inOrder && { inOrder }) }
}

/** `copy`, a codec, or undefined for one that is not known. */
function codecIn(options: readonly string[], kind: string, old: string): string | undefined {
  const names = [`-c:${kind}`, `-codec:${kind}`, `-${old}`, '-c', '-codec']
  const encoder = options.find((_, i) => names.includes(options[i - 1] ?? ''))
  return encoder === 'copy' ? encoder : codecs.find(([pattern]) => pattern.test(encoder ?? ''))?.[1]
}
