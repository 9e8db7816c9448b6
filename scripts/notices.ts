/** The licences of the packages whose code is in `dist`. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name?: string }
}

/** The folders of packages that files lie in: `node_modules/a/lib/x.js` is in `node_modules/a`. */
export function packageFolders(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  return [...new Set(folders)].sort()
}

/** One text for all packages that the files of a build come from: name, version, and the licence as the package has it. */
export function notices(root: string, files: readonly string[]): string {
  const parts = packageFolders(files).map((folder) => notice(join(root, folder)))
  return ['The programs in this folder contain code of these packages.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`).concat('\n')
}

function notice(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const author = typeof manifest.author === 'string' ? manifest.author : manifest.author?.name
  const head = `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})${author === undefined ? '' : `, ${author}`}`
  const texts = readdirSync(folder)
    .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name) && existsSync(join(folder, name)))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
  return [head, ...texts].join('\n\n')
}
