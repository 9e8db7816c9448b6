/** The tables of the docs, made from the code: see `docs.ts`. */

import type { Command } from 'commander'
import { buildProgram } from '../src/cli/program.js'
import { routeIds, routeOf } from '../src/daemon/api/table.js'
import { configSchema } from '../src/daemon/config/config.js'
import { PluginSet } from '../src/daemon/root/plugin-set.js'
import { errorKinds } from '../src/errors.js'

/** The part of JSON Schema that the tables show. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly defaultText?: string
  readonly unit?: string
  readonly live?: boolean
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

function rows(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return [heads, heads.map(() => '---'), ...lines].map((line) => `| ${line.map(cell).join(' | ')} |`).join('\n')
}

function errors(): string {
  const lines = Object.entries(errorKinds).map(([code, kind]) => [
    `\`${code}\``,
    String(kind.status),
    String(kind.exit),
    kind.title,
    'hint' in kind ? kind.hint : '',
  ])
  return rows(['code', 'HTTP', 'exit', 'what happened', 'what to do'], lines)
}

/** Every key below a schema with its own: sections are walked, lists and free objects are one key. */
function keys(schema: Schema, path: string): [key: string, schema: Schema][] {
  if (!schema.properties || path.split('.').length > 4) return [[path, schema]]
  return Object.entries(schema.properties).flatMap(([name, part]) => keys(part, path === '' ? name : `${path}.${name}`))
}

function values({ type, enum: words, minimum, maximum, unit, items }: Schema): string {
  if (words) return words.map((word) => `\`${word}\``).join(', ')
  const range = minimum !== undefined || maximum !== undefined ? ` ${minimum ?? ''}–${maximum ?? ''}` : ''
  return `${items ? `list of ${items.type ?? 'values'}` : (type ?? 'value')}${range}${unit ? ` ${unit}` : ''}`
}

function configuration(): string {
  // the host's keys are the same for every plugin and stand in the text
  const all = keys(configSchema(new PluginSet().known) as unknown as Schema, '').filter(([key]) => !/^plugins\.[^.]+\.(enabled|required|use)$/.test(key))
  const lines = all.map(([key, schema]) => {
    const fallback = schema.defaultText ?? (schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``)
    return [`\`${key}\``, values(schema), fallback, `${schema.description ?? ''}${schema.live ? ' Counts at once.' : ''}`]
  })
  return rows(['key', 'value', 'default', 'meaning'], lines)
}

function routes(): string {
  const lines = routeIds.map((id) => {
    const { method, path, summary, access, stream } = routeOf(id)
    return [`\`${id}\``, `\`${method} ${path}\``, `${summary}${stream ? ' Server-sent events.' : ''}`, access]
  })
  return rows(['id', 'route', 'does', 'access'], lines)
}

function leaves(command: Command, path: string): [path: string, command: Command][] {
  const children = command.commands.filter((child) => child.name() !== 'help')
  return children.flatMap((child): [string, Command][] => {
    const name = `${path} ${child.name()}`
    const below = leaves(child, name)
    const hasOwn = below.length === 0 || child.name() !== 'log'
    return hasOwn && (below.length === 0 || runs(child)) ? [[name, child], ...below] : below
  })
}

/** Does the command do something by itself, beside its subcommands? */
function runs(command: Command): boolean {
  return typeof (command as unknown as { _actionHandler?: unknown })._actionHandler === 'function'
}

function commandTable(): string {
  const lines = leaves(buildProgram({ code: 0 }), 'shoal').map(([path, command]) => {
    const args = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`)).join(' ')
    const options = command.options.map((option) => `\`${option.flags}\` ${option.description}`).join('; ')
    return [`\`${`${path} ${args}`.trim()}\``, command.description(), options]
  })
  return rows(['command', 'does', 'options'], lines)
}

/** Name → its Markdown. */
export const tables: Readonly<Record<string, () => string>> = { errors, configuration, routes, commands: commandTable }
