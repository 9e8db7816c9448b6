/**
 * Every error a person, a plugin or a program meets is a {@link ShoalError} with a stable code. Codes are never reused.
 * `docs/errors.md` lists them; a test keeps both in step.
 */

/** What a code means to the outside: HTTP status, CLI exit code, and a hint used where the thrower gives none. */
export interface ErrorKind {
  readonly status: number
  readonly exit: number
  readonly title: string
  readonly hint?: string
}

const kind = (status: number, exit: number, title: string, hint?: string): ErrorKind =>
  hint === undefined ? { status, exit, title } : { status, exit, title, hint }

/** The code table. Exit codes: 1 failed, 2 usage, 3 already running, 4 daemon not running, 5 not permitted, 6 not found, 7 timeout. */
export const errorKinds = {
  // requests and usage
  ERR_USAGE: kind(400, 2, 'The command line is wrong.', 'Run the command with --help.'),
  ERR_REQUEST_INVALID: kind(400, 2, 'The request does not fit its schema.'),
  ERR_REQUEST_TOO_LARGE: kind(413, 2, 'The request body is larger than allowed.'),
  ERR_ROUTE_UNKNOWN: kind(404, 6, 'No such route.'),
  ERR_METHOD_NOT_ALLOWED: kind(405, 2, 'The route exists, but not with this method.'),
  ERR_UNAUTHENTICATED: kind(401, 5, 'No valid credentials were given.', 'Give the token: shoal token show.'),
  ERR_FORBIDDEN: kind(403, 5, 'This is not permitted.'),
  ERR_HOST_REFUSED: kind(403, 5, 'The Host header names a host this daemon does not serve.', 'Add it to http.allowedHosts.'),
  ERR_ORIGIN_REFUSED: kind(403, 5, 'A web page of another origin may not call this daemon.', 'Add the origin to http.allowedOrigins.'),
  ERR_NOT_FOUND: kind(404, 6, 'There is no such thing.'),
  ERR_LIMIT: kind(429, 1, 'A limit is reached.'),
  ERR_QUOTA_STREAMS: kind(429, 1, 'A peer reads as many streams of a node as it may.', 'Raise limits.peerStreams there, or pull fewer streams.'),
  ERR_QUOTA_SUBSCRIPTIONS: kind(429, 1, 'A peer is interested in as many topics as it may be.', 'Use fewer topics with more names.'),
  ERR_LIBRARY_MISSING: kind(501, 1, 'A library that this needs is not installed.'),
  ERR_TIMEOUT: kind(504, 7, 'It took too long.'),
  ERR_ABORTED: kind(499, 1, 'It was cancelled.'),
  ERR_INTERNAL: kind(500, 1, 'Something went wrong inside the daemon.', 'See the log: shoal log tail.'),
  // daemon
  ERR_ALREADY_RUNNING: kind(409, 3, 'A daemon already runs in this home.', 'Use shoal stop, or another --home.'),
  ERR_NOT_RUNNING: kind(503, 4, 'The daemon is not running.', 'Start it with shoal start.'),
  ERR_NOT_READY: kind(503, 1, 'The daemon is not ready yet.', 'Wait for it: shoal wait.'),
  ERR_STOPPING: kind(503, 1, 'The daemon is stopping.'),
  ERR_START_FAILED: kind(500, 1, 'The daemon could not start.'),
  ERR_PORT_IN_USE: kind(500, 1, 'A port is in use.'),
  ERR_SOCKET_PATH_TOO_LONG: kind(500, 2, 'The path of the control socket is longer than 107 bytes.', 'Choose a shorter --home.'),
  ERR_MODE_UNSAFE: kind(500, 1, 'A file or folder is open to other users.', 'Run chmod as the message says.'),
  ERR_CONFIG_INVALID: kind(400, 2, 'The configuration is wrong.', 'Run shoal config check.'),
  ERR_NOT_INITIALIZED: kind(409, 1, 'This home has no identity yet.', 'Run shoal init.'),
  // identity and keystore
  ERR_SCHEMA_NEWER: kind(500, 1, 'The data was written by a newer Shoal.', 'Install that version, or restore the backup made before the upgrade.'),
  ERR_IDENTITY_DAMAGED: kind(500, 1, 'The identity file is damaged; it is never replaced by a new one.', 'Restore identity.key from a backup.'),
  ERR_IDENTITY_COPIED: kind(
    503,
    1,
    'Another running node has the same identity.',
    'Stop one of the two. On the copy remove identity.key and keystore, start it, and pair it as a node of its own.',
  ),
  ERR_PASSPHRASE_REQUIRED: kind(500, 5, 'The identity is locked by a passphrase.', 'Set SHOAL_PASSPHRASE or pass --passphrase-file.'),
  ERR_PASSPHRASE_WRONG: kind(500, 5, 'The passphrase is wrong.'),
  ERR_STORE_DAMAGED: kind(500, 1, 'The keystore is damaged.', 'Stop the daemon, copy the keystore folder, then restore it from a backup.'),
  ERR_STORE_READ_ONLY: kind(503, 1, 'The store takes no writes after a disk error.', 'Free disk space; the daemon reopens the store by itself.'),
  ERR_STORE_LOCKED: kind(500, 3, 'Another process has the keystore open.'),
  ERR_KEY_INVALID: kind(400, 2, 'A store key or value is outside the limits.'),
  // peers and trust
  ERR_PEER_UNKNOWN: kind(404, 6, 'No trusted peer of that name.', 'See shoal peers.'),
  ERR_PEER_AMBIGUOUS: kind(409, 2, 'Several peers match.', 'Give more of the peer id.'),
  ERR_PEER_UNREACHABLE: kind(503, 1, 'There is no link to the peer.', 'It is redialled all the time; see shoal peers.'),
  ERR_NO_ROUTE: kind(503, 1, 'No member leads to the peer.', 'It is redialled all the time; see shoal peers.'),
  ERR_PEER_FORGOTTEN: kind(403, 5, 'This peer has been forgotten.', 'Pair anew: shoal invite and shoal join.'),
  ERR_PEER_BLOCKED: kind(403, 5, 'This id is blocked here.', 'Lift it: shoal peers unblock ID.'),
  ERR_NAME_TAKEN: kind(409, 2, 'Another peer has that name.'),
  ERR_TICKET_INVALID: kind(400, 2, 'The ticket is not a valid one.', 'Copy it whole, from shoal1 to the end.'),
  ERR_TICKET_EXPIRED: kind(400, 1, 'The ticket has expired.', 'Make a new one with shoal invite.'),
  ERR_TICKET_REFUSED: kind(403, 5, 'The other node refused the ticket: used, expired or unknown there.', 'Make a new one with shoal invite.'),
  ERR_SECRET_REFUSED: kind(403, 5, 'The other node refused the cluster secret.', 'Compare cluster.secret on both nodes.'),
  ERR_PAIRING_FAILED: kind(502, 1, 'Pairing did not succeed.'),
  ERR_PAIRING_CLOSED: kind(
    403,
    5,
    'The other node takes no requests to pair now.',
    'Run shoal peers pair on that node first; it takes requests for two minutes.',
  ),
  ERR_PAIRING_REJECTED: kind(403, 5, 'The pairing was rejected.'),
  ERR_PROTOCOL: kind(502, 1, 'A peer broke the protocol.'),
  ERR_VERSION_MISMATCH: kind(502, 1, 'The peer speaks a version this node does not.'),
  // payloads
  ERR_KIND_UNCLAIMED: kind(404, 6, 'No plugin on that peer handles this payload kind.'),
  ERR_KIND_CLAIMED: kind(409, 1, 'A plugin handles this payload kind.', 'Use another kind.'),
  ERR_KIND_INVALID: kind(400, 2, 'A payload kind is 1 to 255 printable ASCII characters.'),
  ERR_PAYLOAD_TOO_LARGE: kind(413, 2, 'The payload is larger than allowed.'),
  ERR_PAYLOAD_REJECTED: kind(502, 1, 'The far plugin rejected the payload.'),
  ERR_OVERLOADED: kind(503, 1, 'A queue is full.'),
  // streams
  ERR_PATH_INVALID: kind(400, 2, 'A stream path is segment/segment…, 1 to 255 bytes.'),
  ERR_STREAM_NOT_FOUND: kind(404, 6, 'No stream of that path.', 'See shoal streams.'),
  ERR_STREAM_TAKEN: kind(409, 1, 'The path already has a publisher.'),
  ERR_TAKEN_OVER: kind(409, 1, 'Another publisher took over the stream.'),
  ERR_STREAM_STOPPED: kind(410, 1, 'The stream was stopped.'),
  ERR_PUBLISH_TIMEOUT: kind(410, 7, 'The publisher sent nothing for too long.'),
  ERR_IDLE: kind(410, 1, 'Nobody read the stream for too long.'),
  ERR_SLOW_CONSUMER: kind(410, 1, 'The reader made no progress for too long.'),
  ERR_FRAME_INVALID: kind(400, 1, 'A frame breaks the rules.'),
  ERR_TRACKS_INVALID: kind(400, 1, 'The tracks of a stream break the rules.'),
  ERR_ORIGIN_LOST: kind(502, 1, 'The node the stream comes from is gone.'),
  ERR_FAN_OUT: kind(503, 1, 'The node serves this stream to as many peers as it may.', 'Raise streams.fanOut there, or pull another copy: shoal:///PATH.'),
  ERR_SEAL_INVALID: kind(502, 1, 'A relay passed on a frame that its origin did not make.', 'See the log: it names the relay.'),
  ERR_URL_INVALID: kind(400, 2, 'Not a valid URL.'),
  ERR_SCHEME_UNKNOWN: kind(400, 2, 'No plugin pulls or pushes URLs of this scheme.', 'See shoal plugins.'),
  ERR_SOURCE_FAILED: kind(502, 1, 'The source could not be read.'),
  // media
  ERR_MEDIA_INVALID: kind(400, 1, 'The media data is malformed.'),
  ERR_PROGRAM_MISSING: kind(501, 1, 'A program that this needs is not installed.'),
  ERR_CODEC_UNSUPPORTED: kind(415, 1, 'This codec cannot be carried by this format.'),
  // messages
  ERR_MESSAGE_EMPTY: kind(400, 2, 'The message has no text.'),
  ERR_MESSAGE_TOO_LONG: kind(413, 2, 'The message is longer than allowed.', 'Send it in parts.'),
  ERR_MESSAGE_INVALID: kind(400, 2, 'The message holds characters that are not allowed: control characters but newline and tab.'),
  ERR_MESSAGE_QUEUE_FULL: kind(429, 1, 'Too many messages wait for this peer.', 'Wait until it is back, or withdraw some: shoal msg rm.'),
  // plugins
  ERR_PLUGIN_UNKNOWN: kind(404, 6, 'No such plugin.', 'See shoal plugins.'),
  ERR_PLUGIN_INVALID: kind(400, 1, 'The plugin object breaks the contract.'),
  ERR_PLUGIN_FAILED: kind(500, 1, 'A plugin failed.'),
  ERR_PLUGIN_EXISTS: kind(409, 1, 'A plugin of that name is there already.', 'Say --update to replace what was installed.'),
  ERR_PLUGIN_IN_USE: kind(409, 1, 'Streams or jobs use the plugin.', 'End them, or say --force.'),
  ERR_PLUGIN_SCRIPTS: kind(403, 5, 'The package wants to run a script, which was not allowed.', 'Look at it first, then say --allow-scripts.'),
  ERR_PLUGIN_SCRIPT_FAILED: kind(400, 1, 'The install script of a package failed.'),
  ERR_PLUGIN_HASH: kind(400, 1, 'The archive is not the one that was meant.', 'Get it anew, and compare its SHA-256 with what its author says.'),
  ERR_PLUGIN_CHANGED: kind(500, 1, 'Files of a plugin are not what was installed.', 'Install it anew: shoal plugins install SOURCE --update.'),
  ERR_PLUGIN_LOCK: kind(500, 1, 'The lock file of the plugins cannot be understood.', 'Restore it, or move it away and install anew.'),
  ERR_ARCHIVE_INVALID: kind(400, 1, 'The archive cannot be read.', 'Pack it as a plain zip file.'),
  ERR_ARCHIVE_UNSAFE: kind(400, 1, 'The archive holds what no plugin may bring.'),
  ERR_ARCHIVE_TOO_LARGE: kind(413, 1, 'The archive holds too much.'),
  ERR_PLUGIN_CONFIG: kind(400, 2, 'The configuration of a plugin is wrong.'),
  ERR_RULES_INVALID: kind(400, 2, 'The rules file is wrong.', 'Run shoal rules check.'),
  ERR_DEPENDENCY_MISSING: kind(503, 1, 'A library or program that a plugin needs is not installed.', 'Install it as the message says.'),
  ERR_BACKEND_UNREACHABLE: kind(503, 1, 'A server that a plugin leans on cannot be reached.', 'It is tried again and again; see shoal log tail.'),
  ERR_BACKEND_FAILED: kind(502, 1, 'A server or database that a plugin leans on refused.', 'See the log: shoal log tail.'),
  ERR_SLOT_CONFLICT: kind(500, 1, 'Two plugins fill the same service slot.', 'Disable one of them.'),
  ERR_SLOT_EMPTY: kind(500, 1, 'A service that is needed has no provider.'),
} as const satisfies Record<string, ErrorKind>

