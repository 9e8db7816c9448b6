/** What `npm install` does in a new TypeScript plugin, without a network. */

import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/**
 * Links the packages that the project's tests need. Package by package, never a whole `node_modules` or scope: and npm must not be
 * run in the project afterwards, because it prunes what it finds behind a linked folder of packages.
 */
export function linkModules(project: string): void {
  const modules = join(project, 'node_modules')
  const links = { shoal: root, typescript: join(root, 'node_modules/typescript'), '@types/node': join(root, 'node_modules/@types/node') }
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(target, join(modules, name))
  }
  mkdirSync(join(modules, '.bin'))
  symlinkSync('../typescript/bin/tsc', join(modules, '.bin/tsc'))
  if (!existsSync(join(modules, '.bin/tsc'))) throw new Error('There is no TypeScript to link.')
}
