/** Who fills a service slot. */

/** A service and the plugin it came from. */
export interface Provider<T> {
  /** `default` for the daemon's own. */
  readonly plugin: string
  readonly service: T
  /** Place among several. */
  readonly rank?: number
}
