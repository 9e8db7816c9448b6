/** Programs that break the rules of the portable protocol: each is named, contained, and started again where that can help. */

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PluginDescription } from '../../../../../src/daemon/portable/native/description.js'
import { describePortable, type PortablePlugin, portablePlugin } from '../../../../../src/daemon/portable/native/portable-plugin.js'
import { isRunning, markProcess } from '../../../../../src/daemon/util/process-mark.js'
import { type FakeContext, fakeContext, fakeNodeId } from '../../../../../src/testing/fake-context.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { slowness, waitFor } from '../../../../wait-for.js'

const folder = join(import.meta.dirname, '../../../../fixtures/portable')
const description: PluginDescription = {
  name: 'bad',
  info: {},
  payloadKinds: ['bad.call', 'bad.pid'],
  pullers: [],
  pushers: [],
  routes: [],
  events: [],
  provides: [],
  uses: [],
}
const patience = 1000 * slowness
const times = {
  handshake: 2 * patience,
  start: patience,
  call: patience,
  forgotten: patience,
  restart: 4 * patience,
  shutdown: 300,
  stdin: 300,
  term: 300,
  restarts: { exits: 3, window: 60_000, backoff: { min: 10, max: 20 } },
}

function programOf(way: string) {
  return { name: 'bad', command: process.execPath, args: ['bad.mjs', way], folder }
}

function pluginOf(way: string): PortablePlugin {
  return portablePlugin({ program: programOf(way), description, times })
}

