/** Which room may know which (docs/architecture.md), as a check over the import statements of `src/`. */

import { posix } from 'node:path'

/** One import statement that breaks a rule. */
export interface Violation {
  readonly file: string
  readonly imports: string
  readonly rule: string
}

const contract = new Set(['src/plugin.ts', 'src/stream.ts', 'src/services.ts', 'src/errors.ts', 'src/polyfill.ts'])

/** Rooms with their ranks; the first that matches a path counts. */
const rooms: readonly (readonly [pattern: RegExp, room: string, rank: number])[] = [
  [/^src\/media\//, 'media', 1],
  [/^src\/daemon\/util\//, 'daemon/util', 1],
  [/^src\/backends\//, 'backends', 1.5],
  [/^src\/viewing\//, 'viewing', 1.5],
  [/^src\/receiving\//, 'receiving', 1.5],
  [/^src\/plugins\/index\.ts$/, 'plugins/index', 5],
  [/^src\/plugins\/[^/]+\//, 'plugins', 2],
  [/^src\/daemon\/(keystore|swarm|config)\//, 'daemon', 2],
  [/^src\/daemon\/(log|metrics|lock|lifecycle|notify|paths)\.ts$/, 'daemon/base', 2],
  [/^src\/daemon\/(cluster|payloads|streams)\//, 'daemon', 3],
  [/^src\/daemon\/(host|portable)\//, 'daemon', 4],
  [/^src\/daemon\/api\//, 'daemon', 5],
  [/^src\/daemon\/root\//, 'daemon', 6],
  [/^src\/daemon\//, 'daemon', 7],
  [/^src\/index\.ts$/, 'index', 8],
  [/^src\/cli\//, 'cli', 9],
  [/^src\/testing\//, 'testing', 9],
]

/** Packages that one file alone may import. */
const owned: readonly (readonly [pattern: RegExp, owner: RegExp])[] = [
  [/^(level|classic-level|abstract-level)$/, /^src\/daemon\/keystore\/(store|level-backend)\.ts$/],
  [/^libp2p$/, /^src\/daemon\/swarm\/node\.ts$/],
  [/^@libp2p\//, /^src\/daemon\/swarm\//],
]

/** Command-line files that may import the daemon; `client.ts` only its route table and where its files are. */
const cliDoors = /^src\/cli\/(offline|commands\/(start|demo)|(author\/)?bench\/[^/]+)\.ts$/

/** Rank of a file; contract files are 0. */
export function rankOf(file: string): number {
  return contract.has(file) ? 0 : (rooms.find(([pattern]) => pattern.test(file))?.[2] ?? Number.NaN)
}

/** Specifiers that a TypeScript source imports or re-exports, also types and dynamic imports. Comments do not count. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(/(?:^|[\s;}])(?:import|export)\s+(?:type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?['"]([^'"]+)['"]/g)
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)
  return [...new Set([...statements, ...dynamic].map((match) => match[1] as string))]
}

/** The file that a relative specifier names. */
function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier)).replace(/\.js$/, '.ts')
}

function ruleBroken(file: string, target: string): string | undefined {
  if (Number.isNaN(rankOf(file))) return 'the file stands in no known room'
  const same = posix.dirname(file) === posix.dirname(target) || topRoom(file) === topRoom(target)
  if (contract.has(target) || same) return undefined
  if (file.startsWith('src/plugins/') && target.startsWith('src/daemon/')) return 'a plugin knows the contract and media, not the daemon'
  if (file.startsWith('src/cli/')) return cliRule(file, target)
  if (rankOf(target) >= rankOf(file)) return `rank ${rankOf(file)} may not import rank ${rankOf(target)}`
  return undefined
}

function cliRule(file: string, target: string): string | undefined {
  if (cliDoors.test(file)) return undefined
  if (file === 'src/cli/client.ts' && /^src\/daemon\/(api\/table.*|paths)\.ts$/.test(target)) return undefined
  // the shapes of a plugin's answers, types only
  if (file.startsWith('src/cli/commands/') && /^src\/plugins\/[^/]+\/api\.ts$/.test(target)) return undefined
  return 'only start, demo and offline.ts import the daemon'
}

/** The room whose files may import each other: a plugin's folder, a daemon folder, `cli`, `media`. */
function topRoom(file: string): string {
  const parts = file.split('/')
  if (parts[1] === 'plugins' || parts[1] === 'daemon') return parts.length > 3 ? parts.slice(0, 3).join('/') : file
  return parts.length > 2 ? parts.slice(0, 2).join('/') : 'src'
}

/** All violations among `files` (path → source; paths from the repository's root, with `/`). */
export function checkImports(files: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = []
  const graph = new Map<string, string[]>()
  for (const [file, source] of files) {
    const targets: string[] = []
    for (const specifier of importsOf(source)) {
      if (!specifier.startsWith('.')) {
        const owner = owned.find(([pattern]) => pattern.test(specifier))?.[1]
        if (owner && !owner.test(file) && !file.startsWith('src/testing/')) violations.push({ file, imports: specifier, rule: 'this package has one owner' })
        continue
      }
      const target = resolveImport(file, specifier)
      targets.push(target)
      const rule = files.has(target) ? ruleBroken(file, target) : 'the imported file does not exist'
      if (rule) violations.push({ file, imports: target, rule })
    }
    graph.set(file, targets)
  }
  return [...violations, ...findCycles(graph)]
}

/** Import cycles, each reported once. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): Violation[] {
  const done = new Set<string>()
  const stack: string[] = []
  const found: Violation[] = []
  const visit = (file: string): void => {
    const at = stack.indexOf(file)
    if (at >= 0) {
      found.push({ file, imports: [...stack.slice(at), file].join(' → '), rule: 'import cycle' })
      return
    }
    if (done.has(file)) return
    stack.push(file)
    for (const target of graph.get(file) ?? []) visit(target)
    stack.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}
