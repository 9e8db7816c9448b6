/** What `shoal plugins test` prints: one object a line with `--json`, a line of text otherwise. */

import { clean } from '../output.js'

/** A plugin on the bench, as a person wants to know it. */
export interface Described {
  readonly name: string
  readonly version?: string
  readonly pid?: number
  readonly kinds: readonly string[]
  readonly pulls: readonly string[]
  readonly pushes: readonly string[]
  readonly routes: readonly string[]
  readonly provides: readonly string[]
}

/** Something that happened. */
export type BenchEvent =
  | { readonly type: 'log'; readonly level: string; readonly msg: string; readonly fields: Readonly<Record<string, unknown>> }
  /** The plugin sent a payload; without a peer to all. */
  | { readonly type: 'sent'; readonly peer?: string; readonly kind: string; readonly body: string }
  | { readonly type: 'stream'; readonly what: 'published' | 'unpublished'; readonly path: string; readonly tracks: readonly string[] }
  | ({ readonly type: 'plugin' } & Described)
  | { readonly type: 'reply'; readonly body: string; readonly encoding: 'utf8' | 'base64' }
  | { readonly type: 'answer'; readonly value: unknown }
  | { readonly type: 'frames'; readonly path: string; readonly frames: number; readonly keys: number; readonly rate: number; readonly bytes: number }
  | { readonly type: 'row'; readonly path: string; readonly text: string }
  | { readonly type: 'waiting'; readonly command: string }
  | { readonly type: 'done'; readonly text: string }
  | { readonly type: 'case'; readonly name: string; readonly ok: boolean; readonly error?: string }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly hint?: string }

/** As a line for people. */
export function eventText(event: BenchEvent): string {
  if (event.type === 'plugin') return pluginText(event)
  return `${event.type.padEnd(7)} ${clean(textOf(event))}`
}

function textOf(event: Exclude<BenchEvent, { type: 'plugin' }>): string {
  switch (event.type) {
    case 'log':
      return [event.level.padEnd(5), event.msg, ...Object.entries(event.fields).map(([name, value]) => `${name}=${plain(value)}`)].join(' ')
    case 'sent':
      return `${event.kind} to ${event.peer ?? 'all'}: ${event.body}`
    case 'stream':
      return `${event.path} ${event.what}${event.tracks.length > 0 ? `: ${event.tracks.join(', ')}` : ''}`
    case 'reply':
      return event.body === '' ? '(empty)' : `${event.body}${event.encoding === 'base64' ? ' (base64)' : ''}`
    case 'answer':
      return JSON.stringify(event.value) ?? 'nothing'
    case 'frames':
      return `${event.frames} of ${event.path}, ${event.keys} key frames, ${event.rate.toFixed(1)} a second, ${event.bytes} bytes`
    case 'row':
      return event.text
    case 'waiting':
      return `start the plugin in another terminal: ${event.command}`
    case 'done':
      return event.text
    case 'case':
      return `${event.ok ? 'ok' : 'FAILED'}  ${event.name}${event.error === undefined ? '' : `: ${event.error}`}`
    case 'error':
      return `${event.message} (${event.code})${event.hint === undefined ? '' : ` ${event.hint}`}`
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}

function pluginText({ name, version, pid, kinds, pulls, pushes, routes, provides }: Described): string {
  const rows: [string, string][] = [
    ['plugin', [name, version, pid === undefined ? undefined : `(process ${pid})`].filter((part) => part !== undefined).join(' ')],
    ['kinds', kinds.join(' ')],
    ['pulls', pulls.join(' ')],
    ['pushes', pushes.join(' ')],
    ['routes', routes.join(', ')],
    ['fills', provides.join(' ')],
  ]
  return rows
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label.padEnd(7)} ${clean(value)}`)
    .join('\n')
}
