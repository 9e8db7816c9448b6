/** A logger that keeps its lines, for tests. */

import type { Logger } from '../plugin.js'
import type { LogLevel } from '../services.js'

/** One kept line. */
export interface MemoryLine {
  readonly level: LogLevel
  readonly msg: string
  readonly fields: Record<string, unknown>
}

/** A {@link Logger} whose lines can be read back. */
export interface MemoryLog extends Logger {
  readonly lines: MemoryLine[]
}

/** Makes an empty one. `heard` gets each line instead of the list, which stays empty: for what runs long. */
export function memoryLog(heard?: (line: MemoryLine) => void): MemoryLog {
  const lines: MemoryLine[] = []
  const at =
    (level: LogLevel) =>
    (msg: string, fields: Record<string, unknown> = {}): void => {
      if (heard) heard({ level, msg, fields })
      else lines.push({ level, msg, fields })
    }
  return { lines, trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
