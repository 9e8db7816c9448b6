/** The functions of libsrt that are used, found in the system's library by koffi. Both may be missing. */

import { ShoalError } from '../../errors.js'

/** Names under which systems have libsrt, tried in turn. */
export const libraryNames: readonly string[] = ['libsrt-gnutls.so.1.5', 'libsrt-openssl.so.1.5', 'libsrt.so.1.5', 'libsrt.1.5.dylib', 'libsrt.dylib', 'srt.dll']

/** Memory that native code reads or fills. Its length always goes with it. */
type Memory = Uint8Array | Int32Array

/** The functions (srt.h of 1.5). All return -1 on failure, unless they say otherwise; none of them waits. */
export interface SrtLibrary {
  /** What was loaded. */
  readonly name: string
  /** 0x010501 = 1.5.1. */
  readonly version: number
  createSocket(): number
  bind(socket: number, address: Memory, length: number): number
  listen(socket: number, backlog: number): number
  accept(socket: number, address: Memory, length: Memory): number
  connect(socket: number, address: Memory, length: number): number
  close(socket: number): number
  socketName(socket: number, address: Memory, length: Memory): number
  setOption(socket: number, option: number, value: Memory, length: number): number
  getOption(socket: number, option: number, value: Memory, length: Memory): number
  /** One message; the bytes written to `buffer`. */
  receive(socket: number, buffer: Memory, length: number): number
  send(socket: number, message: Memory, length: number): number
  /** Fills `memory` with what is counted; counters go on when `clear` is 0. */
  statistics(socket: number, memory: Memory, clear: number): number
  lastError(): number
  lastErrorText(): string
  rejectReason(socket: number): number
  rejectText(reason: number): string
  epollCreate(): number
  epollAdd(poll: number, socket: number, events: Memory): number
  epollUpdate(poll: number, socket: number, events: Memory): number
  epollRemove(poll: number, socket: number): number
  /** Fills pairs of socket and events; their number. */
  epollPoll(poll: number, pairs: Memory, count: number): number
  epollRelease(poll: number): number
  /** Ends the library's threads, on a thread of its own, because that takes time. */
  cleanUp(): Promise<void>
}

/** Loads the library and starts it. Rejects with `ERR_DEPENDENCY_MISSING`. */
export async function loadSrt(path: string): Promise<SrtLibrary> {
  const koffi = await import('koffi').then(
    (module) => module.default,
    (cause: unknown) => {
      throw new ShoalError('ERR_DEPENDENCY_MISSING', 'SRT needs the npm package koffi, which is not installed here.', { cause, hint: 'npm install koffi' })
    },
  )
  const [name, library] = open(koffi.load, path === '' ? libraryNames : [path])
  const startUp: () => number = library.func('int srt_startup(void)')
  const version: () => number = library.func('uint32_t srt_getversion(void)')
  if (version() >> 8 !== 0x0105) throw missing(`${name} is version ${(version() >> 16) & 255}.${(version() >> 8) & 255}, not 1.5`)
  // what it has to say comes by return values; its own lines on stderr are for its authors
  library.func('void srt_setloglevel(int)')(critical)
  if (startUp() < 0) throw missing(`${name} does not start`)
  return { name, version: version(), ...functionsOf(library) }
}

/** LOG_CRIT. */
const critical = 2

type Loaded = ReturnType<typeof import('koffi').load>

function open(load: (name: string) => Loaded, names: readonly string[]): [string, Loaded] {
  const reasons: string[] = []
  for (const name of names) {
    try {
      return [name, load(name)]
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw missing(names.length === 1 ? (reasons[0] ?? '') : `none of ${names.join(', ')} is installed`)
}

function missing(why: string): ShoalError {
  const hint = 'On Debian: apt-get install libsrt1.5-gnutls. Elsewhere install libsrt 1.5 and name its file in plugins.srt.library.'
  return new ShoalError('ERR_DEPENDENCY_MISSING', `SRT needs the library libsrt: ${why}.`, { hint })
}

function functionsOf(library: Loaded): Omit<SrtLibrary, 'name' | 'version'> {
  const lastError: (none: null) => number = library.func('int srt_getlasterror(void *)')
  const receive: (socket: number, buffer: Memory, length: number, none: null) => number = library.func('int srt_recvmsg2(int, void *, int, void *)')
  const send: (socket: number, message: Memory, length: number, none: null) => number = library.func('int srt_sendmsg2(int, void *, int, void *)')
  const setFlag: SrtLibrary['setOption'] = library.func('int srt_setsockflag(int, int, void *, int)')
  const poll: (id: number, pairs: Memory, count: number, timeout: number) => number = library.func('int srt_epoll_uwait(int, void *, int, int64_t)')
  const cleanUp = library.func('int srt_cleanup(void)')
  return {
    createSocket: library.func('int srt_create_socket(void)'),
    bind: library.func('int srt_bind(int, void *, int)'),
    listen: library.func('int srt_listen(int, int)'),
    accept: library.func('int srt_accept(int, void *, void *)'),
    connect: library.func('int srt_connect(int, void *, int)'),
    close: library.func('int srt_close(int)'),
    socketName: library.func('int srt_getsockname(int, void *, void *)'),
    setOption: setFlag,
    getOption: library.func('int srt_getsockflag(int, int, void *, void *)'),
    receive: (socket, buffer, length) => receive(socket, buffer, length, null),
    send: (socket, message, length) => send(socket, message, length, null),
    statistics: library.func('int srt_bstats(int, void *, int)'),
    lastError: () => lastError(null),
    lastErrorText: library.func('const char *srt_getlasterror_str(void)'),
    rejectReason: library.func('int srt_getrejectreason(int)'),
    rejectText: library.func('const char *srt_rejectreason_str(int)'),
    epollCreate: library.func('int srt_epoll_create(void)'),
    epollAdd: library.func('int srt_epoll_add_usock(int, int, void *)'),
    epollUpdate: library.func('int srt_epoll_update_usock(int, int, void *)'),
    epollRemove: library.func('int srt_epoll_remove_usock(int, int)'),
    epollPoll: (id, pairs, count) => poll(id, pairs, count, 0),
    epollRelease: library.func('int srt_epoll_release(int)'),
    cleanUp: () => new Promise((resolve) => cleanUp.async(() => resolve())),
  }
}
