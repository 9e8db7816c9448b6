/** The command line's door to what works without a running daemon; loaded only by the commands that need it. */

import { writeFile } from 'node:fs/promises'
import { readToken, TokenFile } from '../daemon/api/token.js'
import { type ConfigOptions, checkConfig, configSchema, defaultYaml, type LoadedConfig, loadConfig, type Problem } from '../daemon/config/config.js'
import { createLog } from '../daemon/log.js'
import type { Paths } from '../daemon/paths.js'
import { findPassphrase, initHome } from '../daemon/root/home.js'
import { PluginSet } from '../daemon/root/plugin-set.js'
import { versions } from '../daemon/root/version.js'
import { isRunning, markProcess } from '../daemon/util/process-mark.js'
import { rulesInvalid } from '../plugins/rules/problem.js'
import { readRulesFile } from '../plugins/rules/rules-file.js'

export { isRunning, markProcess, readToken, TokenFile, versions }

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

function optionsFor(paths: Paths, env: NodeJS.ProcessEnv, file?: string): ConfigOptions {
  const known = new PluginSet().known
  if (file !== undefined) return { file, fileRequired: true, ...known }
  return { file: paths.config, folder: paths.configParts, env, ...known }
}

/** What is wrong with a configuration, and what is odd about it. With `file` only that file counts. */
export async function check(paths: Paths, env: NodeJS.ProcessEnv, file?: string): Promise<{ problems: readonly Problem[]; warnings: readonly Problem[] }> {
  return await checkConfig(optionsFor(paths, env, file))
}

/** The configuration of a home whose daemon does not run. */
export async function readConfig(paths: Paths, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  return await loadConfig(optionsFor(paths, env))
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
