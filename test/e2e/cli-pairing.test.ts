/** `shoal peers pair`, `requests`, `accept`, `reject`: two persons at two real nodes. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode, pair, type Running, stackTrace } from './cli.js'

describe('pairing by short code', () => {
  let kitchen: CliNode
  let attic: CliNode
  const codeIn = (running: Running): Promise<string> => waitFor('a code', () => /code +(\d{6})\n/.exec(running.output.stdout)?.[1])
  const names = async (node: CliNode): Promise<string[]> => (await node.json<{ peers: { name: string }[] }>('peers')).peers.map(({ name }) => name)
  const errorOf = async (node: CliNode, ...args: string[]): Promise<{ code: number | null; error: string }> => {
    const { code, stdout, stderr } = await node.command(...args, '--json')
    expect(stdout + stderr).not.toMatch(stackTrace)
    return { code, error: (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: { code: string } }).error.code }
  }

  beforeAll(async () => {
    kitchen = new CliNode('kitchen')
    attic = new CliNode('attic')
    await Promise.all([kitchen.start(), attic.start()])
    // so that the attic knows where the kitchen is, with discovery off
    await pair(kitchen, attic)
    await kitchen.json('peers', 'forget', 'attic')
  })
  afterAll(async () => {
    await kitchen?.dispose()
    await attic?.dispose()
  })

  it('is refused while nobody takes requests', async () => {
    expect(await errorOf(attic, 'peers', 'pair', 'kitchen')).toEqual({ code: 5, error: 'ERR_PAIRING_CLOSED' })
    expect(await errorOf(attic, 'peers', 'pair', 'cellar')).toEqual({ code: 6, error: 'ERR_PEER_UNKNOWN' })
    for (const verb of ['accept', 'reject']) expect(await errorOf(kitchen, 'peers', verb, 'attic')).toEqual({ code: 6, error: 'ERR_NOT_FOUND' })
    expect(await errorOf(kitchen, 'peers', 'pair', '--for', '0')).toEqual({ code: 2, error: 'ERR_REQUEST_INVALID' })
  })

  it('ends with a reject, and with a code that differs', async () => {
    await kitchen.json('peers', 'pair', '--no-wait')
    const asking = attic.spawn('peers', 'pair', 'kitchen')
    await codeIn(asking)
    expect((await kitchen.command('peers', 'requests')).stdout).toMatch(/attic[\s\S]*both nodes[\s\S]*Others may ask/)
    expect((await kitchen.command('peers', 'reject', 'attic')).stdout).toBe('rejected attic\n')
    const rejected = await asking.ended
    expect([rejected.code, rejected.stderr]).toEqual([5, expect.stringContaining('ERR_PAIRING_REJECTED')])
    const again = attic.spawn('peers', 'pair', 'kitchen')
    const code = await codeIn(again)
    await waitFor('the request', async () => (await kitchen.json<{ requests: unknown[] }>('peers', 'requests')).requests.length > 0)
    const other = code === '000000' ? '000001' : '000000'
    expect(await errorOf(kitchen, 'peers', 'accept', 'attic', '--code', other)).toEqual({ code: 5, error: 'ERR_PAIRING_REJECTED' })
    expect((await again.ended).code).toBe(5)
    expect(await names(kitchen)).toEqual([])
  })

  it('shows the same code on both screens and trusts once both persons accepted', async () => {
    const taking = kitchen.spawn('peers', 'pair')
    await waitFor('the window', () => taking.output.stderr.includes('Others may ask'))
    const asking = attic.spawn('peers', 'pair', 'kitchen', '--json')
    const shown = await codeIn(taking)
    await waitFor('the code at the attic', () => asking.output.stdout.includes(`"code":"${shown}"`))
    expect(taking.output.stderr).toContain('shoal peers accept attic')
    expect(await kitchen.json('peers', 'accept', 'attic', '--code', shown)).toMatchObject({ state: 'waiting' })
    expect(await names(kitchen)).toEqual([])
    expect(await attic.json('peers', 'accept', 'kitchen')).toMatchObject({ state: 'paired' })
    expect([(await asking.ended).code, (await taking.ended).code]).toEqual([0, 0])
    expect(taking.output.stdout).toContain('paired with attic')
    expect(await names(kitchen)).toEqual(['attic'])
    const { window, requests } = await kitchen.json<{ window?: object; requests: object[] }>('peers', 'requests')
    expect([window, requests]).toEqual([undefined, []])
  })

  it('a window in which nobody asks ends as a timeout', async () => {
    expect(await errorOf(kitchen, 'peers', 'pair', '--for', '1')).toEqual({ code: 7, error: 'ERR_TIMEOUT' })
  })
})
