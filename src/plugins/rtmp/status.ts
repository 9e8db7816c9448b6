/** From errors to the status codes RTMP clients know. */

import { type ErrorCode, ShoalError } from '../../errors.js'
import type { StatusInfo } from '../../media/rtmp/command.js'

/** What was asked for when it failed. */
export type Verb = 'Connect' | 'Publish' | 'Play'

const publishCodes: Partial<Record<ErrorCode, string>> = {
  ERR_STREAM_TAKEN: 'BadName',
  ERR_TAKEN_OVER: 'BadName',
  ERR_PATH_INVALID: 'BadName',
  ERR_PUBLISH_TIMEOUT: 'Idle',
}

/** The status that tells a client of `error`; its text goes along. */
export function failure(verb: Verb, error: unknown): StatusInfo {
  const { code, message, hint } = ShoalError.from(error)
  // players show the description, and nothing else
  const description = code === 'ERR_CODEC_UNSUPPORTED' && hint !== undefined ? `${message} ${hint}` : message
  return { level: 'error', code: statusCode(verb, code), description, error: code }
}

function statusCode(verb: Verb, code: ErrorCode): string {
  if (verb === 'Connect') return 'NetConnection.Connect.Rejected'
  if (verb === 'Publish') return `NetStream.Publish.${publishCodes[code] ?? 'Failed'}`
  return `NetStream.Play.${code === 'ERR_STREAM_NOT_FOUND' ? 'StreamNotFound' : 'Failed'}`
}

/** A status that is no error. */
export function success(code: string, description: string): StatusInfo {
  return { level: 'status', code, description }
}
