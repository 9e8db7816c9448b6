/** The readers in C (`readers.c`), compiled once; those in Node where there is no compiler. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './clip.js'
import { type Started, startProgram, startScript } from './process.js'

/** How readers read. */
export interface ReaderOptions {
  readonly count: number
  /** `http://…/PATH.flv` or `rtmp://…/APP/NAME`, on an IPv4 address. */
  readonly url: string
  /** s of the window. */
  readonly seconds: number
  /** ms between the last join and the window; 3000 by default. */
  readonly settle?: number
  /** Bytes a second that each reader takes; absent = all, 0 = it stops at its first frame. */
  readonly rate?: number
}

const source = new URL('readers.c', import.meta.url).pathname

let compiled: string | false | undefined

/** The program; false without a compiler. */
function program(): string | false {
  const file = join(cacheFolder, 'readers')
  if (existsSync(file) && statSync(file).mtimeMs > statSync(source).mtimeMs) return file
  mkdirSync(cacheFolder, { recursive: true })
  const part = `${file}.${process.pid}`
  if (spawnSync('cc', ['-O2', '-o', part, source], { stdio: 'ignore' }).status !== 0) return false
  renameSync(part, file)
  return file
}

/** Are the readers those in C? The others bear some 200 on one core, and read all they get. */
export function hasNativeReaders(): boolean {
  compiled ??= program()
  return compiled !== false
}

/** Starts readers; they print the lines of `readers.ts`. Throws when slow ones are asked for and there is no compiler. */
export function startReaders({ count, url, seconds, settle = 3000, rate = -1 }: ReaderOptions): Started {
  compiled ??= program()
  if (compiled === false) {
    if (rate >= 0) throw new Error('readers that are slow need a C compiler: apt-get install gcc libc6-dev')
    return startScript('load', 'readers.ts', [String(count), url, String(seconds)])
  }
  const { hostname, port, pathname, protocol } = new URL(url)
  const place = [hostname, port, pathname.slice(1), protocol.slice(0, -1)]
  return startProgram('load', [compiled, String(count), ...place, String(seconds), String(settle), String(rate)])
}
