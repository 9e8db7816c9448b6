/** A reader for a URL. */

import { FlvReader } from './flv-reader.js'
import type { Reader } from './reader.js'
import { RtmpReader } from './rtmp-reader.js'

/** Opens `http://…/PATH.flv` or `rtmp://…/APP/NAME`. */
export function openReader(url: string): Reader {
  const target = new URL(url)
  return target.protocol === 'rtmp:' ? new RtmpReader(target) : new FlvReader(target)
}
