/** `peers pair`, `requests`, `accept`, `reject`: pairing by short code of two nodes on one network. */

import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Answer } from '../client.js'
import { action, type CommandRun, seconds } from '../command.js'
import { clean, count, span, table } from '../output.js'

type Request = Answer<'pairing.status'>['requests'][number]
type Shown = Pick<Request, 'peer' | 'name' | 'code'>
type Run = Pick<CommandRun, 'client' | 'out' | 'signal'>

/** ms between looks at what waits. */
const interval = 250

/** Adds them below `peers`. */
export function registerPairing(peers: Command): void {
  const pair = peers.command('pair').argument('[peer]').description('ask a discovered node to pair; without a name, let others ask this node')
  pair.option('--for <s>', 'seconds for which others may ask', '120').option('--no-wait', 'let others ask, and do not stay')
  action<{ for: string; wait: boolean }>(pair, async (run, peer: string | undefined) => {
    if (peer !== undefined) return await ask(run, peer)
    const { until, triesLeft } = await run.client.call('pairing.open', { body: { time: seconds('--for', run.options.for) } }, run.signal)
    run.out.note(`Others may ask for ${span(until - Date.now())}. On the other node: shoal peers pair NAME`)
    if (run.options.wait) return await watch(run)
    run.out.result({ until, triesLeft }, () => 'See shoal peers requests.')
    return 0
  })
  const requests = peers.command('requests').description('pairings that wait for a person')
  action(requests, async ({ client, out }) => {
    out.result(await client.call('pairing.status'), requestsText)
  })
  const accept = peers.command('accept').argument('<peer>').description('both screens show the same code: accept')
  accept.option('--code <digits>', 'what the other screen shows; another code ends the pairing')
  action<{ code?: string }>(accept, async ({ client, out, options, signal }, peer) => {
    const body = options.code === undefined ? {} : { code: options.code }
    out.result(await client.call('pairing.accept', { params: { peer }, body }, signal), ({ state }) =>
      state === 'paired' ? `paired with ${clean(peer)}` : `accepted here; the person at ${clean(peer)} has to accept, too`,
    )
  })
  const reject = peers.command('reject').argument('<peer>').description('the codes differ, or it is not wanted: reject')
  action(reject, async ({ client, out }, peer) => {
    out.result(await client.call('pairing.reject', { params: { peer } }), () => `rejected ${clean(peer)}`)
  })
}

/** Asks, shows the code, and stays until both persons have decided. */
async function ask(run: Run, peer: string): Promise<number> {
  const { client, out, signal } = run
  const prompting = new AbortController()
  const progress = out.progress(`asking ${peer}`)
  try {
    for await (const event of client.events('pairing.ask', { body: { peer } }, signal)) {
      if (event.type === 'progress') progress.update(event.message)
      else progress.done()
      if (event.type === 'code') show(run, event, prompting.signal)
      if (event.type !== 'paired') continue
      out.item(event, ({ name, peers }) => `paired with ${clean(name)}\n${count(peers, 'peer')} trusted`)
      return 0
    }
  } finally {
    prompting.abort()
    progress.done()
  }
  throw new ShoalError('ERR_PAIRING_FAILED', 'The daemon ended the pairing without saying why.')
}

/** Shows who asks until one is paired or the time is over; the window closes with the command. */
async function watch(run: Run): Promise<number> {
  const { client, out, signal } = run
  const shown = new Map<string, AbortController>()
  try {
    for (;;) {
      const { window, requests } = await client.call('pairing.status', {}, signal)
      const asking = requests.filter(({ asked }) => !asked)
      for (const [peer, prompting] of shown) {
        if (asking.some((request) => request.peer === peer)) continue
        prompting.abort()
        shown.delete(peer)
        const { peers } = await client.call('peers.list', {}, signal)
        const row = peers.find(({ id }) => id === peer)
        if (!row) continue
        out.item({ type: 'paired', peer, name: row.name, peers: peers.length }, () => `paired with ${clean(row.name)}\n${count(peers.length, 'peer')} trusted`)
        return 0
      }
      for (const request of asking.filter(({ peer }) => !shown.has(peer))) {
        const prompting = new AbortController()
        shown.set(request.peer, prompting)
        show(run, request, prompting.signal)
      }
      if (!window && asking.length === 0)
        throw new ShoalError('ERR_TIMEOUT', 'Nobody was paired in that time.', { hint: 'Run it again, or use a ticket: shoal invite.' })
      await sleep(interval, undefined, { signal })
    }
  } finally {
    for (const prompting of shown.values()) prompting.abort()
    await client.call('pairing.close').catch(() => {})
  }
}

/** Shows a code; at a terminal it also asks. */
function show(run: Run, { peer, name, code }: Shown, signal: AbortSignal): void {
  const { out } = run
  out.item({ type: 'code', peer, name, code }, () => `${clean(name)} ${peer}\ncode   ${code}`)
  if (out.json || !process.stdin.isTTY)
    out.note(`If the other node shows the same code: shoal peers accept ${clean(name)}, on both nodes. Otherwise: shoal peers reject ${clean(name)}`)
  else prompt(run, peer, signal).catch((error: unknown) => out.note(isShoalError(error) ? error.message : String(error)))
}

async function prompt({ client, signal: stopping }: Run, peer: string, ended: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question('Does the other node show the same code? [y/N] ', { signal: AbortSignal.any([stopping, ended]) })
    const params = { params: { peer } }
    if (/^y(es)?$/i.test(answer.trim())) await client.call('pairing.accept', { ...params, body: {} })
    else await client.call('pairing.reject', params)
  } catch (error) {
    if (!ended.aborted && !stopping.aborted) throw error
  } finally {
    terminal.close()
  }
}

function requestsText({ window, requests }: Answer<'pairing.status'>): string {
  const rows = table(
    requests,
    [
      ['NAME', (row) => row.name],
      ['PEER', (row) => row.peer],
      ['CODE', (row) => row.code],
      ['WAITS FOR', (row) => (row.acceptedHere ? 'the other node' : row.acceptedThere ? 'this node' : 'both nodes')],
      ['ENDS', (row) => `in ${span(row.expires - Date.now())}`],
    ],
    'No pairing waits for a person.',
  )
  return window ? `${rows}\nOthers may ask for ${span(window.until - Date.now())}, tries left: ${window.triesLeft}.` : rows
}
