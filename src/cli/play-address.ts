/** `shoal play --with` and `--player`: where a stream can be had, and who plays it best. */

import { ShoalError } from '../errors.js'
import type { Answer, Client } from './client.js'

type Tracks = Answer<'streams.info'>['stream']['tracks']

/** A way to a stream. `page`: the watch page plays it; programs take the others. */
interface Way {
  readonly page: boolean
  address(base: string, path: string, client: Client): string | Promise<string>
}

const file =
  (ending: string) =>
  (base: string, path: string): string =>
    `${base}${path}${ending}`

const page =
  (via?: string) =>
  (base: string, path: string): string =>
    `${base}watch/?path=${path}${via === undefined ? '' : `&via=${via}`}`

/** The port that a plugin listens at, in the address of the web server. */
const port =
  (plugin: string, scheme: string) =>
  async (base: string, path: string, client: Client): Promise<string> => {
    const info = await client.plugin<{ readonly port: number }>('GET', `/${plugin}/info`)
    return `${scheme}://${new URL(base).hostname}:${info.port}/${path}`
  }

/** SRT names a stream by its id, and listens where it is told to. */
async function srtAddress(base: string, path: string, client: Client): Promise<string> {
  const info = await client.plugin<{ readonly port?: number }>('GET', '/srt/info')
  if (info.port === undefined) throw new ShoalError('ERR_USAGE', 'This node does not listen for SRT.', { hint: 'Set plugins.srt.listen to true.' })
  return `srt://${new URL(base).hostname}:${info.port}?streamid=read:${path}`
}

const ways: Readonly<Record<string, Way>> = {
  page: { page: true, address: page() },
  webrtc: { page: true, address: page('webrtc') },
  fmp4: { page: false, address: file('.mp4') },
  hls: { page: false, address: file('.m3u8') },
  flv: { page: false, address: file('.flv') },
  ts: { page: false, address: file('.ts') },
  rtsp: { page: false, address: port('rtsp', 'rtsp') },
  rtmp: { page: false, address: port('rtmp', 'rtmp') },
  srt: { page: false, address: srtAddress },
}

/** Names that `--with` takes. */
export const protocols: readonly string[] = Object.keys(ways).filter((name) => name !== 'page')

/** The address of a stream of this node. `browser`: as the watch page plays it. Rejects with `ERR_USAGE`, or where the node serves no HTTP. */
export async function playAddress(client: Client, path: string, protocol: string | undefined, browser: boolean): Promise<{ protocol: string; url: string }> {
  const { http } = await client.call('status')
  if (!http) throw new ShoalError('ERR_USAGE', 'This node serves no HTTP.', { hint: 'Set http.enabled to true.' })
  const name = protocol ?? (browser ? 'page' : bestFor(await tracksOf(client, path)))
  const way = Object.hasOwn(ways, name) ? ways[name] : undefined
  if (!way) throw new ShoalError('ERR_USAGE', `There is no protocol "${name}".`, { hint: `Protocols: ${protocols.join(', ')}.` })
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  const shown = browser && !way.page ? { page: true, address: page(name) } : way
  return { protocol: name, url: await shown.address(http.url, encoded, client) }
}

async function tracksOf(client: Client, path: string): Promise<Tracks> {
  const { streams } = await client.call('streams.list')
  return streams.find((stream) => stream.path === path && stream.local)?.tracks ?? []
}

/** What programs join fastest and that carries every codec: FLV, for newer codecs MPEG-TS, and MP4 for those that neither has. */
export function bestFor(tracks: Tracks): string {
  const all = (pattern: RegExp): boolean => tracks.every(({ kind, codec }) => kind === 'data' || pattern.test(codec))
  if (all(/^(avc[13]\.|mp4a\.|mp3$)/)) return 'flv'
  return all(/^(avc[13]\.|hvc1\.|hev1\.|mp4a\.|mp3$|opus$)/) ? 'ts' : 'fmp4'
}
