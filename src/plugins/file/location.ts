/** Which file a `file:` URL names, and whether it may be read. */

import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../errors.js'

// src/plugins/file and dist/plugins/file are equally deep, so this is the package root in both
const examples = fileURLToPath(new URL('../../../examples', import.meta.url))

/** The URL of the clip that comes with Shoal: 10 s, 640x360, H.264 and AAC. */
export const sampleUrl = 'file:///sample'

/** Where that clip is. */
export function samplePath(): string {
  return `${examples}${sep}sample.flv`
}

/** Longest path Linux opens, in bytes. */
const maxPath = 4095

/** The path a URL names; `file:sample` is the bundled clip. Throws `ERR_URL_INVALID`. */
export function pathOf(url: URL): string {
  if (url.href === new URL(sampleUrl).href) return samplePath()
  try {
    if (url.pathname.length > maxPath) throw new Error(`it is longer than ${maxPath} bytes`)
    return fileURLToPath(url)
  } catch (cause) {
    throw new ShoalError('ERR_URL_INVALID', `${url.href} names no file on this machine.`, { cause, hint: 'Write file:///folder/clip.flv.' })
  }
}

/**
 * Opens a regular file inside one of `roots` or the folder of the bundled clip. All links are followed before the
 * question is answered. Throws `ERR_FORBIDDEN` for a file outside, whether it exists or not, and `ERR_SOURCE_FAILED` when
 * it cannot be read.
 */
export async function openWithin(path: string, roots: readonly string[]): Promise<FileHandle> {
  const real = await resolve(path)
  const allowed = await Promise.all([examples, ...roots].map((root) => resolve(root)))
  const inside = allowed.some((root) => root.path.exists && isWithin(root.path.real, real.path.real))
  if (!inside) {
    const hint = 'Add its folder to plugins.file.roots.'
    throw new ShoalError('ERR_FORBIDDEN', `${path} is outside the folders that may be read.`, { hint })
  }
  if (!real.path.exists) throw new ShoalError('ERR_SOURCE_FAILED', `${path} cannot be read: ${real.why}.`)
  return openRegular(real.path.real, path)
}

interface Resolved {
  readonly path: { readonly real: string; readonly exists: boolean }
  /** Why it does not exist. */
  readonly why?: string
}

/** The path without links. For one that does not exist: that of its nearest folder which does, and the rest as it is. */
async function resolve(path: string): Promise<Resolved> {
  try {
    return { path: { real: await realpath(path), exists: true } }
  } catch (error) {
    const cut = path.lastIndexOf(sep)
    const parent = cut <= 0 ? sep : (await resolve(path.slice(0, cut))).path.real
    return { path: { real: `${parent === sep ? '' : parent}${path.slice(cut)}`, exists: false }, why: codeOf(error) }
  }
}

function isWithin(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)
}

/** Opens without following a link that appeared since, and without waiting for a pipe to be written. */
async function openRegular(real: string, path: string): Promise<FileHandle> {
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new ShoalError('ERR_SOURCE_FAILED', `${path} cannot be read: ${codeOf(cause)}.`, { cause })
  })
  const stat = await file.stat()
  if (stat.isFile()) return file
  await file.close()
  throw new ShoalError('ERR_SOURCE_FAILED', `${path} is not a regular file.`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
