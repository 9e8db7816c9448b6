/** A plugin's logger: at most so many lines at once and a fifth of that a second, the rest is counted. */

import type { Logger } from '../../plugin.js'
import { Throttle, TokenBucket } from '../util/rate.js'

/** Wraps `log`. `dropped` is called for each line left out; now and then one line says so. Never throws, whatever `fields` hold. */
export function limitLog(log: Logger, atOnce: number, dropped: () => void): Logger {
  // a line costs the loop more than most calls of a plugin
  const perSecond = atOnce / 5
  const bucket = new TokenBucket({ rate: perSecond, burst: atOnce })
  const notice = new Throttle(5000)
  let left = 0
  const drop = (): void => {
    left++
    dropped()
    notice.run(() => log.warn('too many log lines; some are dropped', { dropped: left, perSecond }))
  }
  const at =
    (level: keyof Logger) =>
    (msg: string, fields?: Record<string, unknown>): void => {
      try {
        if (bucket.take()) log[level](String(msg), fields)
        else drop()
      } catch {
        // fields with a getter that throws
        drop()
      }
    }
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
