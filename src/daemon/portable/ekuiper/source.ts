/** A source of an eKuiper plugin as a stream: each message is one frame. */

import type { PullJob } from '../../../plugin.js'
import type { Publication, Track } from '../../../stream.js'
import { linkSignals } from '../../util/linked-signal.js'
import { abortable, monotonic } from '../../util/wait.js'
import { PullSocket } from '../sp/sp-socket.js'
import type { EkuiperRun } from './ekuiper-run.js'
import { readSourceMessage, type SourceMessageOptions } from './source-message.js'
import { readSymbolUrl, sourceConfig } from './symbol-url.js'
import { SymbolUse } from './symbol-use.js'

const track: Track = { id: 1, kind: 'data', codec: 'application/json' }

/** Runs one pull. Rejects with `ERR_SOURCE_FAILED` and the plugin's words, `ERR_URL_INVALID`, `ERR_PLUGIN_CONFIG`, `ERR_PLUGIN_FAILED`, `ERR_TIMEOUT`. */
export async function pullSource(run: EkuiperRun, job: PullJob): Promise<void> {
  const { manifest, folder } = run
  const request = readSymbolUrl(job.url, 'source', manifest.sources)
  const { symbol, datasource, envelope } = request
  const use = new SymbolUse({ kind: 'source', symbol, user: job.path, datasource, config: await sourceConfig(folder, request) })
  const what = run.nameOf(use)
  const socket = new PullSocket({ onError: (error) => job.log.debug('a connection of a source failed', { source: symbol, err: error }) })
  const over = linkSignals(job.signal, use.signal)
  try {
    // the plugin dials as soon as it is told to start
    await socket.listen(run.sockets.data(use.socketName))
    await run.begin(use, over.signal)
    const publication = job.publish([track], { publishTimeout: 0 })
    await follow(socket, publication, { envelope, what }, over.signal)
  } catch (error) {
    if (!job.signal.aborted) throw error
  } finally {
    over.done()
    await run.end(use)
    await socket.close()
  }
}

async function follow(socket: PullSocket, publication: Publication, options: SourceMessageOptions, signal: AbortSignal): Promise<void> {
  const messages = socket[Symbol.asyncIterator]()
  for (;;) {
    const next = await abortable(messages.next(), signal)
    if (next.done) return
    const data = readSourceMessage(next.value, options)
    publication.write({ track: track.id, timestamp: Math.round(monotonic() * 1000), key: true, data })
  }
}
