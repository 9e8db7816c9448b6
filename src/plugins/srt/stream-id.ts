/** What a caller asks for: its stream id. */

import { ShoalError } from '../../errors.js'

/** A stream id that was understood. */
export interface SrtRequest {
  readonly action: 'publish' | 'read'
  /** Stream path, written the one way permissions are asked for. */
  readonly path: string
  readonly shown: { readonly token?: string; readonly user?: string; readonly password?: string }
}

/**
 * Reads a stream id: `publish:PATH`, `read:PATH`, both also with `:USER:PASSWORD` behind; `#!::m=publish,r=PATH,u=USER,s=SECRET`
 * (SRT Access Control), where without `u` the secret is a token; or a path alone, which is read. Throws `ERR_REQUEST_INVALID`.
 */
export function parseStreamId(text: string): SrtRequest {
  if (text === '') throw invalid('a caller gave no stream id')
  // programs that take URLs apart by themselves leave the number sign encoded
  if (/^(#|%23)!::/.test(text)) return fromKeys(text.replace(/^(#|%23)!::/, ''))
  const [head = '', ...rest] = text.split(':')
  if (rest.length === 0) return { action: 'read', path: pathOf(head), shown: {} }
  const [path = '', user, ...secret] = rest
  const password = secret.join(':')
  return { action: actionOf(head), path: pathOf(path), shown: user === undefined ? {} : { user, password } }
}

function fromKeys(list: string): SrtRequest {
  const keys = new Map(list.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const))
  const type = keys.get('t') ?? 'stream'
  if (type !== 'stream') throw invalid(`the type ${JSON.stringify(type.slice(0, 20))} is not served`)
  const user = keys.get('u')
  const secret = keys.get('s')
  const shown = user !== undefined ? { user, password: secret ?? '' } : secret !== undefined ? { token: secret } : {}
  return { action: actionOf(keys.get('m') ?? 'request'), path: pathOf(keys.get('r') ?? ''), shown }
}

function actionOf(text: string): SrtRequest['action'] {
  if (text === 'publish') return 'publish'
  if (text === 'read' || text === 'request') return 'read'
  throw invalid(`the mode ${JSON.stringify(text.slice(0, 20))} is neither publish nor read`)
}

function pathOf(text: string): string {
  const path = text.split('/').filter(Boolean).join('/').normalize('NFC')
  if (path === '') throw invalid('it names no stream')
  return path
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_REQUEST_INVALID', `SRT stream id: ${why}.`, { hint: 'Write streamid=publish:PATH or streamid=read:PATH.' })
}
