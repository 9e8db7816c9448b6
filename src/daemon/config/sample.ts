/** `shoal.yaml` as `shoal init` writes it: every key with its meaning and default, all commented out. */

import { stringify } from 'yaml'
import { configSchema, type KnownPlugins } from './plugin-schema.js'
import { allowedText, type SchemaView } from './schema-walk.js'

const heading = `# Configuration of Shoal. Everything has a default: take the # away from what you want to change.
# Check with: shoal config check. Where a value comes from: shoal config sources.
# Files in shoal.d/*.yaml, SHOAL_SECTION__KEY variables and --set section.key=value win over this file.
`

/** The sample; without the plugins' keys when none are given. */
export function defaultYaml(known: KnownPlugins = { pluginSchemas: {} }): string {
  const sections = Object.entries(configSchema(known).properties ?? {}).map(([name, schema]) => sectionText(name, schema, 0))
  return `${heading}\n${sections.filter((text) => text !== '').join('\n')}`
}

function sectionText(name: string, schema: SchemaView, depth: number): string {
  const indent = '  '.repeat(depth)
  const about = schema.description ? `${comment(schema.description, indent)}\n` : ''
  const keys = Object.entries(schema.properties ?? {}).map(([key, part]) => keyText(key, part, depth + 1))
  if (schema.type !== 'object') return keyText(name, schema, depth)
  return keys.length === 0 ? '' : `${about}#${indent}${name}:\n${keys.join('')}`
}

function keyText(key: string, schema: SchemaView, depth: number): string {
  if (schema.type === 'object' && schema.properties) return sectionText(key, schema, depth)
  const indent = '  '.repeat(depth)
  const about = comment(aboutText(schema), indent)
  const value = schema.default ?? schema.examples?.[0]
  // a key without a value would be a mistake once its # is gone
  if (value === undefined) return `${about}\n${comment(`${key}: …`, indent)}\n`
  const items = Object.entries(schema.items?.properties ?? {}).map(([name, part]) => `${comment(`  ${name}: ${aboutText(part)}`, indent)}\n`)
  return `${about}\n#${indent}${key}: ${stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()}\n${items.join('')}`
}

/** Meaning, default where it cannot be shown as a value, and what is allowed. */
function aboutText(schema: SchemaView): string {
  const known = schema.defaultText ? ` Default: ${schema.defaultText}.` : ''
  return `${schema.description ?? ''}${known} ${capital(allowedText(schema))}.`.trim()
}

function comment(text: string, indent: string): string {
  return `#${indent}# ${text}`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
