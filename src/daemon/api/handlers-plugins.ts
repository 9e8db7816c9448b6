/** Handlers of plugins. */

import type { PluginRoutes } from '../host/http.js'
import { pluginAnswer, pluginDetail } from './answers.js'
import type { HandlersOf } from './call.js'
import type { DaemonPort } from './port.js'
import type { Output, RouteId } from './table.js'
import type { pluginRoutes } from './table-plugins.js'

/** Makes them. */
export function pluginHandlers(port: DaemonPort, routes: Pick<PluginRoutes, 'list'>): HandlersOf<Extract<RouteId, keyof typeof pluginRoutes>> {
  const { plugins } = port
  return {
    'plugins.list': () => ({ schema: 1, plugins: plugins.list().map(pluginAnswer) }),
    'plugins.info': ({ params }) => detail(port, routes, params.name),
    'plugins.enable': async ({ params, query }) => ({ schema: 1, plugin: pluginAnswer(await plugins.enable(params.name, query)) }),
    'plugins.disable': async ({ params, query }) => ({ schema: 1, plugin: pluginAnswer(await plugins.disable(params.name, query)) }),
    'plugins.restart': async ({ params }) => ({ schema: 1, plugin: pluginAnswer(await plugins.restart(params.name)) }),
  }
}

async function detail({ plugins, config }: DaemonPort, routes: Pick<PluginRoutes, 'list'>, name: string): Promise<Output<'plugins.info'>> {
  const usage = await plugins.usage(name)
  const plugin = plugins.info(name)
  const sections: Readonly<Record<string, unknown>> = Object(config.shown()['plugins'])
  return { schema: 1, plugin: pluginDetail(plugin, { routes: routes.list(), config: sections[plugin.section], usage }) }
}
