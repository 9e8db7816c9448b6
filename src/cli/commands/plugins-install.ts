/** `plugins install`, `remove`, `verify`, `validate`, `pack`, `export`, `import`: packages of plugins. */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer, Client, Input } from '../client.js'
import { action, type CommandRun, collect, seconds } from '../command.js'
import { bytes, clean, count, type Progress, table } from '../output.js'

type Installed = Extract<Answer<'plugins.install'>, { type: 'installed' }>
type Step = Extract<Answer<'plugins.install'>, { type: 'progress' }>
type Body = Input<'plugins.install'>['body']
type Run = Pick<CommandRun, 'client' | 'out' | 'signal'>

interface InstallOptions {
  readonly name?: string
  readonly update?: boolean
  readonly sha256?: string
  readonly allowHttp?: boolean
  readonly allowScripts?: boolean
  readonly scriptArg?: readonly string[]
  readonly scriptTimeout: string
}

/** Adds them below `plugins`. */
export function registerPluginsInstall(plugins: Command): void {
  registerInstall(plugins)
  registerRemove(plugins)
  registerOffline(plugins)
  registerSet(plugins)
}

function registerInstall(plugins: Command): void {
  const install = plugins.command('install').argument('<source>', 'a zip file, or its URL').description('install a plugin from a zip, and start it')
  install.option('--update', 'replace the version that is installed').option('--sha256 <hex>', 'refuse an archive that has another hash')
  install.option('--name <name>', 'the name it must have').option('--allow-http', 'also take http from other machines')
  install.option('--allow-scripts', 'run the script that the package brings, with your rights')
  install.option('--script-arg <text>', 'handed to the script; may be given again', collect).option('--script-timeout <s>', 'seconds the script has', '600')
  action<InstallOptions>(install, async (run, source) => {
    const { name, update, sha256, allowHttp, allowScripts, scriptArg, scriptTimeout } = run.options
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) throw new ShoalError('ERR_USAGE', `--sha256 takes 64 hexadecimal digits, not "${sha256}".`)
    const installed = await installOne(run, {
      source: absolute(source),
      ...(name !== undefined && { name }),
      ...(update && { update }),
      ...(sha256 !== undefined && { sha256 }),
      ...(allowHttp && { allowHttp }),
      ...(allowScripts && { allowScripts }),
      ...(scriptArg && { scriptArgs: [...scriptArg] }),
      scriptTimeout: Math.max(1, seconds('--script-timeout', scriptTimeout)),
    })
    run.out.result(installed, installedText)
  })
}

/** Installs and shows progress. */
async function installOne({ client, out, signal }: Run, body: Body): Promise<Omit<Installed, 'type'>> {
  const progress = out.progress(`installing ${body.source}`)
  try {
    for await (const event of client.events('plugins.install', { body }, signal)) {
      if (event.type === 'progress') show(progress, event)
      else {
        const { type: _, ...installed } = event
        return installed
      }
    }
  } finally {
    progress.done()
  }
  throw new ShoalError('ERR_NOT_RUNNING', 'The daemon ended the install without saying why.')
}

const stepTexts: Readonly<Record<Step['step'], string>> = {
  download: 'fetching',
  unpack: 'unpacking',
  check: 'checking',
  try: 'trying',
  script: 'running its script',
  stop: 'stopping the old version',
  start: 'starting',
}

function show(progress: Progress, { step, done, total }: Step): void {
  progress.update([stepTexts[step], ...(done === undefined ? [] : [...(total ? [bar(done / total)] : []), bytes(done)])].join(' '))
}

