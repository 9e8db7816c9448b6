/** Compiled code that is kept from one start to the next, where Node can do so. */

import nodeModule from 'node:module'
import { isAbsolute, join } from 'node:path'

/**
 * Where compiled code is kept: `shoal` in the folder for caches (XDG Base Directory 0.8). Never in a folder that others may write to, as
 * Node's own choice below `/tmp` is: what lies there is run. Undefined when the environment names no folder.
 */
export function codeFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = env
  if (isAbsolute(cache)) return join(cache, 'shoal', 'code')
  return isAbsolute(home) ? join(home, '.cache', 'shoal', 'code') : undefined
}

/**
 * From here on, modules are compiled once and kept; Node 22.8 and later can do so, and leave it where `NODE_DISABLE_COMPILE_CACHE` is
 * set. Node checks what it kept against the source. A folder that cannot be written is no failure.
 */
export function keepCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  const folder = env['NODE_COMPILE_CACHE'] ?? codeFolder(env)
  const enable: unknown = Reflect.get(nodeModule, 'enableCompileCache')
  if (folder === undefined || typeof enable !== 'function') return
  try {
    Reflect.apply(enable, nodeModule, [folder])
  } catch {
    // the start is slower, that is all
  }
}
