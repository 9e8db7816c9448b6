/** `plugins call`: functions of portable plugins of eKuiper. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import { action } from '../command.js'
import { clean } from '../output.js'

interface CallOptions {
  readonly validate?: boolean
  readonly aggregate?: boolean
}

/** Adds it below `plugins`. */
export function registerPluginsCall(plugins: Command): void {
  const call = plugins.command('call').argument('<plugin>').argument('<function>').argument('[args...]', 'JSON where they are JSON, else text')
  call.description('call a function of an eKuiper plugin and print its result')
  call.option('--validate', 'only ask whether it takes these arguments').option('--aggregate', 'only ask whether it works on many rows')
  action<CallOptions>(call, async ({ client, out, options, signal }, name = '', symbol = '', ...[words]) => {
    if (options.validate && options.aggregate) throw new ShoalError('ERR_USAGE', '--validate and --aggregate are two calls.')
    const what = options.validate ? ('Validate' as const) : options.aggregate ? ('IsAggregate' as const) : ('Exec' as const)
    const args = [words ?? []].flat().map(argumentOf)
    const answer = await client.call('plugins.call', { params: { name, function: symbol }, body: { args, call: what } }, signal)
    out.result(answer, ({ result }) => clean(typeof result === 'string' ? result : JSON.stringify(result)))
  })
}

function argumentOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
