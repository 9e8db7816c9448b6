/** What a request for media asks for. */

import type { Duplex } from 'node:stream'
import { ShoalError } from '../errors.js'

/** What both sorts of exchange have. */
export interface Incoming {
  readonly request: { readonly socket: Duplex & { readonly remoteAddress?: string | undefined } }
  readonly query: URLSearchParams
  readonly who: { readonly address?: string | undefined }
  readonly signal: AbortSignal
}

/** Who asks, for lists and logs: `127.0.0.1`. */
export function addressOf({ request, who }: Incoming): string {
  return who.address ?? request.socket.remoteAddress ?? 'local'
}

/** `?tracks=video` or `?tracks=audio`; both by default. Throws `ERR_REQUEST_INVALID`. */
export function wantedTracks(query: URLSearchParams): ('video' | 'audio' | 'data')[] {
  const names = (query.get('tracks') ?? 'video,audio').split(',')
  return names.map((name) => {
    if (name === 'video' || name === 'audio' || name === 'data') return name
    throw new ShoalError('ERR_REQUEST_INVALID', `tracks takes video, audio and data, with commas, not ${JSON.stringify(name.slice(0, 40))}.`)
  })
}
