/**
 * Who may read, publish, send and call what, from a file of rules. Fills the slot `permission`; off by default. A change
 * of the file counts at once; a file with a mistake changes nothing. Routes: `/rules/`, `/rules/test`.
 */

import { isAbsolute, resolve } from 'node:path'
import { Type } from 'typebox'
import { ShoalError } from '../../errors.js'
import { definePlugin, type HttpRequest, type Plugin, type PluginContext } from '../../plugin.js'
import type { Action, Permission, Principal } from '../../services.js'
import { Changes } from './changes.js'
import { type RulesConfig, rulesSchema } from './config.js'
import { actionNames } from './pattern.js'
import { PeerPins, type Pin } from './peer-pins.js'
import { type Problem, problemText, rulesInvalid } from './problem.js'
import type { Decision, Rule, RuleSet } from './rule-set.js'
import { readRulesFile, watchFile } from './rules-file.js'
import { didYouMean } from './suggest.js'
import { parseWho } from './who.js'

/** A rule as answers show it. */
export interface ShownRule {
  readonly section: string
  readonly pattern: string
  readonly line: number
  readonly column: number
  /** As it is written. */
  readonly source: string
}

/** Answer of `GET /rules/`. */
export interface RulesStatus {
  readonly file: string
  /** Wall clock, ms since 1970: when the rules that hold were read. */
  readonly loadedAt: number
  readonly rules: readonly ShownRule[]
  /** What is wrong with the file as it is now; the rules that hold are older then. */
  readonly problems: readonly Problem[]
  /** Names of peers in rules that mean nobody. */
  readonly unknownPeers: readonly string[]
  /** Names of peers in rules whose peer is called otherwise now. */
  readonly renamedPeers: readonly Pin[]
}

/** Answer of `GET /rules/test`. */
export interface RulesVerdict {
  readonly who: Principal
  readonly action: string
  readonly target: string
  readonly allowed: boolean
  readonly file: string
  /** The rule that decided; absent for an owner at the socket. */
  readonly rule?: ShownRule
}

const testQuery = Type.Object(
  {
    who: Type.String({ minLength: 1, maxLength: 300, description: 'owner, peer:NAME, user:NAME, client:local, client:ADDRESS' }),
    action: Type.String({ minLength: 1, maxLength: 40, description: actionNames.join(', ') }),
    target: Type.String({ minLength: 1, maxLength: 255, description: 'Stream path, payload kind or route.' }),
  },
  { additionalProperties: false },
)

/** Makes the plugin. `folder`: where a relative path begins; the plugin's own folder where there is none. */
export function rules(folder?: string): Plugin<RulesConfig> {
  return definePlugin<RulesConfig>({
    name: 'rules',
    info: { description: 'Decides who may read, publish, send and call what, from a file of rules.' },
    config: rulesSchema,
    provides: ['permission'],
    async start(ctx) {
      const { file } = ctx.config
      const keeper = new Keeper(ctx, isAbsolute(file) ? file : resolve(folder ?? ctx.dataDir, file))
      await keeper.open()
      ctx.provide('permission', keeper)
      ctx.http.route({ method: 'GET', path: '/', summary: 'The rules that hold, and what is wrong with the file', handler: () => keeper.status() })
      ctx.http.route({
        method: 'GET',
        path: '/test',
        summary: 'What the rules say to one question',
        query: testQuery,
        handler: (request) => keeper.test(request),
      })
    },
  })
}

/** The rules of one daemon. */
class Keeper implements Permission {
  readonly #pins: PeerPins
  readonly #ctx: PluginContext<RulesConfig>
  readonly #file: string
  readonly #changes = new Changes()
  #rules: RuleSet | undefined
  #loadedAt = 0
  #text: string | undefined
  #problems: readonly Problem[] = []
  #peersKnown = false
  /** Names already warned of. */
  #warned: ReadonlySet<string> = new Set()

  constructor(ctx: PluginContext<RulesConfig>, file: string) {
    this.#ctx = ctx
    this.#file = file
    const failed = (err: unknown): void => ctx.log.warn('a name in the rules could not be written down', { err })
    this.#pins = new PeerPins({ find: (ref) => ctx.peers.get(ref), store: ctx.store, failed })
  }

