/** A node of the matrix: the real daemon, with the addresses that clients need. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliNode, httpOf } from '../e2e/cli.js'
import { freePort } from '../free-port.js'
import { has } from '../tools.js'
import { waitFor } from '../wait-for.js'

/** A running node. */
export interface MatrixNode {
  readonly cli: CliNode
  /** `http://127.0.0.1:PORT`. */
  readonly http: string
  /** `rtmp://127.0.0.1:PORT`. */
  readonly rtmp: string
  /** `rtsp://127.0.0.1:PORT`. */
  readonly rtsp: string
  /** `srt://127.0.0.1:PORT`. */
  readonly srt: string
}

/** Starts one; `outputs`: presets in which it offers each stream. */
export async function startNode(name: string, outputs: readonly string[] = []): Promise<MatrixNode> {
  const [rtmp, rtsp, srt] = [await freePort(), await freePort(), await freePort()]
  const cli = new CliNode(name, { SHOAL_RTMP__PORT: String(rtmp), SHOAL_RTSP__PORT: String(rtsp) })
  const listener = has('libsrt') ? `srt: { listen: true, port: ${srt} }, ` : ''
  cli.configure(`plugins: { ${listener}transcode: { outputs: [${outputs.join(', ')}] } }\n`)
  await cli.start()
  return { cli, http: await httpOf(cli), rtmp: `rtmp://127.0.0.1:${rtmp}`, rtsp: `rtsp://127.0.0.1:${rtsp}`, srt: `srt://127.0.0.1:${srt}` }
}

/** Calls the node's API; running the command for each call would take half of a small machine. */
async function call<T>({ cli, http }: MatrixNode, path: string, request: { method?: string; body?: string } = {}): Promise<T> {
  const authorization = `Bearer ${readFileSync(join(cli.home, 'api.token'), 'utf8').trim()}`
  const answer = await fetch(`${http}/api/${path}`, { headers: { authorization, 'content-type': 'application/json' }, ...request })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as T
}

/** Pulls a URL into a path. */
export async function pull(node: MatrixNode, url: string, path: string): Promise<void> {
  await call(node, 'pulls', { method: 'POST', body: JSON.stringify({ url, path }) })
}

/** Ends the pulls of a path and of its outputs, those that the node has not made by itself. */
export async function endPulls(node: MatrixNode, path: string): Promise<void> {
  const { pulls } = await call<{ pulls: { path: string; url: string }[] }>(node, 'pulls')
  const ours = pulls.filter((one) => one.path.split('~')[0] === path && !/^(transcode|shoal):\/\/\//.test(one.url))
  await Promise.all(ours.map((one) => call(node, `pulls/${encodeURIComponent(one.path)}`, { method: 'DELETE' })))
}

/** Resolves when `path` is on the node and at least `frames` have come. */
export async function flows(node: MatrixNode, path: string, frames: number): Promise<void> {
  await waitFor(
    `frames of ${path} on ${node.cli.name}`,
    async () => {
      const { streams } = await call<{ streams: { path: string; framesIn: number }[] }>(node, 'streams')
      return streams.some((stream) => stream.path === path && stream.framesIn >= frames)
    },
    60_000,
  )
}
