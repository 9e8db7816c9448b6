import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Notifier, type NotifyHelper, notifyHelpers } from '../../../src/daemon/notify.js'
import { memoryLog } from '../../../src/testing/memory-log.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-notify-'))
const children = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  children.clear()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const installed = (command: string): boolean =>
  ['/usr/bin', '/bin', '/usr/local/bin'].some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Receivers of datagrams: print `up`, then each message in hexadecimal. */
const receivers: readonly (readonly [command: string, flag: string, program: string])[] = [
  [
    'perl',
    '-e',
    `use Socket; $| = 1; my $at = $ARGV[0]; $at =~ s/^\\@/\\0/; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($at)) or die;
     print "up\\n"; while (defined recv($s, my $m, 4096, 0)) { print unpack("H*", $m), "\\n" }`,
  ],
  [
    'python3',
    '-c',
    `import socket, sys
at = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + at[1:] if at[0] == '@' else at)
print('up', flush=True)
while True: print(s.recv(4096).hex(), flush=True)`,
  ],
]
const receiver = receivers.find(([command]) => installed(command))
const describeReceiving = receiver ? describe : describe.skip
if (!receiver) console.warn('notify.test.ts: skipped what needs a datagram socket: neither perl nor python3 is installed')

async function receive(socket: string) {
  const [command, flag, program] = receiver ?? ['', '', '']
  const child = spawn(command, [flag, program, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await lines.next()).value)
  expect(await next()).toBe('up')
  /** The next message, without the barrier by which `systemd-notify` waits for the manager. */
  return async (): Promise<string[]> => {
    for (;;) {
      const text = Buffer.from(await next(), 'hex').toString()
      if (text !== 'BARRIER=1') return text.split('\n')
    }
  }
}

describeReceiving('a notifier', () => {
  for (const helper of notifyHelpers) {
    const test = installed(helper.command) ? it : it.skip
    const name = installed(helper.command) ? helper.command : `${helper.command} (skipped: not installed)`
    test.each([
      ['a path', join(root, `${helper.command}.sock`)],
      ['an abstract name', `@shoal-test-${randomBytes(6).toString('hex')}`],
    ])(`sends by ${name} to %s`, async (_sort, socket) => {
      const message = await receive(socket)
      const notifier = new Notifier({ socket, log: memoryLog(), helpers: [helper] })
      expect(await notifier.ready('2 peers, "3" streams')).toBe(true)
      expect(await message()).toEqual(['READY=1', 'STATUS=2 peers, "3" streams'])
      expect(await notifier.reloading()).toBe(true)
      expect(await message()).toEqual(['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/)])
    })
  }

  it('sends everything in order, of waiting status lines the last, and no second line', async () => {
    const socket = join(root, 'order.sock')
    const message = await receive(socket)
    const notifier = new Notifier({ socket, log: memoryLog() })
    const sent = [notifier.ready(), notifier.status('one'), notifier.status('two\nSTOPPING=1'), notifier.stopping('bye')]
    await notifier.close()
    expect(await Promise.all(sent)).toEqual([true, false, true, true])
    expect([await message(), await message(), await message()]).toEqual([['READY=1'], ['STATUS=two STOPPING=1'], ['STOPPING=1', 'STATUS=bye']])
  })

  it('goes on to the next program when one is missing or fails', async () => {
    const socket = join(root, 'next.sock')
    const message = await receive(socket)
    const log = memoryLog()
    const broken: NotifyHelper[] = ['no-such-program', 'false'].map((command) => ({ command, args: () => [] }))
    const notifier = new Notifier({ socket, log, helpers: [...broken, ...notifyHelpers] })
    expect(await notifier.ready()).toBe(true)
    expect(await message()).toEqual(['READY=1'])
    expect(log.lines).toEqual([])
  })
})

describe('a notifier that cannot send', () => {
  it.each([undefined, ''])('does nothing without a socket (%j)', async (socket) => {
    const log = memoryLog()
    const notifier = new Notifier({ socket, log })
    expect(await Promise.all([notifier.ready(), notifier.status('x'), notifier.reloading(), notifier.stopping()])).toEqual([false, false, false, false])
    await notifier.close()
    expect(log.lines).toEqual([])
  })

  it('says so once, and is no failure', async () => {
    const log = memoryLog()
    const helpers: NotifyHelper[] = [
      { command: 'no-such-program', args: () => [] },
      { command: 'false', args: () => [] },
      { command: 'a\0b', args: () => [] },
    ]
    const notifier = new Notifier({ socket: join(root, 'nobody.sock'), log, helpers })
    expect(await notifier.ready()).toBe(false)
    expect(await notifier.stopping()).toBe(false)
    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]?.fields['failures']).toEqual(['no-such-program: ENOENT', 'false: ended with 1', expect.stringContaining('null bytes')])
  })

  it('is no failure when nobody listens', async () => {
    const notifier = new Notifier({ socket: join(root, 'nobody.sock'), log: memoryLog() })
    expect(await notifier.ready()).toBe(false)
  })

  it('holds back no more than a few messages', async () => {
    const notifier = new Notifier({ socket: '/x', log: memoryLog(), helpers: [{ command: 'true', args: () => [] }] })
    const sent = Array.from({ length: 40 }, () => notifier.ready())
    await notifier.close()
    expect((await Promise.all(sent)).filter(Boolean)).toHaveLength(16)
  })
})
