/** The bench with its console, over a program of its own and over a module. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Bench } from '../../../../src/cli/author/bench/bench.js'
import { checkCompliance } from '../../../../src/cli/author/bench/compliance.js'
import { openSubject } from '../../../../src/cli/author/bench/subject.js'
import type { BenchEvent } from '../../../../src/cli/author/bench-event.js'
import { BenchConsole } from '../../../../src/cli/author/console.js'
import { Output } from '../../../../src/cli/output.js'

const root = join(import.meta.dirname, '../../../..')
const { signal } = new AbortController()

const moduleText = `
export default () => ({
  name: 'one-file',
  payloadKinds: ['one-file.ask'],
  start(ctx) {
    let frames = 0
    let events = 0
    ctx.http.route({ method: 'POST', path: '/seen', handler: ({ body, query }) => ({ frames, events, body, query }) })
    ctx.puller({ protocol: 'one', pull: async () => { throw new Error('no source') } })
    ctx.pusher({ protocol: 'one', async push(job) { for await (const batch of await job.subscribe()) frames += batch.length } })
    ctx.run('events', async ({ signal }) => { for await (const event of ctx.peers.events({ signal })) events++ })
    this.send = () => ctx.payloads.broadcast('all.kind', new TextEncoder().encode('hark')).then(() => ctx.payloads.send('12D3KooWBob', 'other.kind', new TextEncoder().encode('psst')))
  },
  async handlePayload(src, kind, body) {
    if (body.length === 0) return undefined
    if (body[0] === 0x21) throw new Error('I will not')
    await this.send()
    return body.length > 3 ? Uint8Array.of(255, 254) : body
  },
})
`

/** A running plugin, and what was printed. */
class Stage {
  readonly printed: BenchEvent[] = []
  readonly console: BenchConsole
  readonly bench: Bench

  constructor(bench: (heard: (event: BenchEvent) => void) => Bench) {
    const out = new Output({ json: true, quiet: false, stdout: new PassThrough().resume() })
    this.console = new BenchConsole(out)
    const show = this.console.show.bind(this.console)
    this.console.show = (event) => {
      this.printed.push(event)
      show(event)
    }
    this.bench = bench((event) => this.console.show(event))
  }

  /** Runs lines; what they printed that is of a type. */
  async run(...lines: string[]): Promise<{ ok: boolean; printed: BenchEvent[] }> {
    const from = this.printed.length
    let ok = true
    for (const line of lines) ok = (await this.console.line(this.bench, line, signal)) && ok
    return { ok, printed: this.printed.slice(from) }
  }

  /** The last thing that a line printed. */
  async last(line: string): Promise<BenchEvent | undefined> {
    return (await this.run(line)).printed.at(-1)
  }
}

