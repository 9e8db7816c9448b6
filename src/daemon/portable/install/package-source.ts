/** Where a package comes from: a file of this machine, or the web. */

import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { isAbsolute } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../../errors.js'
import { deadline } from '../../util/wait.js'
import { type DownloadLimits, openDownload } from './download.js'

/** How a package is fetched. */
export interface FetchOptions extends DownloadLimits {
  /** An absolute path, or a URL of `file:`, `https:` or `http:`. */
  readonly source: string
  /** The file that is written; it must not exist. */
  readonly target: string
  /** SHA-256 that the archive must have, in hex. */
  readonly sha256?: string
  readonly signal: AbortSignal
  readonly times?: DownloadTimes
  /** Bytes so far; `total` where it is known. */
  onProgress?(done: number, total: number | undefined): void
}

/** Bytes of an archive. */
export const maxArchive: number = 100 * 1024 * 1024

/** How long a download may take, in ms. Tests shorten them. */
export interface DownloadTimes {
  /** All of it … */
  readonly total: number
  /** … and without a byte. */
  readonly idle: number
}

const downloadTimes: DownloadTimes = { total: 600_000, idle: 30_000 }

/**
 * Copies the archive to `target`; resolves with its SHA-256 in hex. Rejects with `ERR_SOURCE_FAILED`, `ERR_URL_INVALID`, `ERR_ARCHIVE_TOO_LARGE`,
 * `ERR_TIMEOUT`, `ERR_PLUGIN_HASH`; what was written is left to the caller.
 */
export async function fetchPackage(options: FetchOptions): Promise<string> {
  const { source, sha256 } = options
  const path = localPath(source)
  const hash = createHash('sha256')
  if (path !== undefined) await copyFile(path, hash, options)
  else await download(new URL(source), hash, options)
  const found = hash.digest('hex')
  if (sha256 !== undefined && found !== sha256.toLowerCase())
    throw new ShoalError('ERR_PLUGIN_HASH', `The archive has the SHA-256 ${found}, not ${sha256.toLowerCase()}.`, { data: { found, expected: sha256 } })
  return found
}

/** The path that a source means, if it lies on this machine. Throws `ERR_URL_INVALID` for what is no source at all. */
export function localPath(source: string): string | undefined {
  if (isAbsolute(source)) return source
  const url = URL.canParse(source) ? new URL(source) : undefined
  const path = url?.protocol === 'file:' && (url.hostname === '' || url.hostname === 'localhost') ? pathOf(url) : undefined
  if (path !== undefined) return path
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return undefined
  throw new ShoalError(
    'ERR_URL_INVALID',
    `A plugin comes from a zip file or from a URL of https, not from ${JSON.stringify(shownSource(source).slice(0, 200))}.`,
    {
      hint: 'Give an absolute path, or file:///…, or https://….',
    },
  )
}

/** Undefined for a path that no file can have: with a slash in a name, or a null. */
function pathOf(url: URL): string | undefined {
  try {
    const path = fileURLToPath(url)
    return path.includes('\0') ? undefined : path
  } catch {
    return undefined
  }
}

/** A source without what may be secret in it: password and query. */
export function shownSource(source: string): string {
  if (isAbsolute(source) || !URL.canParse(source)) return source
  const url = new URL(source)
  url.username = ''
  url.password = ''
  url.search = url.search === '' ? '' : '?…'
  url.hash = ''
  return url.href.replaceAll('%E2%80%A6', '…')
}

async function copyFile(path: string, hash: Hash, options: FetchOptions): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ShoalError('ERR_SOURCE_FAILED', `The file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
  if (!found.isFile()) throw new ShoalError('ERR_SOURCE_FAILED', `${path} is no file.`, { hint: 'Pack a folder first: shoal plugins pack DIR.' })
  if (found.size > maxArchive) throw tooLarge(found.size)
  await write(createReadStream(path), hash, found.size, options)
}

async function download(url: URL, hash: Hash, options: FetchOptions): Promise<void> {
  const { total, idle } = options.times ?? downloadTimes
  const limit = deadline(total, 'ERR_TIMEOUT', `The download took longer than ${total / 1000} s.`, options.signal)
  try {
    const response = await openDownload(url, { ...options, signal: limit.signal, idle })
    const length = lengthOf(response)
    if (length !== undefined && length > maxArchive) {
      response.destroy()
      throw tooLarge(length)
    }
    await write(response, hash, length, { ...options, signal: limit.signal })
  } catch (error) {
    limit.signal.throwIfAborted()
    throw error instanceof ShoalError
      ? error
      : new ShoalError('ERR_SOURCE_FAILED', `The download from ${url.host} failed: ${messageOf(error)}`, { cause: error })
  } finally {
    limit.done()
  }
}

function lengthOf(response: IncomingMessage): number | undefined {
  const text = response.headers['content-length']
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

async function write(from: Readable, hash: Hash, total: number | undefined, { target, signal, onProgress }: FetchOptions): Promise<void> {
  let done = 0
  const watched = new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      done += chunk.length
      if (done > maxArchive) return next(tooLarge(done))
      hash.update(chunk)
      onProgress?.(done, total)
      next(null, chunk)
    },
  })
  try {
    await pipeline(from, watched, createWriteStream(target, { flags: 'wx', mode: 0o600 }), { signal })
  } catch (error) {
    // a connection that ends too early says only that it was aborted
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
      throw new ShoalError('ERR_SOURCE_FAILED', `The connection ended after ${done}${total === undefined ? '' : ` of ${total}`} bytes.`, { cause: error })
    throw error
  }
}

function tooLarge(bytes: number): ShoalError {
  return new ShoalError('ERR_ARCHIVE_TOO_LARGE', `The archive has ${bytes} bytes or more; ${maxArchive} are the most.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
