/** `shoal plugins new`: a plugin project whose tests pass at once. */

import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ShoalError } from '../../errors.js'

/** Languages that projects are made in. */
export const languages = ['ts', 'python', 'go'] as const

/** What a new plugin does. */
export const templates = ['hello', 'puller'] as const

/** A language. */
export type Language = (typeof languages)[number]

/** A template. */
export type Template = (typeof templates)[number]

/** What to write. */
export interface ProjectOptions {
  /** Of the plugin: `[a-z][a-z0-9-]*`, at most 40 characters. */
  readonly name: string
  readonly language: Language
  readonly template: Template
  /** Default: a folder of the plugin's name, here. */
  readonly folder?: string
}

/** What was written. */
export interface Project {
  readonly name: string
  readonly language: Language
  readonly template: Template
  readonly folder: string
  /** Paths in the folder, in order. */
  readonly files: readonly string[]
  /** Runs the project's tests, in its folder. */
  readonly test: string
}

const tests: Readonly<Record<Language, string>> = { ts: 'npm install && npm test', python: 'python3 -m unittest', go: 'go test ./...' }

const about: Readonly<Record<Template, string>> = { hello: 'Answers payloads with a greeting.', puller: 'Makes streams of URLs of its own scheme.' }

/** What in a template stands for the plugin's name. */
const placeholder = 'my-plugin'

/** The folder of this installation: three folders up from src/cli/author and from dist/cli/author alike. */
const installation = fileURLToPath(new URL('../../../', import.meta.url))

/** Writes a project. Rejects with `ERR_USAGE` for a wrong name and for a folder that holds anything. */
export async function newProject(options: ProjectOptions): Promise<Project> {
  const { name, language, template } = options
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new ShoalError('ERR_USAGE', `"${name}" is no name for a plugin.`, { hint: 'Small letters, digits and hyphens, a letter first, at most 40 of them.' })
  }
  const folder = resolve(options.folder ?? name)
  await makeEmpty(folder)
  const from = join(installation, 'sdk')
  const fill = (text: string): string =>
    text
      .replaceAll(placeholder, name)
      .replaceAll('SHOAL-FOLDER', installation.replace(/[\\/]$/, ''))
      .replaceAll('THIS-PLATFORM', `${process.platform}-${process.arch}`)
      .replaceAll('ABOUT', about[template])
  for (const part of [`${language}-common`, `${language}-${template}`]) await copyFilled(join(from, 'templates', part), folder, fill)
  if (language === 'python') await copyTree(join(from, 'python', 'shoal_plugin'), join(folder, 'shoal_plugin'))
  if (language === 'go') await copyTree(join(from, 'go'), join(folder, 'sdk'), /^(examples|docs|.*_test\.go)$/)
  return { name, language, template, folder, files: await filesOf(folder), test: tests[language] }
}

/** Makes the folder, or takes one that is empty. */
async function makeEmpty(folder: string): Promise<void> {
  await makeFolder(folder).catch((error: unknown) => {
    throw new ShoalError('ERR_USAGE', `The folder ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  const there = await readdir(folder)
  if (there.length === 0) return
  throw new ShoalError('ERR_USAGE', `The folder ${folder} is not empty; nothing was written.`, { hint: 'Choose another one with --dir.' })
}

/** With those above it. Node's own way never ends where a file system has a folder that takes none, as `/proc`. */
async function makeFolder(folder: string): Promise<void> {
  const made = async (): Promise<unknown> => mkdir(folder).catch((error: unknown) => error)
  let error = await made()
  const above = dirname(folder)
  if (isCode(error, 'ENOENT') && above !== folder) {
    await makeFolder(above)
    error = await made()
  }
  // one that is there may be empty; what else has its name, `readdir` tells
  if (error instanceof Error && !isCode(error, 'EEXIST')) throw error
  await readdir(folder)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function copyFilled(from: string, to: string, fill: (text: string) => string): Promise<void> {
  for (const path of await filesOf(from)) {
    // npm leaves out files of this name, so the template's has no dot
    const target = join(to, path === 'gitignore' ? '.gitignore' : path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, fill(await readFile(join(from, path), 'utf8')), { flag: 'wx' })
  }
}

/** Copies a folder but for what a build left in it, and what `skip` names. */
async function copyTree(from: string, to: string, skip?: RegExp): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    if (name === '__pycache__' || skip?.test(name)) continue
    const [source, target] = [join(from, name), join(to, name)]
    if ((await stat(source)).isDirectory()) await copyTree(source, target, skip)
    else await copyFile(source, target)
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return files.sort()
}