async function textOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${String(error.code)} ${error.message}` : String(error)
  }
}

async function running(way: string, body: (fake: FakeContext, plugin: PortablePlugin) => Promise<void>): Promise<void> {
  const plugin = pluginOf(way)
  const fake = await fakeContext(plugin).start()
  try {
    await body(fake, plugin)
  } finally {
    expect((await fake.stop()).tasks).toEqual([])
  }
}

function call(plugin: PortablePlugin, kind = 'bad.call'): Promise<unknown> {
  return Promise.resolve(plugin.handlePayload?.(fakeNodeId, kind, Buffer.from('x')))
}

async function pidOf(plugin: PortablePlugin): Promise<number> {
  return Number(Buffer.from((await call(plugin, 'bad.pid')) as Uint8Array).toString())
}

describe('a program that does not become a plugin', () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    silent: /^ERR_TIMEOUT bad did not say Hello within/,
    leaves: /^ERR_PLUGIN_FAILED The process of the plugin bad exited with code 3\.$/,
    chatty: /^ERR_PROTOCOL The plugin bad broke the protocol: /,
    liar: /^ERR_PROTOCOL The plugin bad broke the protocol: A frame of 2147483648 bytes or more is over the limit/,
    endless: /^ERR_PROTOCOL The plugin bad broke the protocol: /,
    future: /^ERR_VERSION_MISMATCH The plugin bad speaks versions 7 to 9 \(bad\) of the portable protocol, this daemon 1 to 1\.$/,
    nameless: /^ERR_PLUGIN_INVALID The plugin bad breaks the contract: its name is not/,
    grabber: /^ERR_PLUGIN_INVALID The plugin bad breaks the contract: it fills the service slot endpoint; a process can do that with /,
    hasty: /^ERR_PROTOCOL The plugin bad broke the protocol: Its first message was log, not hello\.$/,
  }
  it.each(Object.entries(reasons))('%s', async (way, reason) => {
    const handshake = way === 'silent' ? 300 : times.handshake
    expect(await textOf(() => describePortable(programOf(way), { log: memoryLog(), times: { ...times, handshake } }))).toMatch(reason)
  })

  it('is not there', async () => {
    const program = { name: 'bad', command: './no-such-program', folder }
    expect(await textOf(() => describePortable(program, { log: memoryLog() }))).toMatch(
      /^ERR_PLUGIN_FAILED The process of the plugin bad could not be started \(ENOENT\)\.$/,
    )
  })

  it('ends its description when it is aborted', async () => {
    const reason = new Error('enough')
    expect(await textOf(() => describePortable(programOf('silent'), { log: memoryLog(), signal: AbortSignal.abort(reason) }))).toBe('Error: enough')
  })
})

describe('a plugin that does not start', () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    lazy: /^ERR_TIMEOUT bad\.start did not finish within/,
    refuses: /^ERR_PORT_IN_USE port 1 is in use$/,
    faints: /^ERR_PLUGIN_FAILED The process of the plugin bad exited with code 4\.$/,
    twice: /^ERR_PROTOCOL The plugin bad broke the protocol: It said hello twice\.$/,
  }
  it.each(Object.entries(reasons))('%s', async (way, reason) => {
    expect(await textOf(() => fakeContext(pluginOf(way)).start())).toMatch(reason)
  })

  it('has become another plugin', async () => {
    const plugin = portablePlugin({ program: programOf('usual'), description: { ...description, payloadKinds: ['bad.call'] }, times })
    expect(await textOf(() => fakeContext(plugin).start())).toMatch(/now gives another payloadKinds than before/)
  })
})

describe('a plugin that breaks the rules while it runs', () => {
  const reasons: Readonly<Record<string, RegExp>> = {
    dies: /exited with code 5/,
    babbles: /broke the protocol/,
    empty: /broke the protocol: A message is empty/,
    several: /broke the protocol: A message holds both cancel and shutdown/,
    inventive: /broke the protocol: It answered call 999, which was never made/,
    repeats: /broke the protocol: It used the id 1 for a call after 1/,
    greedy: /broke the protocol: A frame of \d+ bytes or more is over the limit/,
    torn: /broke the protocol: A batch of stream records ends within a record/,
    generous: /broke the protocol: It gave back more credit than it had used/,
    mutters: /broke the protocol: The arguments of permission\.changed is not a list/,
    refers: /broke the protocol: The arguments of x\.y refers to bytes that are not there/,
    mute: /exited with code 0|was ended by SIG/,
  }
  it.each(Object.entries(reasons))('%s: its call fails, and it is started again', async (way, reason) => {
    await running(way, async (fake, plugin) => {
      if (way === 'generous') fake.streams.publish('live', [{ id: 1, kind: 'data', codec: 'text' }])
      const before = await pidOf(plugin)
      expect(await textOf(() => call(plugin))).toMatch(reason)
      expect(await pidOf(plugin)).not.toBe(before)
      expect(plugin.status()).toMatchObject({ state: 'running', restarts: 1 })
      expect(plugin.status().lastEnd).toMatch(reason)
      expect(fake.log.lines.some(({ level, msg }) => level === 'warn' && msg.includes('started again'))).toBe(true)
      expect(fake.streams.publications.filter(({ path, closed }) => path === 'bad' && !closed)).toEqual([])
    })
  })

  it('hangs in one call and answers others', async () => {
    await running('hangs', async (_, plugin) => {
      const [hung, pid] = await Promise.all([textOf(() => call(plugin)), pidOf(plugin)])
      expect(hung).toMatch(/^ERR_TIMEOUT bad\.handlePayload\(bad\.call\) did not finish within/)
      expect(pid).toBeGreaterThan(0)
    })
  })

  it('spins, and is ended by force', async () => {
    await running('spins', async (_, plugin) => {
      const mark = await markProcess(await pidOf(plugin))
      expect(await textOf(() => call(plugin))).toMatch(/^ERR_TIMEOUT/)
      await plugin.shutdown?.()
      expect(await isRunning(mark)).toBe(false)
    })
  })

  it('does not stop when it is asked to', async () => {
    const plugin = pluginOf('clings')
    const fake = await fakeContext(plugin).start()
    const mark = await markProcess(await pidOf(plugin))
    await expect(fake.stop()).rejects.toMatchObject({ message: expect.stringContaining('it was ended by force') })
    expect(await isRunning(mark)).toBe(false)
  })

  it('exits when a peer is forgotten', async () => {
    await running('forgets', async (_, plugin) => {
      expect(await textOf(() => plugin.onPeerForgotten?.('12D3KooWSomebody'))).toMatch(/exited with code 6/)
      expect(await pidOf(plugin)).toBeGreaterThan(0)
    })
  })

  it('ends again and again, and is given up', async () => {
    const plugin = pluginOf('loops')
    const told: string[] = []
    plugin.onGivenUp((error) => told.push(error.message))
    plugin.onGivenUp(() => told.push('never'))()
    const fake = await fakeContext(plugin).start()
    await waitFor('the plugin to be given up', () => plugin.status().state === 'failed')
    expect(told).toEqual([expect.stringMatching(/^The process of the plugin bad ended 3 times within 60 s\. /)])
    expect(await textOf(() => call(plugin))).toMatch(/^ERR_PLUGIN_FAILED The process of the plugin bad ended 3 times within 60 s\. .*exited with code 8/)
    expect(fake.log.lines.some(({ level, msg }) => level === 'error' && msg.includes('not started again'))).toBe(true)
    await fake.stop()
  })

  it('takes longer than its configuration allows', async () => {
    const plugin = portablePlugin({ program: programOf('hangs'), description, times, callTimeout: 20 })
    const fake = await fakeContext(plugin).start()
    expect(await textOf(() => call(plugin))).toBe('ERR_TIMEOUT bad.handlePayload(bad.call) did not finish within 0.02 s.')
    await fake.stop()
  })

  it('uses more memory than it may', async () => {
    const memoryLimit = 2 * 1024 * 1024
    const plugin = portablePlugin({ program: programOf('hangs'), description, times: { ...times, look: 5 }, memoryLimit })
    const fake = await fakeContext(plugin).start()
    await waitFor('the end of its process', () => plugin.status().lastEnd !== undefined)
    expect(plugin.status().lastEnd).toMatch(/^The process of the plugin bad used \d+ MiB of memory; its memoryLimit is 2 MiB\.$/)
    await fake.stop()
  })

  it('does not read what it is sent', async () => {
    await running('deaf', async (_, plugin) => {
      const body = new Uint8Array(1024 * 1024)
      const calls = Array.from({ length: 20 }, () => textOf(() => plugin.handlePayload?.(fakeNodeId, 'bad.call', body)))
      const told = await Promise.all(calls)
      expect(told.some((text) => text.startsWith('ERR_OVERLOADED The plugin bad does not read what it is sent'))).toBe(true)
    })
  })

  it('prints without end', async () => {
    await running('shouts', async (fake, plugin) => {
      await call(plugin)
      await waitFor('the lines', () => fake.log.lines.some(({ msg }) => msg.startsWith('too many lines are printed')))
      const lines = fake.log.lines.filter(({ msg }) => msg.startsWith('line '))
      expect(lines.length).toBeLessThan(5000)
      expect(lines.every(({ msg }) => !msg.includes('\u0007'))).toBe(true)
    })
  })

  it('sends messages without end', async () => {
    await running('floods', async (fake, plugin) => {
      void call(plugin).catch(() => {})
      // how fast it can be depends on the machine: that it is read more slowly then is tested with the pipe
      await waitFor('the flood', () => fake.log.lines.length > 1000)
      // others have their turn meanwhile
      const began = performance.now()
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
      expect(performance.now() - began).toBeLessThan(2000 * slowness)
    })
  })

  it('leaves children behind', async () => {
    const plugin = pluginOf('breeds')
    const fake = await fakeContext(plugin).start()
    const child = await markProcess(Number(Buffer.from((await call(plugin)) as Uint8Array).toString()))
    expect(await isRunning(child)).toBe(true)
    await expect(fake.stop()).rejects.toMatchObject({ message: expect.stringContaining('left others behind') })
    await waitFor('the child to be gone', async () => !(await isRunning(child)))
  })
})
