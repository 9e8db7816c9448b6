import { afterEach, describe, expect, it } from 'vitest'
import { InvertedChannel } from '../../../../../src/daemon/portable/ekuiper/inverted-channel.js'
import { Handoff } from '../../../../../src/daemon/portable/sp/handoff.js'
import type { SpRequest } from '../../../../../src/daemon/portable/sp/sp-socket.js'
import { waitFor } from '../../../../wait-for.js'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

/** The plugin's end, driven by hand. */
class Plugin {
  readonly requests = new Handoff<SpRequest>()
  /** What each request id was answered. */
  readonly commands: { readonly id: number; readonly command: string }[] = []
  connection = new AbortController()

  async ask(id: number, body: string): Promise<void> {
    const reply = (command: Uint8Array): void => void this.commands.push({ id, command: text(command) })
    await this.requests.offer({ id, body: bytes(body), signal: this.connection.signal, reply })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

let plugin: Plugin
let channel: InvertedChannel

const open = (timeout = 5000): void => {
  plugin = new Plugin()
  channel = new InvertedChannel({ requests: plugin.requests, name: 'plugin mirror', timeout, maxQueued: 2 })
}

afterEach(() => channel.close())

describe('an inverted channel', () => {
  it('answers a handshake with a command; the next request is its answer and the slot of the next command', async () => {
    open()
    const [first, second] = [channel.call(bytes('one')), channel.call(bytes('two'))]
    await plugin.ask(1, 'handshake')
    await channel.ready()
    expect(plugin.commands).toEqual([{ id: 1, command: 'one' }])
    await plugin.ask(2, 'ok one')
    expect(text(await first)).toBe('ok one')
    expect(plugin.commands.at(-1)).toEqual({ id: 2, command: 'two' })
    await plugin.ask(3, 'ok two')
    expect(text(await second)).toBe('ok two')
    const third = channel.call(bytes('three'))
    expect(plugin.commands.at(-1)).toEqual({ id: 3, command: 'three' })
    await plugin.ask(4, 'ok three')
    expect(text(await third)).toBe('ok three')
  })

  it('holds only the newest slot, and sends a command again to a plugin that shakes hands meanwhile', async () => {
    open()
    await plugin.ask(1, 'handshake')
    await plugin.ask(2, 'handshake')
    const call = channel.call(bytes('one'))
    expect(plugin.commands).toEqual([{ id: 2, command: 'one' }])
    await plugin.ask(3, 'handshake')
    expect(plugin.commands.at(-1)).toEqual({ id: 3, command: 'one' })
    await plugin.ask(4, 'done')
    expect(text(await call)).toBe('done')
  })

  it('an answer may begin with the letter h, and may be empty', async () => {
    open()
    await plugin.ask(1, 'handshake')
    const first = channel.call(bytes('one'))
    await plugin.ask(2, 'host not found')
    expect(text(await first)).toBe('host not found')
    const second = channel.call(bytes('two'))
    await plugin.ask(3, '')
    expect(text(await second)).toBe('')
  })

  it('drops a request that was answered before and comes again', async () => {
    open()
    await plugin.ask(1, 'handshake')
    const call = channel.call(bytes('one'))
    await plugin.ask(1, 'handshake')
    await plugin.ask(1, 'handshake')
    expect(plugin.commands).toEqual([{ id: 1, command: 'one' }])
    await plugin.ask(2, 'ok')
    expect(text(await call)).toBe('ok')
    // the answer is repeated while its slot is free: still one slot
    await plugin.ask(2, 'ok')
    const next = channel.call(bytes('two'))
    await plugin.ask(2, 'ok')
    expect(plugin.commands.at(-1)).toEqual({ id: 2, command: 'two' })
    await plugin.ask(3, 'ok two')
    expect(text(await next)).toBe('ok two')
  })

  it('takes no late answer for the next command’s, but goes on with its slot', async () => {
    open(60)
    await plugin.ask(1, 'handshake')
    await expect(channel.call(bytes('slow'))).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('plugin mirror') })
    await plugin.ask(2, 'late')
    const next = channel.call(bytes('next'))
    await waitFor('the next command', () => plugin.commands.at(-1)?.command === 'next')
    await plugin.ask(3, 'in time')
    expect(text(await next)).toBe('in time')
  })

  it('forgets a slot whose connection is over', async () => {
    open()
    await plugin.ask(1, 'handshake')
    plugin.connection.abort()
    plugin.connection = new AbortController()
    const call = channel.call(bytes('one'))
    expect(plugin.commands).toEqual([])
    await plugin.ask(1, 'handshake')
    expect(plugin.commands).toEqual([{ id: 1, command: 'one' }])
    await plugin.ask(2, 'ok')
    expect(text(await call)).toBe('ok')
  })

  it('refuses what is too much, and fails what waits when it closes', async () => {
    open()
    const waiting = [channel.call(bytes('1')), channel.call(bytes('2'))]
    await expect(channel.call(bytes('3'))).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    plugin.requests.close()
    for (const call of waiting) await expect(call).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await expect(channel.ready()).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await expect(channel.call(bytes('4'))).rejects.toMatchObject({ code: 'ERR_STOPPING' })
  })
})
