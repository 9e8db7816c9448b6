/** From errors to the status codes of RTSP. */

import { type ErrorCode, ShoalError } from '../../errors.js'

const codes: Partial<Record<ErrorCode, number>> = {
  ERR_UNAUTHENTICATED: 401,
  ERR_FORBIDDEN: 403,
  ERR_STREAM_NOT_FOUND: 404,
  ERR_PATH_INVALID: 400,
  ERR_URL_INVALID: 400,
  ERR_PROTOCOL: 400,
  ERR_MEDIA_INVALID: 400,
  ERR_STREAM_TAKEN: 403,
  ERR_CODEC_UNSUPPORTED: 415,
  ERR_LIMIT: 453,
}

/** The status that tells a client of `error`. */
export function statusOf(error: unknown): number {
  return codes[ShoalError.from(error).code] ?? 500
}