describe('the bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const program = join(folder, 'program')
  const module = join(folder, 'module')

  beforeAll(() => {
    cpSync(join(root, 'test/fixtures/portable'), program, { recursive: true })
    writeFileSync(join(program, 'shoal-plugin.json'), JSON.stringify({ name: 'node-hello', command: process.execPath, args: ['hello.mjs'] }))
    cpSync(join(root, 'package.json'), join(module, 'package.json'))
    writeFileSync(join(module, 'plugin.js'), moduleText)
    writeFileSync(join(module, 'shoal-plugin.json'), JSON.stringify({ name: 'one-file', module: 'plugin.js' }))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function stage(home: string, config?: unknown): Promise<Stage> {
    const subject = await openSubject(home)
    const made = new Stage((heard) => new Bench({ subject, heard, ...(config !== undefined && { config }) }))
    await made.bench.start()
    onTestFinished(async () => {
      if (made.bench.running) await made.bench.stop()
    })
    return made
  }

  it('plays with a program: describes, configures, kills and stops it', async () => {
    const made = await stage(program, { greeting: 'moin' })
    expect(made.bench.describe()).toMatchObject({ name: 'node-hello', version: '1.2.3', pulls: ['nodetest://'], pushes: ['nodesink://'] })
    expect(await made.last('payload node-hello.greet Ada')).toMatchObject({ type: 'reply', body: expect.stringContaining('moin') })
    expect(await made.last('config {"greeting": "ahoy"}')).toMatchObject({ type: 'plugin', kinds: ['node-hello.greet', 'node-hello.ask'] })
    expect(await made.last('payload node-hello.greet Ada')).toMatchObject({ type: 'reply', body: expect.stringContaining('ahoy') })
    expect(await made.last('config {"greeting": 7}')).toMatchObject({ type: 'error', code: 'ERR_PLUGIN_CONFIG' })
    expect(await made.last('payload node-hello.greet Ada')).toMatchObject({ type: 'reply', body: expect.stringContaining('ahoy') })
    expect(await made.last('kill')).toMatchObject({ type: 'done', text: expect.stringContaining('SIGKILL') })
    expect(await made.last('route GET /echo/word')).toMatchObject({ type: 'answer' })
    expect(await made.last('stop')).toMatchObject({ type: 'done', text: expect.stringContaining('nothing was left behind') })
    expect(await made.last('info')).toMatchObject({ type: 'error', code: 'ERR_USAGE' })
    expect(await made.last('start')).toMatchObject({ type: 'plugin' })
  })

  it('plays with a module: payloads, routes, events, streams, and what it does by itself', async () => {
    const made = await stage(module)
    expect(await made.last('payload one-file.ask Ada')).toMatchObject({ type: 'reply', body: 'Ada' })
    expect(made.printed.slice(-3, -1)).toEqual([
      { type: 'sent', kind: 'all.kind', body: 'hark' },
      { type: 'sent', peer: '12D3KooWBob', kind: 'other.kind', body: 'psst' },
    ])
    expect(await made.last('payload one-file.ask')).toMatchObject({ type: 'done' })
    expect(await made.last('payload one-file.ask long text')).toMatchObject({ type: 'reply', encoding: 'base64', body: '//4=' })
    expect(await made.last('payload one-file.ask !')).toMatchObject({ type: 'error', message: expect.stringContaining('I will not') })
    expect(await made.last('payload other x')).toMatchObject({ type: 'error', code: 'ERR_KIND_UNCLAIMED' })
    expect(await made.last('kill')).toMatchObject({ type: 'error', code: 'ERR_USAGE' })
    expect(await made.last('events peers')).toMatchObject({ text: '5 events' })
    expect(await made.last('events streams')).toMatchObject({ text: '4 events' })
    expect(await made.last('events weather')).toMatchObject({ type: 'error', code: 'ERR_USAGE' })
    expect(await made.last('push one://x --seconds 0.5')).toMatchObject({ type: 'done' })
    expect(await made.last('forget ada')).toMatchObject({ type: 'done' })
    const { printed } = await made.run('route POST /seen?a=b {"c": 1}')
    expect(printed).toMatchObject([{ type: 'answer', value: { events: 5, body: { c: 1 }, query: { a: 'b' } } }])
    expect(await made.last('publish lab/x')).toMatchObject({ type: 'done' })
    expect(await made.last('unpublish lab/x')).toMatchObject({ type: 'done' })
    expect(await made.last('publish lab/x /no/such.flv')).toMatchObject({ type: 'error', code: 'ERR_NOT_FOUND' })
    expect(await made.last('publish lab/x examples/sample.flv')).toMatchObject({ type: 'done' })
    expect(await made.last('publish lab/x')).toMatchObject({ type: 'error', code: 'ERR_STREAM_TAKEN' })
  })

  it('says what fails: a source, a scheme, a text that does not come, a command that is not there', async () => {
    const made = await stage(module)
    expect(await made.last('pull one://x/y')).toMatchObject({ type: 'error', message: 'no source' })
    expect(await made.last('pull two://x/y')).toMatchObject({ type: 'error', code: 'ERR_SCHEME_UNKNOWN' })
    expect(await made.last('pull')).toMatchObject({ type: 'error', code: 'ERR_USAGE' })
    expect(await made.last('expect never --seconds 0.01')).toMatchObject({ type: 'error', code: 'ERR_TIMEOUT' })
    expect(await made.last('frobnicate')).toMatchObject({ type: 'error', code: 'ERR_USAGE' })
    expect(await made.run('payload one-file.ask Ada', 'expect reply   Ada', '# nothing')).toMatchObject({ ok: true })
  })

  it('runs the suite for plugins, and names what is wrong', async () => {
    const good: BenchEvent[] = []
    expect(await checkCompliance(await openSubject(program), undefined, (event) => good.push(event), signal)).toBe(0)
    expect(good.length).toBeGreaterThan(7)
    writeFileSync(join(module, 'bad.js'), `export default { name: 'bad', config: { type: 'object' }, start() { throw new Error('never') } }`)
    writeFileSync(join(module, 'shoal-plugin.json'), JSON.stringify({ name: 'bad', module: 'bad.js' }))
    const bad: BenchEvent[] = []
    expect(await checkCompliance(await openSubject(module), undefined, (event) => bad.push(event), signal)).toBeGreaterThan(1)
    expect(bad).toContainEqual({ type: 'case', name: 'starts and stops twice, and leaves nothing', ok: false, error: 'never' })
  })

  it('opens no folder without a plugin', async () => {
    await expect(openSubject(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await expect(openSubject(folder)).rejects.toMatchObject({ code: 'ERR_PLUGIN_INVALID', hint: expect.stringContaining('plugins new') })
  })
})
