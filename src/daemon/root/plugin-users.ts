/** Who uses a plugin now: streams that it publishes, pulls and pushes whose URLs it serves. */

import type { Media } from './media.js'

/** What of a plugin says which URLs it serves. */
export interface ServedUrls {
  readonly name: string
  /** Of the configuration. */
  readonly section: string
  /** `scheme:` or the beginning of URLs. */
  readonly pullers: readonly string[]
  readonly pushers: readonly string[]
}

/** What uses a plugin, by its name or that of its section, for people: `the stream live/cam`, `the pull of test:bars` … Each path once. */
export function pluginUsers(plugin: string, all: readonly ServedUrls[], { hub, pulls, pushes }: Pick<Media, 'hub' | 'pulls' | 'pushes'>): readonly string[] {
  const found = all.find(({ name, section }) => name === plugin || section === plugin)
  if (!found) return []
  const { name, pullers, pushers } = found
  const served = (starts: readonly string[], url: string): boolean => starts.some((start) => url.toLowerCase().startsWith(start.toLowerCase()))
  const pulled = pulls.list().filter((pull) => pull.owner !== name && served(pullers, pull.url))
  const streams = hub.list().filter(({ path, publisher }) => publisher === name && !pulled.some((pull) => pull.path === path))
  const pushed = pushes.list().filter((push) => push.owner !== name && served(pushers, push.url))
  return [
    ...streams.map(({ path }) => `the stream ${path}`),
    ...pulled.map(({ path, url }) => `the pull of ${url} into ${path}`),
    ...pushed.map(({ path, url }) => `the push of ${path} to ${url}`),
  ]
}
