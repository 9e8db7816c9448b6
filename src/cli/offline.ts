/** The command line's door to what works without a running daemon; loaded only by the commands that need it. */

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { digestAlgorithms, digestSecret } from '../backends/digest.js'
import { readToken, TokenFile } from '../daemon/api/token.js'
import { type ConfigOptions, checkConfig, configSchema, defaultYaml, type LoadedConfig, loadConfig, type Problem } from '../daemon/config/config.js'
import { createLog } from '../daemon/log.js'
import type { Paths } from '../daemon/paths.js'
import { type Packed, packFolder } from '../daemon/portable/install/pack.js'
import { type CheckedPackage, checkPackage } from '../daemon/portable/install/package-check.js'
import { readPackage } from '../daemon/portable/install/staging.js'
import { findPassphrase, initHome } from '../daemon/root/home.js'
import { PluginSet } from '../daemon/root/plugin-set.js'
import { versions } from '../daemon/root/version.js'
import { isRunning, markProcess } from '../daemon/util/process-mark.js'
import { hashPassword } from '../plugins/auth-file/password.js'
import { writeDigest } from '../plugins/auth-file/users.js'
import { rulesInvalid } from '../plugins/rules/problem.js'
import { readRulesFile } from '../plugins/rules/rules-file.js'

export { digestAlgorithms, digestSecret, hashPassword, isRunning, markProcess, readToken, TokenFile, versions, writeDigest }

/** Makes a home and its sample configuration; what is there is left alone. */
export async function makeHome(
  paths: Paths,
  env: NodeJS.ProcessEnv,
  passphraseFile: string | undefined,
): Promise<{ id: string; created: boolean; configWritten: boolean }> {
  const passphrase = findPassphrase(env, passphraseFile)
  const log = createLog({ fd: null })
  const made = await initHome(paths, { log: log.module('keystore'), ...(passphrase !== undefined && { passphrase }) })
  await log.close()
  try {
    await writeFile(paths.config, defaultYaml(new PluginSet().known), { flag: 'wx', mode: 0o600 })
    return { ...made, configWritten: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { ...made, configWritten: false }
  }
}

async function optionsFor(paths: Paths, env: NodeJS.ProcessEnv, file?: string): Promise<ConfigOptions> {
  const plugins = new PluginSet()
  await plugins.scan(paths.plugins)
  const known = plugins.known
  if (file !== undefined) return { file, fileRequired: true, ...known }
  return { file: paths.config, folder: paths.configParts, env, ...known }
}

/** What is wrong with a configuration, and what is odd about it. With `file` only that file counts. */
export async function check(paths: Paths, env: NodeJS.ProcessEnv, file?: string): Promise<{ problems: readonly Problem[]; warnings: readonly Problem[] }> {
  return await checkConfig(await optionsFor(paths, env, file))
}

/** The configuration of a home whose daemon does not run. */
export async function readConfig(paths: Paths, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  return await loadConfig(await optionsFor(paths, env))
}

/** The JSON Schema of the configuration with the built-in plugins. */
export function schema(): object {
  return configSchema(new PluginSet().known)
}

/** Reads a rules file. Rejects with `ERR_RULES_INVALID`. */
export async function checkRules(file: string): Promise<{ readonly rules: number }> {
  const { rules, problems } = await readRulesFile(file)
  if (!rules) throw rulesInvalid(problems)
  return { rules: rules.rules.length }
}

/** Checks a package or a folder as an install would, and runs nothing of it. Rejects with what is wrong. */
export async function validatePackage(path: string, signal: AbortSignal): Promise<CheckedPackage> {
  return await checkPackage(path, signal)
}

/** Packs a folder; it must be a valid plugin. `output`: default `NAME-VERSION.zip` in the working folder. */
export async function packPlugin(folder: string, output: string | undefined): Promise<Packed & { readonly file: string; readonly plugin: string }> {
  const { name, version } = await readPackage(folder, undefined)
  const file = resolve(output ?? `${name}${version === '' ? '' : `-${version}`}.zip`)
  return { file, plugin: name, ...(await packFolder(folder, file)) }
}
