/** `slots`: who fills the service slots. */

import type { Command } from 'commander'
import type { Answer } from '../client.js'
import { action } from '../command.js'
import { table } from '../output.js'

type Slot = Answer<'slots'>['slots'][number]

/** Adds it. */
export function registerSlots(program: Command): void {
  const slots = program.command('slots').description('service slots, and who fills them')
  action(slots, async ({ client, out }) => {
    out.result(await client.call('slots'), (answer) =>
      table(
        answer.slots,
        [
          ['SLOT', ({ slot }) => slot],
          ['FILLED BY', filler],
        ],
        'no slots',
      ),
    )
  })
}

function filler({ providers, usesDefault, lost }: Slot): string {
  if (lost !== undefined) return `closed: the plugin ${lost}, which should fill it, does not run`
  return [...providers, ...(usesDefault ? ['default'] : [])].join(', ') || 'nobody'
}