function bar(part: number): string {
  const width = 20
  const filled = Math.min(width, Math.round(part * width))
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.floor(part * 100)} %`
}

function installedText({ plugin, version, state, replaced }: Omit<Installed, 'type'>): string {
  const named = `${plugin}${version === '' ? '' : ` ${version}`}`
  const before = replaced === undefined ? '' : ` in place of ${replaced === '' ? 'the one before' : replaced}`
  return `${named} is installed${before} and ${state === 'running' ? 'runs' : `is ${state}`}`
}

/** A path as the daemon finds it, or a URL as it is. */
function absolute(source: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(source) ? source : resolve(source)
}

function registerRemove(plugins: Command): void {
  const remove = plugins.command('remove').argument('<name>').description('stop an installed plugin and remove it; its data stay')
  remove.option('--force', 'also while streams or jobs use it').option('--data', 'remove its data, too')
  action<{ force?: boolean; data?: boolean }>(remove, async ({ client, out, options, signal }, name) => {
    const query = { ...(options.force && { force: true }), ...(options.data && { data: true }) }
    const { removed } = await client.call('plugins.remove', { params: { name }, query }, signal)
    out.result({ removed }, () => `removed ${clean(removed)}`)
  })
  const verify = plugins.command('verify').description('hold the files of the installed plugins against what was installed')
  action(verify, async ({ client, out, signal }) => {
    const answer = await client.call('plugins.verify', {}, signal)
    out.result(answer, verifiedText)
    return answer.plugins.every(({ ok }) => ok) ? 0 : 1
  })
}

function verifiedText({ plugins }: Answer<'plugins.verify'>): string {
  const state = ({ ok, file, how }: Answer<'plugins.verify'>['plugins'][number]): string => (ok ? 'as installed' : `${how}: ${file}`)
  return table(
    plugins,
    [
      ['PLUGIN', (row) => row.plugin],
      ['VERSION', (row) => row.version],
      ['FILES', state],
    ],
    'No plugins were installed.',
  )
}

function registerOffline(plugins: Command): void {
  const validate = plugins.command('validate').argument('<path>', 'a zip file or a folder').description('check a package without installing it')
  action(validate, async ({ out, signal }, path) => {
    const { validatePackage } = await import('../offline.js')
    out.result(await validatePackage(resolve(path), signal), ({ name, version, kind, files, script, sha256 }) => {
      const hash = sha256 === undefined ? '' : `\nSHA-256 ${sha256}`
      const runs = script === undefined ? '' : `\nwants to run a script when it is installed: ${clean(script)}`
      return `${name}${version === '' ? '' : ` ${version}`} is a valid ${kinds[kind]}, ${count(files, 'file')}${runs}${hash}`
    })
  })
  const pack = plugins.command('pack').argument('<folder>').description('pack a folder as a plugin; the same files give the same zip')
  pack.option('-o, --output <file>', 'default: NAME-VERSION.zip')
  action<{ output?: string }>(pack, async ({ out, options }, folder) => {
    const { packPlugin } = await import('../offline.js')
    const packed = await packPlugin(resolve(folder), options.output)
    out.result(packed, ({ file, files, size, sha256 }) => `${file}: ${count(files, 'file')}, ${bytes(size)}\nSHA-256 ${sha256}`)
  })
}

const kinds: Readonly<Record<Installed['kind'], string>> = {
  program: 'plugin (a program)',
  module: 'plugin (a module of the daemon)',
  ekuiper: 'portable plugin of eKuiper',
}

function registerSet(plugins: Command): void {
  action(plugins.command('export').description('what was installed, as JSON for plugins import on another node'), async ({ client, out }) => {
    const { plugins: installed } = await client.call('plugins.installed')
    const set = { plugins: installed.map(({ name, version, kind, source, sha256 }) => ({ name, version, kind, source, sha256 })) }
    out.result(set, (value) => JSON.stringify({ schema: 1, ...value }, undefined, 2))
  })
  const load = plugins.command('import').argument('<file>', 'what plugins export wrote').description('install the plugins of another node')
  load.option('--allow-scripts', 'run the scripts that packages bring, with your rights').option('--allow-http', 'also take http from other machines')
  action<{ allowScripts?: boolean; allowHttp?: boolean }>(load, async (run, file) => {
    const { allowScripts, allowHttp } = run.options
    const allowed = { ...(allowScripts && { allowScripts }), ...(allowHttp && { allowHttp }) }
    const rows = await importSet(run, await readSet(file), allowed)
    run.out.result({ plugins: rows }, (value) =>
      table(
        value.plugins,
        [
          ['PLUGIN', (row) => row.plugin],
          ['VERSION', (row) => row.version],
          ['OUTCOME', (row) => row.error ?? row.outcome],
        ],
        'No plugins.',
      ),
    )
    return rows.every(({ outcome }) => outcome !== 'failed') ? 0 : 1
  })
}

interface SetEntry {
  readonly name: string
  readonly version: string
  readonly source: string
  readonly sha256: string
}

interface Imported {
  readonly plugin: string
  readonly version: string
  readonly outcome: 'installed' | 'updated' | 'unchanged' | 'failed'
  readonly error?: string
}

/** One after the other; one that fails stops no other. */
async function importSet(run: Run, entries: readonly SetEntry[], allowed: Pick<Body, 'allowScripts' | 'allowHttp'>): Promise<Imported[]> {
  const there = await hashesOf(run.client)
  const rows: Imported[] = []
  for (const { name, version, source, sha256 } of entries) {
    run.signal.throwIfAborted()
    const base = { plugin: name, version }
    if (there.get(name) === sha256) {
      rows.push({ ...base, outcome: 'unchanged' })
      continue
    }
    try {
      const { replaced } = await installOne(run, { ...allowed, source, name, sha256, update: true })
      rows.push({ ...base, outcome: replaced === undefined ? 'installed' : 'updated' })
    } catch (error) {
      const { code, message } = ShoalError.from(error)
      rows.push({ ...base, outcome: 'failed', error: `${message} (${code})` })
    }
  }
  return rows
}

async function hashesOf(client: Client): Promise<ReadonlyMap<string, string>> {
  const { plugins } = await client.call('plugins.installed')
  return new Map(plugins.map(({ name, sha256 }) => [name, sha256]))
}

async function readSet(file: string): Promise<readonly SetEntry[]> {
  const wrong = (why: string, cause?: unknown): ShoalError => new ShoalError('ERR_USAGE', `${file} is not what plugins export writes: ${why}.`, { cause })
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : 'no JSON', cause)
  }
  const plugins: unknown = typeof json === 'object' && json !== null && 'plugins' in json ? json.plugins : undefined
  if (!Array.isArray(plugins)) throw wrong('it has no list "plugins"')
  return plugins.map((row: unknown, index) => {
    const field = (name: string): string => {
      const value: unknown = typeof row === 'object' && row !== null ? Object.getOwnPropertyDescriptor(row, name)?.value : undefined
      if (typeof value !== 'string') throw wrong(`plugins[${index}].${name} is no text`)
      return value
    }
    return { name: field('name'), version: field('version'), source: field('source'), sha256: field('sha256') }
  })
}
