/** What the plugin and the thread of the database say to each other. */

import type { TableChange, TableEntry, TableRange } from '../../backends/table-storage.js'

/** A call. `id` names its answer. */
export type Request = { readonly id: number } & Call

/** What can be asked. */
export type Call =
  | { readonly call: 'get'; readonly namespace: string; readonly key: Uint8Array }
  | { readonly call: 'page'; readonly range: TableRange }
  | { readonly call: 'write'; readonly changes: readonly TableChange[] }
  | { readonly call: 'close' }

/** What comes back. */
export type Result = Uint8Array | readonly TableEntry[] | undefined

/** Sort of a failure: the database is of a newer Shoal, not a sound one of ours, or did not do what was asked. */
export type Fault = 'newer' | 'damaged' | 'failed'

/** An answer; `id` 0: the database is open, or cannot be opened. */
export type Answer = { readonly id: number; readonly result?: Result } | { readonly id: number; readonly fault: Fault; readonly message: string }
