/** Whose code an error that nobody caught comes from, read from its stack. What plugins throw may be anything: nothing here throws. */

import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Somebody whose code runs in the daemon's process. */
export interface Suspect {
  /** File or folder of its code, absolute, without symbolic links. */
  readonly code: string
}

/** What a stack says: whose it is, that it is the daemon's own, or nothing. */
export type Verdict<T> = { readonly of: 'plugin'; readonly culprit: T } | { readonly of: 'daemon' | 'nobody' }

/** Characters and lines of a stack that are looked at. */
const maxText = 32_768
const maxLines = 100

/** Errors that may stand behind one another. */
const maxCauses = 4

/** The code of the daemon, and of the packages beside it that it may use. */
const ownFolder: string = packagesOf(fileURLToPath(new URL('../../..', import.meta.url)))

/**
 * Finds the one of `suspects` whose code stands innermost in the stack of `error`, or of an error that caused it; of several that fit,
 * the one that is named most exactly. Files beside a suspect's own count as its own where nobody else has any there.
 */
export function verdictOn<T extends Suspect>(error: unknown, suspects: readonly T[]): Verdict<T> {
  const lines = causesOf(error).flatMap(framesOf)
  const exact = search(lines, suspects)
  const culprit = exact ?? search(lines, neighbours(suspects))?.suspect
  if (culprit !== undefined) return { of: 'plugin', culprit }
  return { of: lines.some((line) => line.includes(ownFolder) || line.includes(urlPath(ownFolder))) ? 'daemon' : 'nobody' }
}

/** `/x/node_modules` of a package that was installed, otherwise its folder. */
function packagesOf(folder: string): string {
  const at = folder.indexOf(`${sep}node_modules${sep}`)
  return at < 0 ? folder : join(folder.slice(0, at), 'node_modules', sep)
}

function search<T extends Suspect>(lines: readonly string[], suspects: readonly T[]): T | undefined {
  const known = suspects.map((suspect) => ({ suspect, paths: [...new Set([suspect.code, urlPath(suspect.code)])] }))
  for (const line of lines) {
    const fitting = known.filter(({ paths }) => paths.some((path) => names(line, path))).map(({ suspect }) => suspect)
    const [first] = fitting.sort((a, b) => b.code.length - a.code.length)
    if (first) return first
  }
  return undefined
}

/** Folders in which one suspect alone has its file, and the daemon nothing. */
function neighbours<T extends Suspect>(suspects: readonly T[]): { readonly suspect: T; readonly code: string }[] {
  const files = suspects.filter(({ code }) => /\.[cm]?[jt]s$/.test(code) && basename(dirname(code)) !== 'node_modules')
  const folders = files.map((suspect) => ({ suspect, code: dirname(suspect.code) }))
  const foreign = folders.filter(({ code }) => !ownFolder.startsWith(join(code, sep)))
  return foreign.filter(({ code }) => foreign.filter((other) => other.code === code).length === 1)
}

/** Does a line of a stack name this file, or a file in this folder? */
function names(line: string, path: string): boolean {
  for (let at = line.indexOf(path); at >= 0; at = line.indexOf(path, at + 1)) {
    const [before, after] = [line[at - 1] ?? '', line[at + path.length] ?? '']
    if ('( /'.includes(before) && ':?#/'.includes(after) && after !== '') return true
  }
  return false
}

function urlPath(path: string): string {
  return pathToFileURL(path).pathname
}

/** Lines of a stack that name places, the innermost first; not those of the message, which may say anything. */
function framesOf(error: unknown): string[] {
  try {
    const { stack, message }: { stack?: unknown; message?: unknown } = Object(error)
    if (typeof stack !== 'string') return []
    const text = stack.slice(0, maxText)
    const at = typeof message === 'string' && message !== '' ? text.indexOf(message) : -1
    const frames = at < 0 ? text : text.slice(at + String(message).length)
    return frames
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, maxLines)
  } catch {
    return []
  }
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  try {
    for (let next = error; next !== undefined && next !== null && causes.length < maxCauses; next = Object(next).cause) causes.push(next)
  } catch {
    // a getter that throws
  }
  return causes
}