  /** Reads the file and begins to watch it. Rejects with `ERR_RULES_INVALID`. */
  async open(): Promise<void> {
    await this.#pins.load()
    const { rules: found, problems, text } = await readRulesFile(this.#file)
    if (!found) throw rulesInvalid(problems)
    this.#text = text
    this.#take(found)
    this.#ctx.run('watch file', ({ signal }) => watchFile(this.#file, () => this.#reload(), signal), { restart: 'on-failure' })
    this.#ctx.run('watch peers', ({ signal }) => this.#watchPeers(signal), { restart: 'on-failure' })
  }

  allows(who: Principal, what: Action): boolean | string {
    if (this.#decide(who, what).allowed) return true
    return `The rules of this node do not allow ${what.action} of ${what.target}.`
  }

  changes(signal: AbortSignal): AsyncIterable<unknown> {
    return this.#changes.listen(signal)
  }

  #decide(who: Principal, what: Action): Decision {
    return this.#rules?.decide(who, what, this.#pins) ?? { allowed: false }
  }

  #take(found: RuleSet): void {
    this.#rules = found
    this.#loadedAt = Date.now()
    this.#problems = []
    if (this.#peersKnown) this.#settle()
    this.#changes.emit()
  }

  /** All or nothing: a file that is wrong, or gone, leaves the rules as they are. */
  async #reload(): Promise<void> {
    const { rules: found, problems, text } = await readRulesFile(this.#file)
    if (text === this.#text && (text !== undefined || this.#problems.length > 0)) return
    this.#text = text
    if (found) {
      this.#take(found)
      this.#ctx.log.info('rules loaded', { file: this.#file, rules: found.rules.length })
      return
    }
    this.#problems = problems
    this.#ctx.log.error('the rules file is wrong: the rules from before it was changed go on', { problems: problems.slice(0, 10).map(problemText) })
  }

  /** Names come and go with peers, and answers with them. */
  async #watchPeers(signal: AbortSignal): Promise<void> {
    await peersKnown(this.#ctx, signal)
    if (signal.aborted) return
    this.#peersKnown = true
    const events = this.#ctx.peers.events({ signal })
    this.#settle()
    for await (const { type } of events) {
      if (type !== 'trusted' && type !== 'forgotten' && type !== 'renamed' && type !== 'lagged') continue
      this.#settle()
      this.#changes.emit()
    }
  }

  /** Looks up the names in the rules, and warns once of those that may not mean what they seem to. */
  #settle(): ReturnType<PeerPins['settle']> {
    const settled = this.#pins.settle(this.#rules?.peerRefs().keys() ?? [])
    const { unknown, renamed } = settled
    for (const ref of unknown) if (!this.#warned.has(ref)) this.#ctx.log.warn('a rule names a peer that is not trusted here', { peer: ref })
    for (const { ref, peer, name } of renamed)
      if (!this.#warned.has(ref)) this.#ctx.log.warn('a rule names a peer that is called otherwise now; it means the same peer', { ref, peer, name })
    this.#warned = new Set([...unknown, ...renamed.map(({ ref }) => ref)])
    return settled
  }

  status(): RulesStatus {
    const { unknown, renamed } = this.#settle()
    const shown = (this.#rules?.rules ?? []).map(shownRule).sort((a, b) => a.line - b.line || a.column - b.column)
    return { file: this.#file, loadedAt: this.#loadedAt, rules: shown, problems: this.#problems, unknownPeers: unknown, renamedPeers: renamed }
  }

  test({ query }: HttpRequest): RulesVerdict {
    const action = actionNames.find((name) => name === query['action'])
    if (!action) {
      const message = `There is no action ${String(query['action'])}${didYouMean(String(query['action']), actionNames) || '.'}`
      throw new ShoalError('ERR_USAGE', message, { hint: `Actions: ${actionNames.join(', ')}.` })
    }
    const who = parseWho(String(query['who']), (ref) => this.#ctx.peers.get(ref)?.id)
    const target = String(query['target'])
    const { allowed, rule } = this.#decide(who, { action, target })
    return { who, action, target, allowed, file: this.#file, ...(rule && { rule: shownRule(rule) }) }
  }
}

/** Services start before the peers are there. */
async function peersKnown(ctx: PluginContext<RulesConfig>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      ctx.peers.list()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

function shownRule({ action, pattern, line, column, source }: Rule): ShownRule {
  return { section: action, pattern: pattern.text, line, column, source }
}
