/** Which entries of a plugin's zip are let in: regular files and folders under plain relative names, each name once. */

import { ShoalError } from '../../../errors.js'

/** An entry as the central directory of a zip describes it (APPNOTE 4.3.12). */
export interface RawEntry {
  readonly fileName: string
  readonly uncompressedSize: number
  readonly compressedSize: number
  readonly compressionMethod: number
  readonly generalPurposeBitFlag: number
  readonly versionMadeBy: number
  readonly externalFileAttributes: number
}

/** An entry that may be unpacked. */
export interface ArchiveEntry {
  /** Segments of its relative path. */
  readonly segments: readonly string[]
  readonly folder: boolean
  /** Bytes. */
  readonly size: number
  /** May the file be run? */
  readonly executable: boolean
}

/** What one archive may hold. */
export interface ArchiveLimits {
  readonly entries: number
  /** Bytes, all files together. */
  readonly bytes: number
  /** Unpacked bytes for each packed one, of a file over 64 KiB. */
  readonly ratio: number
}

/** Limits of a plugin's package. */
export const archiveLimits: ArchiveLimits = { entries: 2000, bytes: 100 * 1024 * 1024, ratio: 100 }

/** Why an entry is refused; stable, in `data.reason` of the error. */
export type UnsafeReason =
  | 'absolute'
  | 'parent'
  | 'backslash'
  | 'name'
  | 'depth'
  | 'symlink'
  | 'special'
  | 'encrypted'
  | 'method'
  | 'duplicate'
  | 'nested-in-file'
  | 'ratio'

const maxDepth = 16
const maxSegment = 255
const maxPath = 1024
const smallFile = 64 * 1024

const unix = 3
const typeMask = 0o170000
const types = { regular: 0o100000, folder: 0o040000, symlink: 0o120000 } as const

/** Checks all entries of an archive together. Throws `ERR_ARCHIVE_UNSAFE` or `ERR_ARCHIVE_TOO_LARGE`. */
export function checkEntries(raw: readonly RawEntry[], limits: ArchiveLimits = archiveLimits): ArchiveEntry[] {
  if (raw.length > limits.entries) throw new ShoalError('ERR_ARCHIVE_TOO_LARGE', `The archive has ${raw.length} entries; ${limits.entries} are the most.`)
  const bytes = raw.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
  if (bytes > limits.bytes) throw new ShoalError('ERR_ARCHIVE_TOO_LARGE', `The archive unpacks to ${bytes} bytes; ${limits.bytes} are the most.`)
  const entries = raw.map((entry) => checkEntry(entry, limits))
  checkNames(entries)
  return entries
}

function checkEntry(raw: RawEntry, limits: ArchiveLimits): ArchiveEntry {
  const { fileName, uncompressedSize, compressedSize } = raw
  const folder = fileName.endsWith('/')
  const segments = checkPath(folder ? fileName.slice(0, -1) : fileName)
  const mode = raw.versionMadeBy >> 8 === unix ? raw.externalFileAttributes >>> 16 : 0
  checkType(fileName, mode & typeMask, folder)
  if (raw.generalPurposeBitFlag & 1) throw unsafe('encrypted', fileName, 'is encrypted')
  if (raw.compressionMethod !== 0 && raw.compressionMethod !== 8) throw unsafe('method', fileName, 'is packed in a way that is not supported')
  if (uncompressedSize > smallFile && uncompressedSize > compressedSize * limits.ratio)
    throw unsafe('ratio', fileName, `unpacks to more than ${limits.ratio} times its size`)
  return { segments, folder, size: uncompressedSize, executable: (mode & 0o111) !== 0 }
}

function checkPath(path: string): readonly string[] {
  if (path.includes('\\')) throw unsafe('backslash', path, 'has a backslash in its name')
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw unsafe('absolute', path, 'has an absolute path')
  const segments = path.split('/')
  if (segments.includes('..')) throw unsafe('parent', path, 'leads out of its folder')
  if (segments.length > maxDepth) throw unsafe('depth', path, `lies more than ${maxDepth} folders deep`)
  const odd = segments.some((segment) => segment === '' || Buffer.byteLength(segment) > maxSegment || /[\u0000-\u001f\u007f\ufffd]|[. ]$/.test(segment))
  if (odd || Buffer.byteLength(path) > maxPath) throw unsafe('name', path, 'has a name that cannot be used')
  return segments
}

function checkType(fileName: string, type: number, folder: boolean): void {
  if (type === types.symlink) throw unsafe('symlink', fileName, 'is a symbolic link')
  if (type !== 0 && type !== types.regular && type !== types.folder) throw unsafe('special', fileName, 'is neither a file nor a folder')
  if ((type === types.folder) !== folder && type !== 0) throw unsafe('special', fileName, 'is a folder by its name or by its type, but not by both')
}

/** Each name once, also where small and capital letters, or the forms of an accent, do not count; no file that is a folder, too. */
function checkNames(entries: readonly ArchiveEntry[]): void {
  const fold = (segments: readonly string[]): string => segments.join('/').normalize('NFC').toLowerCase()
  const seen = new Map<string, string>()
  const files = new Set<string>()
  for (const { segments, folder } of entries) {
    const name = fold(segments)
    if (seen.has(name)) throw unsafe('duplicate', segments.join('/'), `stands beside ${seen.get(name)}, and some systems take the two for one`)
    seen.set(name, segments.join('/'))
    if (!folder) files.add(name)
  }
  for (const { segments } of entries) {
    const above = segments.map((_, index) => fold(segments.slice(0, index))).find((name) => files.has(name))
    if (above !== undefined) throw unsafe('nested-in-file', segments.join('/'), 'lies in a folder that is a file')
  }
  checkFolders(entries)
}

/** The folders on the way must agree in their letters, or two of them are one on some systems. */
function checkFolders(entries: readonly ArchiveEntry[]): void {
  const spelled = new Map<string, string>()
  for (const { segments, folder } of entries) {
    for (let length = 1; length < segments.length + (folder ? 1 : 0); length++) {
      const path = segments.slice(0, length).join('/')
      const name = path.normalize('NFC').toLowerCase()
      const before = spelled.get(name) ?? path
      if (before !== path) throw unsafe('duplicate', path, `stands beside ${before}, and some systems take the two for one`)
      spelled.set(name, path)
    }
  }
}

function unsafe(reason: UnsafeReason, name: string, what: string): ShoalError {
  const shown = JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name)
  return new ShoalError('ERR_ARCHIVE_UNSAFE', `The entry ${shown} of the archive ${what}.`, { data: { reason } })
}
