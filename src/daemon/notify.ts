/**
 * Tells the service manager how it stands (sd_notify(3)): ready, reloading, stopping, and a line of status.
 *
 * `$NOTIFY_SOCKET` is a unix datagram socket, and Node opens none (nodejs/node#29339), nor do we want a native module for one line at start. So a
 * small program sends it: `systemd-notify`, which is there where systemd is, and waits until the manager has read the message; otherwise
 * Perl (part of every Debian) or Python, which stay 200 ms for the same reason: the manager looks up a sender by its process.
 *
 * The sender is a child of the daemon, so the unit needs `NotifyAccess=all`. Abstract sockets (`@…`) work. Nothing here ever fails the daemon.
 */

import { spawn } from 'node:child_process'
import type { Logger } from '../plugin.js'
import { errnoOf } from './util/private-files.js'

/** A program that sends one message. */
export interface NotifyHelper {
  readonly command: string
  /** Its arguments, for the lines of one message (`READY=1`, `STATUS=…`). */
  args(lines: readonly string[]): readonly string[]
}

/** How a notifier is made. */
export interface NotifierOptions {
  /** `$NOTIFY_SOCKET`; without it every call does nothing. */
  readonly socket: string | undefined
  readonly log: Logger
  /** Tried in order until one works. Default: {@link notifyHelpers}. */
  readonly helpers?: readonly NotifyHelper[]
}

const perl = `
use Socket; my $to = $ENV{NOTIFY_SOCKET}; $to =~ s/^\\@/\\0/;
my $s; socket($s, AF_UNIX, SOCK_DGRAM, 0) && send($s, join("\\n", @ARGV), 0, pack_sockaddr_un($to)) or exit 1;
select(undef, undef, undef, 0.2);`

const python = `
import os, socket, sys, time
to = os.environ['NOTIFY_SOCKET']
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto('\\n'.join(sys.argv[1:]).encode(), '\\0' + to[1:] if to[0] == '@' else to)
time.sleep(0.2)`

/** The programs that can send, the best first. */
export const notifyHelpers: readonly NotifyHelper[] = [
  { command: 'systemd-notify', args: (lines) => lines },
  { command: 'perl', args: (lines) => ['-e', perl, '--', ...lines] },
  { command: 'python3', args: (lines) => ['-c', python, ...lines] },
]

/** Where the programs are looked for: not in a PATH that somebody set. */
const path = '/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin'

/** ms for one program; `systemd-notify` itself waits up to 5 s for the manager. */
const sendLimit = 6000

/** Messages that wait at a time; the oldest gives way. */
const maxWaiting = 16

interface Message {
  readonly lines: string[]
  readonly sent: (ok: boolean) => void
}

/** Sends states one after the other. Each call resolves when its message was sent (true) or could not be (false), and never rejects. */
export class Notifier {
  readonly #options: NotifierOptions
  #helpers: readonly NotifyHelper[]
  readonly #waiting: Message[] = []
  #sending: Promise<void> | undefined
  #told = false

  constructor(options: NotifierOptions) {
    this.#options = options
    this.#helpers = options.helpers ?? notifyHelpers
  }

  /** Start-up, or a reload, is complete. */
  ready(status?: string): Promise<boolean> {
    return this.#send(['READY=1', ...statusLine(status)])
  }

  /** A reload begins; {@link ready} ends it. */
  reloading(): Promise<boolean> {
    // Needed by Type=notify-reload: CLOCK_MONOTONIC in µs, which is what hrtime reads on Linux.
    return this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`])
  }

  /** The daemon is on its way out. */
  stopping(status?: string): Promise<boolean> {
    return this.#send(['STOPPING=1', ...statusLine(status)])
  }

  /** A line for people, in `systemctl status`. While it waits, a later one takes its place. */
  status(text: string): Promise<boolean> {
    return this.#send(statusLine(text))
  }

  /** Waits for what is being sent. */
  async close(): Promise<void> {
    await this.#sending
  }

  #send(lines: string[]): Promise<boolean> {
    if (!this.#options.socket) return Promise.resolve(false)
    return new Promise((sent) => {
      const last = this.#waiting.at(-1)
      if (last && isStatus(last.lines) && isStatus(lines)) this.#waiting.pop()?.sent(false)
      if (this.#waiting.length >= maxWaiting) this.#waiting.shift()?.sent(false)
      this.#waiting.push({ lines, sent })
      this.#sending ??= this.#sendAll()
    })
  }

  async #sendAll(): Promise<void> {
    await Promise.resolve()
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) message.sent(await this.#sendOne(message.lines))
    this.#sending = undefined
  }

  /** Tries the programs; those that are not there are not tried again. */
  async #sendOne(lines: readonly string[]): Promise<boolean> {
    const failures: string[] = []
    for (const helper of this.#helpers) {
      const failure = await run(helper, lines, this.#options.socket ?? '')
      if (failure === undefined) return true
      failures.push(`${helper.command}: ${failure}`)
      if (failure === 'ENOENT') this.#helpers = this.#helpers.filter((other) => other !== helper)
    }
    if (!this.#told) this.#options.log.warn('the service manager cannot be told', { socket: this.#options.socket, failures })
    this.#told = true
    return false
  }
}

/** Runs a program to its end; undefined when it went well, otherwise why not. */
function run(helper: NotifyHelper, lines: readonly string[], socket: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      const env = { PATH: path, NOTIFY_SOCKET: socket }
      const child = spawn(helper.command, [...helper.args(lines)], { env, stdio: 'ignore', timeout: sendLimit, killSignal: 'SIGKILL' })
      child.once('error', (error) => resolve(errnoOf(error) ?? error.message))
      child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `ended with ${code ?? signal}`))
    } catch (error) {
      resolve((error as Error).message)
    }
  })
}

function statusLine(text: string | undefined): string[] {
  // A line break would start another assignment.
  return text === undefined ? [] : [`STATUS=${text.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, 1000)}`]
}

function isStatus(lines: readonly string[]): boolean {
  return lines.length === 1 && lines[0]?.startsWith('STATUS=') === true
}
