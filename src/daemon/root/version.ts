/** Versions of this software and of what it is made of. */

import { readFileSync } from 'node:fs'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

// three folders up from src/daemon/root and from dist/daemon/root alike
const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Manifest

/** Version of Shoal. */
export const version: string = manifest.version

/** Protocols spoken between nodes. */
const protocols = ['/shoal/pair/1.0.0', '/shoal/control/1.0.0', '/shoal/stream/1.0.0']

/** What `shoal version` shows. */
export function versions(): { version: string; node: string; platform: string; protocols: string[]; libraries: Record<string, string> } {
  return { version, node: process.version, platform: `${process.platform} ${process.arch}`, protocols, libraries: { ...manifest.dependencies } }
}
