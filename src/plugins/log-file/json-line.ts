/** A log line as one line of JSON, of the same shape as the daemon's own log file. */

import type { LogLine } from '../../services.js'

const own = ['level', 'time', 'module', 'msg']

/** The line with its end. Never throws. */
export function jsonLine({ level, time, module, msg, fields }: LogLine): string {
  // fields of the names that every line has would appear twice
  const named = Object.fromEntries(Object.entries(fields).map(([key, value]) => [own.includes(key) ? `${key}_` : key, value]))
  const text = write({ level, time, module, ...named, msg }) ?? write({ level, time, module, fields: '<unreadable>', msg })
  return `${text ?? '{}'}\n`
}

function write(value: object): string | undefined {
  try {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
  } catch {
    return undefined
  }
}
