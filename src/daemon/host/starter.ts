/** Brings one plugin up: folder, context, `start`, and the checks after it. */

import { chmod, mkdir } from 'node:fs/promises'
import { ShoalError } from '../../errors.js'
import type { Logger, Plugin } from '../../plugin.js'
import { abortable, monotonic } from '../util/wait.js'
import { contain, type Outcome } from './containment.js'
import { HostContext } from './context.js'
import type { Hosted } from './hosted.js'
import type { HostLimits } from './limits.js'
import type { HostOptions, HostParts } from './parts.js'

/** What starting needs. */
export interface StarterInit {
  readonly options: HostOptions
  readonly limits: HostLimits
  readonly log: Logger
  readonly parts: () => HostParts
}

/** Starts plugins one by one. */
export class Starter {
  readonly #init: StarterInit

  constructor(init: StarterInit) {
    this.#init = init
  }

  /** Starts a created plugin: `running`, or `failed` with the reason and nothing left of it. Never throws. */
  async start(hosted: Hosted, plugin: Plugin, config: unknown): Promise<void> {
    const { limits, log } = this.#init
    const began = monotonic()
    hosted.state = 'starting'
    const starting = contain(`${hosted.name}.start`, () => this.#run(hosted, plugin, config), hosted.entry.startTimeout ?? limits.start)
    // a stop of the daemon does not wait for a start that hangs
    const outcome = await abortable(starting, hosted.scope.signal).catch((error: unknown): Outcome<void> => ({ kind: 'threw', error }))
    hosted.startTime = monotonic() - began
    if (hosted.scope.signal.aborted) {
      await retire(hosted, new ShoalError('ERR_STOPPING'), limits.tasks, log)
      hosted.state = 'stopped'
      return
    }
    if (outcome.kind === 'done') {
      hosted.state = 'running'
      log.debug('plugin started', { plugin: hosted.name, ms: Math.round(hosted.startTime) })
      return
    }
    await this.fail(hosted, 'start', outcome)
  }

  /** Ends a plugin that could not start or go on: undoes what it registered, closes the slots it was to fill. */
  async fail(hosted: Hosted, where: string, outcome: Exclude<Outcome<unknown>, { kind: 'done' }>): Promise<void> {
    const { limits, log, options } = this.#init
    const error = hosted.note(where, outcome)
    hosted.end('failed', error.message)
    await retire(hosted, new ShoalError('ERR_PLUGIN_FAILED', `The plugin ${hosted.name} failed.`, { cause: error }), limits.tasks, log)
    options.services.lose(hosted.name, hosted.provides)
    log.error(where === 'start' ? 'plugin failed to start' : 'plugin failed', {
      plugin: hosted.name,
      source: hosted.entry.source,
      reason: error.message,
      code: error.code,
    })
  }

  async #run(hosted: Hosted, plugin: Plugin, config: unknown): Promise<void> {
    const { options, limits, parts } = this.#init
    this.#requireSlots(hosted)
    const dataDir = options.dataDir(hosted.name)
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await chmod(dataDir, 0o700)
    await plugin.start?.(new HostContext({ hosted, config, dataDir, options, limits, parts }))
    const provided = hosted.registrations.labels('service')
    const forgotten = hosted.provides.find((slot) => !provided.includes(slot))
    if (forgotten === undefined) return
    throw new ShoalError('ERR_PLUGIN_INVALID', `It names the slot ${forgotten} in provides and did not call ctx.provide for it during start.`)
  }

  #requireSlots(hosted: Hosted): void {
    const { services } = this.#init.options
    for (const slot of hosted.requires) {
      if (services.filled(slot)) continue
      throw new ShoalError(
        'ERR_SLOT_EMPTY',
        `It needs the service slot ${slot}, which nothing fills: no plugin that provides it runs, and no default stands in.`,
      )
    }
  }
}

/** Aborts a plugin's signal, awaits its tasks for at most `limit` ms, undoes its registrations. Returns tasks that still run. */
export async function retire(hosted: Hosted, reason: ShoalError, limit: number, log: Logger): Promise<string[]> {
  const tasks = await hosted.scope.close(reason, limit)
  if (tasks.length > 0) {
    log.warn('tasks of a plugin did not end', { plugin: hosted.name, tasks: tasks.slice(0, 20) })
    const text = `${tasks.length} of its tasks went on after their signal had aborted: ${tasks.slice(0, 3).join(', ')}.`
    hosted.note('its tasks', { kind: 'hung', error: new ShoalError('ERR_TIMEOUT', text) })
  }
  for (const fault of hosted.registrations.undo()) log.warn('a registration could not be undone', { plugin: hosted.name, fault })
  return tasks
}
