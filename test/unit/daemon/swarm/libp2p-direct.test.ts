import type { Uint8ArrayList } from 'uint8arraylist'
import { expect, it } from 'vitest'
import { handOver, inPlaceOfEvent, onMessage } from '../../../../src/daemon/swarm/libp2p-direct.js'
import { type PlainConnection, plainPair } from '../../../tls-pair.js'

async function make(): Promise<{ connection: PlainConnection; got: number[]; take: (data: Uint8Array | Uint8ArrayList) => void }> {
  const [{ below: connection }, other] = await plainPair()
  connection.addEventListener('close', () => other.below.abort(new Error('done')))
  const got: number[] = []
  return { connection, got, take: (data) => void got.push(...data.subarray()) }
}

it('bytes go to who listens alone, and by the event where they are not handed over', async () => {
  const { connection, got, take } = await make()
  expect(handOver(connection, Uint8Array.of(0))).toBe(false)
  onMessage(connection, take)
  expect(handOver(connection, Uint8Array.of(1))).toBe(true)
  connection.onData(Uint8Array.of(2))
  expect(got).toEqual([1, 2])
  connection.abort(new Error('done'))
})

it('nothing is handed over past a second listener, nor past what waits, nor to who has paused or closed', async () => {
  const { connection, got, take } = await make()
  onMessage(connection, take)
  const other = (): void => {}
  connection.addEventListener('message', other)
  expect(handOver(connection, Uint8Array.of(1))).toBe(false)
  connection.removeEventListener('message', other)
  connection.pause()
  expect(handOver(connection, Uint8Array.of(1))).toBe(false)
  connection.onData(Uint8Array.of(1))
  connection.resume()
  expect(handOver(connection, new Uint8Array())).toBe(false)
  expect(handOver(connection, Uint8Array.of(2))).toBe(true)
  expect(got).toEqual([1, 2])
  connection.abort(new Error('done'))
  expect(handOver(connection, Uint8Array.of(3))).toBe(false)
})

it('who listens already may be called in place of the event', async () => {
  const { connection, got, take } = await make()
  connection.addEventListener('message', ({ data }) => take(data))
  inPlaceOfEvent(connection, (data) => got.push(100 + data.byteLength))
  expect(handOver(connection, Uint8Array.of(1))).toBe(true)
  connection.onData(Uint8Array.of(2))
  expect(got).toEqual([101, 2])
  connection.abort(new Error('done'))
})
