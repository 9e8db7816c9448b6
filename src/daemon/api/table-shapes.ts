/** Shapes that several answers share. Times are wall clock, ms since 1970, for people; durations are ms. */

import { anything, dictionary, flag, integer, list, number, oneOf, optional, record, shapeVersion, tag, text } from './table-schema.js'

/** `schema: 1`, first in every answer. */
export const v1 = shapeVersion(1)

/** A thing was done. */
export const done = record({ schema: v1, ok: flag() })

/** `:peer` of a path. */
export const peerParams = record({
  peer: text({ minLength: 1, maxLength: 256, description: 'Peer id, unique prefix of at least 8 characters, or unique name.' }),
})

/** `:path` of a path: a whole stream path as one percent-encoded segment. */
export const streamParams = record({ path: text({ minLength: 1, maxLength: 255, description: 'Stream path, percent-encoded as one segment: live%2Fcam.' }) })

/** A trusted peer. */
export const peerRow = record({
  id: text({ description: 'Peer id.' }),
  name: text(),
  connected: flag(),
  addresses: list(text()),
  kinds: list(text(), { description: 'Payload kinds it handles; empty while it is away.' }),
  version: optional(text()),
  trustedSince: number(),
  lastSeen: number(),
  trustedBy: optional(oneOf(['ticket', 'code', 'secret', 'introduction'], { description: 'How it came to be trusted.' })),
  introducedBy: optional(text({ description: 'Peer id of the member who introduced it.' })),
  encryption: optional(oneOf(['tls', 'noise'], { description: 'What encrypts the link to it; absent without one.' })),
  rtt: optional(number({ description: 'Round trip in ms.' })),
  hops: optional(integer({ description: 'Links on the shortest way to it: 1 = a direct one. Absent while it is out of reach.' })),
  via: optional(list(text(), { description: 'Peer ids of the members through which its link leads, the nearest first; absent where the link is direct.' })),
})

/** One elementary stream. */
export const trackRow = record({
  id: integer(),
  kind: oneOf(['video', 'audio', 'data']),
  codec: text({ description: 'WebCodecs codec string.' }),
  width: optional(integer()),
  height: optional(integer()),
  sampleRate: optional(integer({ description: 'Hz.' })),
  channels: optional(integer()),
})

/** How well a source comes. */
const sourceStatsRow = record(
  {
    received: optional(number({ description: 'Packets that came.' })),
    lost: optional(number({ description: 'Packets that never came, or too late.' })),
    late: optional(number({ description: 'Packets that came twice, or after they were given up.' })),
    reordered: optional(number({ description: 'Packets that came in the wrong order.' })),
    retransmitted: optional(number({ description: 'Packets that were asked for again.' })),
    jitter: optional(number({ description: 'ms.' })),
    rtt: optional(number({ description: 'Round trip in ms.' })),
    latency: optional(number({ description: 'ms that packets may be late.' })),
    bandwidth: optional(number({ description: 'Bits a second that the way is reckoned to carry.' })),
  },
  { description: 'How well the packets of its source come, since it began. What the protocol does not tell is absent.' },
)

const streamFields = {
  path: text(),
  publisher: text({ description: 'Plugin that publishes it here.' }),
  origin: text({ description: 'Peer id of the node it comes from.' }),
  hops: integer({ description: '0 = published on this node.' }),
  tracks: list(trackRow),
  subscribers: integer(),
  since: number(),
  framesIn: integer(),
  bytesIn: integer(),
  framesDropped: integer({ description: 'Frames skipped by late readers, all readers together.' }),
  bitrate: number({ description: 'Bits a second.' }),
  source: optional(text({ description: 'URL it is pulled from, without credentials.' })),
  sourceStats: optional(sourceStatsRow),
  contested: optional(text({ description: 'Peer id of another node that publishes the same path and counts.' })),
}

/** A stream on this node, or one that a peer has. */
export const streamRow = record({
  ...streamFields,
  originName: optional(text({ description: 'Name of the origin, where it is known.' })),
  at: text({ description: 'Peer id of the node that has this copy.' }),
  atName: optional(text({ description: 'Its name, where it is known.' })),
  local: flag({ description: 'It is on this node; otherwise a peer has it and it can be pulled.' }),
})

/** A stream that is made of another one in other codecs, when somebody reads it. */
export const versionRow = record({
  path: text(),
  video: optional(text({ description: 'Codec of its picture; absent = as in the stream.' })),
  audio: optional(text({ description: 'Codec of its sound; absent = as in the stream.' })),
  inOrder: optional(flag({ description: 'No B-pictures.' })),
})

/** A reader of a stream. */
export const readerRow = record({
  reader: text({ description: 'http-flv 127.0.0.1:5123' }),
  since: number(),
  behind: number({ description: 'ms: age of the oldest frame it has not taken.' }),
  dropped: integer({ description: 'Frames it missed because it was late.' }),
  bytesOut: integer(),
})

const jobFields = {
  path: text(),
  url: text({ description: 'Without credentials.' }),
  state: oneOf(['idle', 'connecting', 'running', 'waiting', 'stopped']),
  since: number(),
  tries: integer(),
  error: optional(record({ code: text(), message: text() }, { description: 'Why the last try ended.' })),
}

/** A pull. */
export const pullRow = record({ ...jobFields, onDemand: flag() })

/** A push. */
export const pushRow = record({ id: text(), ...jobFields })

/** A task of the tree of supervised work. */
export interface TaskRow {
  readonly name: string
  readonly state: string
  readonly restarts: number
  readonly age: number
  readonly error?: string
  readonly progress?: { readonly text?: string; readonly done?: number; readonly total?: number }
  readonly children: readonly TaskRow[]
}

/** One log line, redacted. */
export const logRow = record({
  level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  time: number(),
  module: text(),
  msg: text(),
  fields: dictionary(anything()),
})

/** A listener was too slow and missed events. */
export const laggedEvent = record({ type: tag('lagged'), missed: integer(), time: number() })

/** Something to look after. */
export const problemRow = record({ what: text({ description: 'store, plugin:rtmp …' }), message: text(), hint: optional(text()) })