/** A stable error code. */
export type ErrorCode = keyof typeof errorKinds

/** Parts of an error beside its code and message. */
export interface ErrorDetails {
  readonly hint?: string
  readonly cause?: unknown
  /** Facts a program may want: `{ line: 12 }`. Never secrets. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** The one error class. `message` says what happened and why, `hint` what to do next. */
export class ShoalError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly data: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message?: string, details: ErrorDetails = {}) {
    super(message ?? errorKinds[code].title, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ShoalError'
    this.code = code
    this.hint = details.hint ?? (errorKinds[code] as ErrorKind).hint
    this.data = details.data
  }

  /** HTTP status. */
  get status(): number {
    return errorKinds[this.code].status
  }

  /** CLI exit code. */
  get exit(): number {
    return errorKinds[this.code].exit
  }

  /** The form in which API and CLI show it. */
  toJSON(): { error: { code: ErrorCode; message: string; hint?: string; data?: Readonly<Record<string, unknown>> } } {
    return { error: { code: this.code, message: this.message, ...(this.hint && { hint: this.hint }), ...(this.data && { data: this.data }) } }
  }

  /** Any thrown value as a ShoalError: itself, or wrapped under `code`. */
  static from(value: unknown, code: ErrorCode = 'ERR_INTERNAL'): ShoalError {
    if (value instanceof ShoalError) return value
    return new ShoalError(code, value instanceof Error ? value.message : String(value), { cause: value })
  }
}

/** Is `value` a ShoalError, of one of `codes` where any are given? */
export function isShoalError(value: unknown, ...codes: ErrorCode[]): value is ShoalError {
  return value instanceof ShoalError && (codes.length === 0 || codes.includes(value.code))
}

/** Is `text` a code of the table? For codes that arrive over a wire. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorKinds, text)
}
