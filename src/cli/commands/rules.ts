/** `rules`: what the plugin of that name decides. */

import type { IncomingMessage } from 'node:http'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Client } from '../client.js'
import { action, listing } from '../command.js'
import { clean, table } from '../output.js'

interface ShownRule {
  readonly section: string
  readonly pattern: string
  readonly line: number
  readonly source: string
}

interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly message: string
}

interface Status {
  readonly file: string
  readonly rules: readonly ShownRule[]
  readonly problems: readonly Problem[]
  readonly unknownPeers: readonly string[]
  readonly renamedPeers: readonly { readonly ref: string; readonly peer: string; readonly name: string }[]
}

interface Verdict {
  readonly allowed: boolean
  readonly file: string
  readonly rule?: ShownRule
}

/** Exit code of a refusal that was asked about. */
const refusedExit = 5

/** Adds them. */
export function registerRules(program: Command): void {
  const rules = program.command('rules').description('who may read, publish, send and call what')
  listing(rules, async ({ client, out, signal }) => out.result(await ask<Status>(client, '/rules/', signal), statusText))
  const check = rules.command('check').argument('[file]', 'default: the one in use, or rules.yaml beside shoal.yaml')
  action(check.description('name every problem of a rules file; needs no daemon'), async ({ client, out, signal }, file) => {
    const status = await running(client, signal)
    const path = file === undefined ? (status?.file ?? join(client.paths.configDir, 'rules.yaml')) : resolve(file)
    const { checkRules } = await import('../offline.js')
    const found = await checkRules(path)
    // names are known to the daemon alone, and those of the file in use only
    const warnings = status && status.file === path ? warningsOf(status) : []
    out.result({ file: path, rules: found.rules, warnings }, (answer) => [`${path}: ${answer.rules} rules, no problems`, ...warnings].map(clean).join('\n'))
  })
  const test = rules.command('test').argument('<who>', 'owner, peer:NAME, user:NAME, client:local, client:ADDRESS')
  test.argument('<action>', 'stream.read, stream.publish, payload.send or api.call').argument('<target>', 'path, kind or route')
  action(test.description('say which rule decides; exit code 5 when it refuses'), async ({ client, out, signal }, who, what, target) => {
    const query = new URLSearchParams({ who: `${who}`, action: `${what}`, target: `${target}` })
    const verdict = await ask<Verdict>(client, `/rules/test?${query}`, signal)
    out.result(verdict, verdictText)
    return verdict.allowed ? 0 : refusedExit
  })
}

/** A route of the plugin, which may not run. */
async function ask<Answer>(client: Client, path: string, signal: AbortSignal): Promise<Answer> {
  try {
    return JSON.parse(await readAll(await client.open(path, signal))) as Answer
  } catch (error) {
    if (!isShoalError(error, 'ERR_ROUTE_UNKNOWN')) throw error
    const hint = 'Write rules.yaml, then shoal config set plugins.rules.enabled true and shoal restart; shoal plugins says whether it failed.'
    throw new ShoalError('ERR_NOT_FOUND', 'The plugin rules does not run.', { hint })
  }
}

async function running(client: Client, signal: AbortSignal): Promise<Status | undefined> {
  try {
    return await ask<Status>(client, '/rules/', signal)
  } catch (error) {
    if (isShoalError(error, 'ERR_NOT_RUNNING', 'ERR_NOT_FOUND')) return undefined
    throw error
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

function warningsOf({ unknownPeers, renamedPeers }: Status): string[] {
  const unknown = unknownPeers.map((name) => `warning: no trusted peer is called ${name}`)
  return [...unknown, ...renamedPeers.map(({ ref, peer, name }) => `warning: ${ref} is called ${name} now; the rule still means ${peer}`)]
}

function statusText(status: Status): string {
  const rules = table(
    status.rules,
    [
      ['LINE', (row) => row.line],
      ['SECTION', (row) => row.section],
      ['RULE', (row) => row.source],
    ],
    'No rules.',
  )
  const problems = status.problems.map(({ file, line, column, path, message }) => `problem: ${file}:${line}:${column}: ${path && `${path}: `}${message}`)
  const stale = problems.length > 0 ? ['The file is wrong now; these rules are from before it was changed.'] : []
  return [rules, '', status.file, ...stale, ...[...problems, ...warningsOf(status)].map(clean)].join('\n')
}

function verdictText({ allowed, file, rule }: Verdict): string {
  const by = rule ? `${file}:${rule.line}: ${rule.section}: ${rule.source}` : 'no rule: the owner at the socket may do everything'
  return clean(`${allowed ? 'allowed' : 'refused'} by ${by}`)
}
