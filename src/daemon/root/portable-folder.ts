/** A plugin that is a program of its own: a folder with `shoal-plugin.json`, which says how it is run. */

import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { LoadedPlugin } from '../host/hosted.js'
import type { PluginEntry } from '../host/resolve.js'
import { describePortable, portablePlugin } from '../portable/native/portable-plugin.js'
import { version } from './version.js'

/** Name of the file that makes a folder a portable plugin. */
export const portableFile = 'shoal-plugin.json'

const text = Type.String({ minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]+$' })

const manifestSchema = Type.Object(
  {
    command: text,
    args: Type.Optional(Type.Array(Type.String({ maxLength: 4096, pattern: '^[^\\u0000]*$' }), { maxItems: 64 })),
    env: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }), Type.String({ maxLength: 4096 }), { maxProperties: 32 })),
  },
  { additionalProperties: false },
)

/** Bytes of the file. */
const maxBytes = 64 * 1024

/** The plugin of an entry whose `use` is such a folder; undefined for any other. Never rejects: what goes wrong becomes the entry's `error`. */
export async function portableFolder(entry: PluginEntry, configDir: string, log: Logger): Promise<LoadedPlugin | undefined> {
  const { name, enabled, required, config, use } = entry
  if (use === undefined || !(isAbsolute(use) || /^\.\.?(\/|$)/.test(use))) return undefined
  const folder = resolve(configDir, use)
  const file = join(folder, portableFile)
  const bytes = await readFile(file).catch(() => undefined)
  if (!bytes) return undefined
  const base = {
    name,
    source: folder,
    ...(enabled !== undefined && { enabled }),
    ...(required !== undefined && { required }),
    ...(config !== undefined && { config }),
  }
  if (enabled === false) return base
  try {
    const program = { ...readManifest(file, bytes), name, folder }
    const agent = `shoal/${version}`
    return { ...base, plugin: portablePlugin({ program, agent, description: await describePortable(program, { log, agent }) }) }
  } catch (error) {
    return { ...base, error: ShoalError.from(error, 'ERR_PLUGIN_FAILED') }
  }
}

function readManifest(file: string, bytes: Uint8Array): Static<typeof manifestSchema> {
  const json = bytes.length > maxBytes ? undefined : parse(file, bytes)
  if (Value.Check(manifestSchema, json)) return json
  const [first] = Value.Errors(manifestSchema, json)
  const what = first ? `${first.instancePath || 'it'} ${first.message}` : `it has more than ${maxBytes} bytes`
  throw new ShoalError('ERR_PLUGIN_INVALID', `${file} is wrong: ${what}.`, {
    hint: 'It says how the plugin is run: {"command": "python3", "args": ["hello.py"]}.',
  })
}

function parse(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ShoalError('ERR_PLUGIN_INVALID', `${file} is no JSON.`, { cause })
  }
}
