/** Handlers of installed plugins. */

import type { HandlersOf } from './call.js'
import type { DaemonPort } from './port.js'
import type { RouteId } from './table.js'
import type { installRoutes } from './table-install.js'

/** Makes them. */
export function installHandlers({ store }: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof installRoutes>> {
  return {
    'plugins.install': ({ body }, { signal }) => store.install(body, signal),
    'plugins.remove': async ({ params, query }) => ({ schema: 1, removed: params.name, version: (await store.remove(params.name, query)).version }),
    'plugins.verify': async () => ({ schema: 1, plugins: await store.verify() }),
    'plugins.installed': async () => {
      const plugins = await store.list()
      return {
        schema: 1,
        plugins: plugins.map(({ name, version, kind, source, archive: sha256, tree, files, installedAt }) => {
          return { name, version, kind, source, sha256, tree, files: Object.keys(files).length, installedAt }
        }),
      }
    },
  }
}
