/** What tests of sessions share: hosts that are stopped after each test, and a stream to look at. */

import { afterEach } from 'vitest'
import { encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { type FakeHost, type FakeOptions, type FakePublication, startRtmp } from './fake.js'
import { aacFrame, aacHeader, avcFrame, avcHeader } from './media.js'
import { RawClient } from './raw-client.js'
import { until } from './until.js'

const hosts: FakeHost[] = []
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop()
})

/** Starts a plugin that is stopped after the test. */
export async function start(options?: FakeOptions): Promise<FakeHost> {
  const host = await startRtmp(options)
  hosts.push(host)
  return host
}

/** A body of `@setDataFrame`. */
export const metadata = (data: { [key: string]: number }): Uint8Array => encodeAmf0('@setDataFrame', 'onMetaData', data)

/** The publication, once its tracks are known. */
export function started(host: FakeHost, path: string): FakePublication | undefined {
  const publication = host.streams.published.get(path)
  return publication && publication.tracks.length > 0 ? publication : undefined
}

/** Publishes both kinds, a key frame at 40 ms and sound at 41 ms, and waits for the stream. */
export async function publishBoth(host: FakeHost, name = 'cam'): Promise<{ client: RawClient; publication: FakePublication }> {
  const client = await RawClient.publishing(host.port, name)
  client.body(1, 18, metadata({ videocodecid: 7, audiocodecid: 10 }))
  client.body(1, 9, avcHeader)
  client.body(1, 8, aacHeader)
  client.body(1, 9, avcFrame(true, 1000), 40)
  client.body(1, 8, aacFrame(100), 41)
  return { client, publication: await until('the publication', () => started(host, `live/${name}`)) }
}
