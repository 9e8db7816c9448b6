/** What there is instead of a stream that cannot be carried. */

import { ShoalError } from '../errors.js'
import type { StreamVersion } from '../stream.js'

/** A version for people: `live/cam~opus (opus)`. */
export function versionText({ path, video, audio }: StreamVersion): string {
  const codecs = [video, audio].filter((codec) => codec !== undefined).join(', ')
  return codecs === '' ? path : `${path} (${codecs})`
}

/** The error with the versions in its hint, where it is one about codecs and there are some; otherwise as it was. */
export function namingVersions(error: ShoalError, versions: readonly StreamVersion[]): ShoalError {
  if (error.code !== 'ERR_CODEC_UNSUPPORTED' || versions.length === 0) return error
  const named = `In other codecs there is ${versions.map(versionText).join(', ')}.`
  const hint = error.hint === undefined ? named : `${error.hint} ${named}`
  return new ShoalError(error.code, error.message, { hint, cause: error, ...(error.data && { data: error.data }) })
}
