/** The programs in `dist`: our sources and the packages they use, in few files. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import { build, type Metafile, type Plugin, transform } from 'esbuild'
import { notices } from './notices.js'

/** What people start or import. */
const doors = ['cli/main.ts', 'index.ts', 'testing/index.ts']

/** Packages that are not bundled: native code, WebAssembly, and what is looked up by file name. */
const external = ['level', 'classic-level', 'node-sqlite3-wasm', 'node-datachannel', 'koffi', 'mpegts.js', 'pg-native', 'bufferutil', 'utf-8-validate']

/** The oldest Node that runs it. */
const target = 'node20.19'

/** Programs that sources start by their file: `new URL('./worker.js', import.meta.url)`. Paths below `src`. */
export function startedFiles(sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [file, text] of sources) {
    for (const [, name = ''] of text.matchAll(/new URL\('(\.[^']*)\.js', import\.meta\.url\)/g)) found.push(posix.join(posix.dirname(file), `${name}.ts`))
  }
  return [...new Set(found)].sort()
}

/** The sources, by their path below `src`. */
function readSources(src: string): Map<string, string> {
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')]))
}

/**
 * The code of a file moves into a chunk, which lies elsewhere. `import.meta.url` goes on to name the place where the file would be
 * without bundling, so that what is looked up beside or above a source is found from `src` and from `dist` alike.
 */
export function ownPlace(text: string, file: string): string {
  const place = JSON.stringify(`$1${file.replace(/\.ts$/, '.js')}`)
  return text.replaceAll('import.meta.url', `import.meta.url.replace(/^(.*\\/dist\\/).*$/, ${place})`)
}

/** TypeBox offers all it has as two objects, of which we use a tenth. A namespace can be thinned out by esbuild, an object cannot. */
export function spreadTypebox(text: string): string {
  return text.replace(/^import \{([^}]*)\} from '(typebox(?:\/value)?)'$/gm, (whole, names: string, from: string) => {
    const values = names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
    const [name] = values
    return values.length === 1 && (name === 'Type' || name === 'Value') ? `import * as ${name} from '${from}'` : whole
  })
}

/** Of TypeBox, what makes schemas and looks at values does nothing by being read; its formats enter themselves in a list. */
function thinTypebox(root: string): Plugin {
  const folder = join(root, 'node_modules', 'typebox', 'build')
  return {
    name: 'thin-typebox',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^(typebox|\.)/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === folder || !(path.startsWith('typebox') || importer.startsWith(folder))) return undefined
        const found = await resolve(path, { importer, kind, resolveDir, pluginData: folder })
        const pure = /^(type|value)\/|^index\.mjs$|^typebox\.mjs$/.test(relative(folder, found.path).replaceAll('\\', '/'))
        return { path: found.path, sideEffects: !pure, errors: found.errors }
      })
    },
  }
}

function keepPlaces(src: string): Plugin {
  return {
    name: 'keep-places',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(src, path).replaceAll('\\', '/')
        if (file.startsWith('..')) return undefined
        return { contents: spreadTypebox(ownPlace(readFileSync(path, 'utf8'), file)), loader: 'ts' }
      })
    },
  }
}

/** Packages that are for a few, and so are read when they are used: by the source whose reading must not bring them along. */
const onlyWhenUsed: readonly (readonly [source: string, packages: RegExp])[] = [
  ['src/cli/program.ts', /^\/(libp2p|@libp2p|typebox|yaml|pino|level|find-my-way|yauzl|yazl|ioredis|pg|ws)\//],
  ['src/daemon/daemon.ts', /^\/(ioredis|pg|ws|yauzl|yazl|rotating-file-stream|commander|cli-table3)\//],
  ['src/index.ts', /^\/(ioredis|pg|ws|yauzl|yazl|rotating-file-stream|commander|cli-table3)\//],
]

/** Sources that a start brings along too early, with who does so. */
export function tooEarly({ outputs }: Pick<Metafile, 'outputs'>, rules = onlyWhenUsed): string[] {
  return rules.flatMap(([source, packages]) => {
    const entry = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source)
    if (entry === undefined) return [`${source} is no entry point`]
    const inputs = readAtOnce(outputs, entry).flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
    const early = inputs.flatMap((input) => packages.exec(`/${input}`.replace(/^.*\/node_modules(?=\/)/, ''))?.[1] ?? [])
    return [...new Set(early)].map((name) => `${source} brings ${name} along`)
  })
}

/** Files that a start of `entry` reads: those it imports at once, and what they import at once. */
export function readAtOnce(outputs: Metafile['outputs'], entry: string): string[] {
  const seen = new Set([entry])
  for (const file of seen) {
    for (const { path, kind, external: outside } of outputs[file]?.imports ?? []) if (!outside && kind === 'import-statement') seen.add(path)
  }
  return [...seen]
}

/**
 * What every file begins with. Packages of CommonJS ask for the modules of Node by `require`. The polyfill stands here because chunks are
 * not run in the order of the imports in the sources: whichever is the first has it.
 */
async function banner(src: string): Promise<string> {
  const { code } = await transform(readFileSync(join(src, 'polyfill.ts'), 'utf8'), { loader: 'ts', minify: true, target })
  const require = "import { createRequire as shoalRequire } from 'node:module'; const require = shoalRequire(import.meta.url);"
  return `${require} ${code.replace('export{};', '').trim()}`
}

/** Builds all entry points into `to`. Rejects with what is wrong in a source. */
export async function bundle(root: string, to: string): Promise<void> {
  const src = join(root, 'src')
  const entries = [...doors, ...startedFiles(readSources(src))]
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => join(src, entry)),
    outbase: src,
    outdir: to,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    external,
    plugins: [keepPlaces(src), thinTypebox(root)],
    banner: { js: await banner(src) },
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // less to read at each start; names stay, and short lines, so that a stack says something
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    metafile: true,
    logLevel: 'warning',
  })
  // programs that import nothing of ours are started as they are
  for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.mjs'))) {
    mkdirSync(join(to, name, '..'), { recursive: true })
    copyFileSync(join(src, name), join(to, name))
  }
  const early = tooEarly(metafile)
  if (early.length > 0) throw new Error(`Import it where it is used: ${early.join(', ')}.`)
  writeFileSync(join(to, 'THIRD-PARTY.txt'), notices(root, Object.keys(metafile.inputs)))
  if (process.env['SHOAL_METAFILE']) writeFileSync(process.env['SHOAL_METAFILE'], JSON.stringify(metafile))
}
