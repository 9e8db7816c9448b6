/** In which order plugins start: providers of a slot before those who need it, otherwise as they were registered. */

import { ShoalError } from '../../errors.js'

/** What the order depends on. */
export interface Dependent {
  readonly name: string
  readonly provides: readonly string[]
  readonly requires: readonly string[]
}

/** Sorts; the sort is stable. Throws `ERR_PLUGIN_INVALID` that names the circle when plugins need each other. */
export function startOrder<T extends Dependent>(plugins: readonly T[]): T[] {
  const ordered: T[] = []
  const waiting = new Set(plugins)
  const needs = new Map(plugins.map((plugin) => [plugin, providersFor(plugin, plugins)]))
  while (waiting.size > 0) {
    const next = [...waiting].find((plugin) => !needs.get(plugin)?.some((provider) => waiting.has(provider)))
    if (next === undefined) throw circle([...waiting], needs)
    waiting.delete(next)
    ordered.push(next)
  }
  return ordered
}

function providersFor<T extends Dependent>(plugin: T, plugins: readonly T[]): T[] {
  return plugins.filter((other) => other.provides.some((slot) => plugin.requires.includes(slot)))
}

function circle<T extends Dependent>(waiting: readonly T[], needs: ReadonlyMap<T, readonly T[]>): ShoalError {
  const path: T[] = []
  let at = waiting[0]
  while (at !== undefined && !path.includes(at)) {
    path.push(at)
    at = needs.get(at)?.find((provider) => waiting.includes(provider))
  }
  const names = at === undefined ? path : [...path.slice(path.indexOf(at)), at]
  const text = names.map((plugin) => plugin.name).join(' needs ')
  return new ShoalError('ERR_PLUGIN_INVALID', `Plugins need each other in a circle, so none can start first: ${text}.`)
}
