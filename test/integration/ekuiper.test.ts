/** A package of eKuiper in whole daemons: installed through eKuiper's API, on the sockets that its SDKs have built in. */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packFolder } from '../../src/daemon/portable/install/pack.js'
import type { Frame } from '../../src/stream.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

const fixture = join(import.meta.dirname, '../fixtures/ekuiper/python')
// names are fixed for the whole machine: another run must have others
const name = `Ek_It${process.pid}`
const ours = name.toLowerCase().replace('_', '-')
const echo = `echo__${process.pid}`

interface Answer {
  readonly status: number
  readonly text: string
  readonly json: unknown
}

describeWith(['python3', 'nngcat'], 'a package of eKuiper', () => {
  const nodes = new Nodes()
  let node: TestNode
  const counted = { count: `count__${process.pid}`, file: `file__${process.pid}` }

  /** A zip of the fixture; `change` breaks or changes it. */
  const pack = async (version: string, change: (folder: string) => void = () => {}): Promise<string> => {
    const folder = join(nodes.folder, `package-${version}`)
    cpSync(fixture, folder, { recursive: true, filter: (path) => !path.includes('__pycache__') })
    mkdirSync(join(folder, 'sources'))
    writeFileSync(join(folder, 'sources', `${counted.count}.yaml`), 'default:\n  interval: 10\n')
    const symbols = { sources: [counted.count], sinks: [counted.file], functions: [echo] }
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ version, language: 'python', executable: 'main.py', ...symbols }))
    change(folder)
    const zip = join(nodes.folder, `${version}.zip`)
    await packFolder(folder, zip)
    return pathToFileURL(zip).href
  }

  /** Speaks to the daemon as a client of eKuiper would. */
  const call = (method: string, path: string, body?: unknown, at = node): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' }
      const asked = request({ socketPath: at.daemon.paths.socket, method, path, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () => {
          const json: unknown = response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : undefined
          resolve({ status: response.statusCode ?? 0, text, json })
        })
      })
      asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
    })

  const statusOf = async () => (await call('GET', `/plugins/portables/${name}/status`)).json as { pid: number; restarts: number; refCount: object }
  const read = (frame: Frame | undefined) => JSON.parse(Buffer.from(frame?.data ?? []).toString()) as { count: number; pid: number; from: string }

  /** A reader of a stream that keeps what it gets. */
  const reader = async (path: string) => {
    const subscription = await node.probe.ctx.streams.subscribe(path, { wait: 20_000 })
    const frames: Frame[] = []
    void (async () => {
      for await (const batch of subscription) frames.push(...batch)
    })()
    return { frames, subscription }
  }

  beforeAll(async () => {
    node = await nodes.start('a')
    const file = await pack('v1.0.0')
    expect(await call('POST', '/plugins/portables', { name, file })).toMatchObject({ status: 201, text: `portable plugin ${name} is created` })
  }, 60_000)

  afterAll(() => nodes.dispose())

  it('EK6 is listed, described and has a status in eKuiper’s shape, and in ours', async () => {
    const described = { name, version: 'v1.0.0', language: 'python', sources: [counted.count], sinks: [counted.file], functions: [echo] }
    const { json } = await call('GET', '/plugins/portables')
    expect(json).toEqual([{ ...described, executable: join(node.home, 'plugins', name, 'main.py') }])
    expect((await call('GET', `/plugins/portables/${name}`)).json).toMatchObject(described)
    expect((await call('GET', `/plugins/portables/${name}/status`)).json).toEqual({
      refCount: {},
      status: 'running',
      errMsg: '',
      pid: expect.any(Number),
      restarts: 0,
    })
    expect(await call('GET', '/plugins/portables/nothing')).toMatchObject({ status: 404, json: { error: 1002, message: expect.stringContaining('nothing') } })
    const { plugin } = await node.client.call('plugins.info', { params: { name: ours } })
    expect(plugin).toMatchObject({ state: 'running', kinds: [`${ours}.${echo}`], process: { pid: expect.any(Number) } })
  })

  it('EK6 what cannot be installed is refused in eKuiper’s words', async () => {
    const refused = (message: string) => ({
      status: 400,
      json: { error: 1000, message: expect.stringContaining(`portable plugin create command error: ${message}`) },
    })
    expect(await call('POST', '/plugins/portables', { name: 'other', file: 'file:///nothing.tar' })).toMatchObject(refused('invalid uri'))
    expect(await call('POST', '/plugins/portables', { name: 'other', file: 'file:///nothing.zip' })).toMatchObject(refused(''))
    expect(await call('POST', '/plugins/portables', { name, file: await pack('v0') })).toMatchObject(refused(''))
    expect(((await call('GET', '/plugins/portables')).json as unknown[]).length).toBe(1)
  })

  it('EK10, EK15, EK17 its source is a stream whose reader stays when the process is killed', async () => {
    await node.client.call('pulls.create', { body: { url: `ekuiper://${name}/${counted.count}?datasource=topic`, path: 'ek/count' } })
    const { frames, subscription } = await reader('ek/count')
    await waitFor('messages', () => frames.length >= 3)
    expect(read(frames[0])).toMatchObject({ from: 'topic', config: { interval: 10 } })
    const before = await statusOf()
    expect(before.refCount).toEqual({ 'ek/count': 1 })
    process.kill(before.pid, 'SIGKILL')
    await waitFor('messages of another process', () => read(frames.at(-1)).pid !== before.pid)
    expect(subscription.signal.aborted).toBe(false)
    expect(await statusOf()).toMatchObject({ status: 'running', restarts: 1, lastEnd: expect.stringContaining('SIGKILL') })
    subscription.close()
  })

  it('EK10, EK23 its sink takes the rows of a stream', async () => {
    const file = join(nodes.folder, 'rows.txt')
    const url = `ekuiper://${ours}/${counted.file}?path=${file}&requireAck=true`
    const { push } = await node.client.call('pushes.create', { body: { path: 'ek/count', url } })
    const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
    await waitFor('rows', () => lines().length >= 5)
    await node.client.call('pushes.remove', { params: { id: push.id } })
    await waitFor('its end', () => lines().includes('closed'))
    const { pid } = await statusOf()
    const rows = lines().flatMap((line) => (line === 'closed' ? [] : [JSON.parse(line) as { count: number; pid: number }]))
    const counts = rows.flatMap((row) => (row.pid === pid ? [row.count] : []))
    expect(counts).toEqual(Array.from(counts, (_, index) => (counts[0] ?? 0) + index))
  })

  it('EK10 its function answers the API, its route and payloads', async () => {
    const params = { name: ours, function: echo }
    expect(await node.client.call('plugins.call', { params, body: { args: [{ a: 1 }] } })).toMatchObject({ result: { a: 1 }, took: expect.any(Number) })
    expect((await node.client.call('plugins.call', { params: { ...params, name }, body: { call: 'Validate' } })).result).toMatchObject({ valid: false })
    await expect(node.client.call('plugins.call', { params: { ...params, function: 'none' }, body: {} })).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect((await call('POST', `/${ours}/functions/${echo}`, { args: ['x'] })).json).toEqual({ result: 'x' })
    const { reply } = await node.client.call('send', { body: { peer: node.id, kind: `${ours}.${echo}`, body: '[[1,2]]', wantReply: true } })
    expect(reply?.body).toBe('[1,2]')
  })

  it('EK20 a second daemon does not take it over, and says why', async () => {
    const other = await nodes.start('b')
    const { status, json } = await call('POST', '/plugins/portables', { name, file: await pack('v1.0.1') }, other)
    expect([status, json]).toEqual([400, { error: 1000, message: expect.stringContaining(`plugin_${name}.ipc of the plugin ${name} is in use`) }])
    expect((await call('GET', '/plugins/portables', undefined, other)).json).toEqual([])
    expect((await node.client.call('plugins.call', { params: { name, function: echo }, body: { args: [1] } })).result).toBe(1)
    await nodes.stop(other)
  })

  it('EK7 an update that fails leaves the old one at work; a good one takes its place, and readers stay', async () => {
    const { frames, subscription } = await reader('ek/count')
    await waitFor('messages', () => frames.length > 0)
    const broken = await pack('v1.1.0', (folder) => writeFileSync(join(folder, 'main.py'), 'raise SystemExit("I am broken")\n'))
    expect(await call('PUT', `/plugins/portables/${name}`, { file: broken })).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining('I am broken') },
    })
    expect((await call('GET', `/plugins/portables/${name}`)).json).toMatchObject({ version: 'v1.0.0' })
    const { pid } = await statusOf()
    await waitFor('messages of the old one', () => read(frames.at(-1)).pid === pid)
    const good = await pack('v1.2.0')
    expect(await call('PUT', `/plugins/portables/${name}`, { file: good })).toMatchObject({ status: 200, text: `portable plugin ${name} is updated` })
    expect((await call('GET', `/plugins/portables/${name}`)).json).toMatchObject({ version: 'v1.2.0' })
    const after = await statusOf()
    await waitFor('messages of the new one', () => read(frames.at(-1)).pid === after.pid)
    expect(subscription.signal.aborted).toBe(false)
    subscription.close()
  })

  it('EK29 is not deleted while it is used, unless that is forced', async () => {
    expect(await call('DELETE', `/plugins/portables/${name}`)).toMatchObject({
      status: 400,
      json: { error: 1000, message: expect.stringContaining('ek/count') },
    })
    const { pid } = await statusOf()
    expect(await call('DELETE', `/plugins/portables/${name}?force=true`)).toMatchObject({ status: 200, text: `portable plugin ${name} is deleted` })
    expect((await call('GET', '/plugins/portables')).json).toEqual([])
    expect(() => process.kill(pid, 0)).toThrow()
    expect((await call('DELETE', `/plugins/portables/${name}`)).status).toBe(404)
  })
})
