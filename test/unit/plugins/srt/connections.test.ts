import { expect, it } from 'vitest'
import { Connections, sourceStats } from '../../../../src/plugins/srt/connections.js'
import { readReceived, readSent, statisticsSize } from '../../../../src/plugins/srt/statistics.js'

const socket = {
  received: () => readReceived(new Uint8Array(statisticsSize)),
  sent: () => readSent(new Uint8Array(statisticsSize)),
}
const over = { received: () => undefined, sent: () => undefined }

it('shows each connection the way its packets go, by path, until it is over', () => {
  const connections = new Connections()
  const hide = connections.add({ path: 'live/b', role: 'read', remote: '192.0.2.1:5000' }, socket)
  connections.add({ path: 'live/a', role: 'pull', remote: '192.0.2.2:8890' }, socket)
  connections.add({ path: 'live/c', role: 'push', remote: '192.0.2.3:8890' }, over)
  const [first, second] = connections.list()
  expect(first).toMatchObject({ path: 'live/a', role: 'pull', remote: '192.0.2.2:8890', received: 0, lost: 0 })
  expect(second).toMatchObject({ path: 'live/b', role: 'read', sent: 0, dropped: 0 })
  hide()
  expect(connections.list().map(({ path }) => path)).toEqual(['live/a'])
})

it('tells a stream what is known of its source', () => {
  expect(sourceStats(socket)).toEqual({ received: 0, lost: 0, late: 0, retransmitted: 0, rtt: 0, latency: 0 })
  expect(sourceStats(over)).toEqual({})
})
