/** How much the streams of a node may take. */

/** Limits and defaults of all streams. Times in ms; 0 = never where a timeout may be switched off. */
export interface HubLimits {
  /** How much a stream keeps: a group goes when its newest frame is older. Default 10,000. */
  readonly bufferTime: number
  /** Bytes one stream keeps at most. Default 32 MiB. */
  readonly bufferBytes: number
  /** Bytes all streams keep at most together. Default 512 MiB. */
  readonly totalBytes: number
  /** How far a reader may be behind before it skips. Default 3,000. */
  readonly maxLatency: number
  /** A reader that takes nothing for so long while data waits is cut. Default 10,000; 0 = never. */
  readonly stallTimeout: number
  /** A publisher that writes nothing for so long is ended. Default 10,000; 0 = never. */
  readonly publishTimeout: number
  /** Default 1,000. */
  readonly maxPublishers: number
  /** Readers in all, with those who wait for a publisher. Default 10,000. */
  readonly maxSubscribers: number
  /** The same for one stream. Default 10,000. */
  readonly maxSubscribersPerStream: number
}

/** The defaults. */
export const defaultLimits: HubLimits = {
  bufferTime: 10_000,
  bufferBytes: 32 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  maxLatency: 3000,
  stallTimeout: 10_000,
  publishTimeout: 10_000,
  maxPublishers: 1000,
  maxSubscribers: 10_000,
  maxSubscribersPerStream: 10_000,
}
