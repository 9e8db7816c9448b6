/** `plugins new test`: what the author of a plugin needs. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import { languages, newProject, templates } from '../author/new-project.js'
import type { TestOptions } from '../author/test-plugin.js'
import { action, collect } from '../command.js'

/** Adds them to the group `plugins`. */
export function registerPluginsAuthor(plugins: Command): void {
  const made = plugins.command('new').argument('<name>').description('write a plugin project whose tests pass at once; needs no daemon')
  made.option('-l, --language <language>', languages.join(', '), 'ts').option('-t, --template <template>', templates.join(', '), 'hello')
  made.option('--dir <dir>', 'folder to make; default: NAME, here')
  action<{ language: string; template: string; dir?: string }>(made, async ({ out, options }, name) => {
    const language = oneOf('--language', languages, options.language)
    const template = oneOf('--template', templates, options.template)
    const project = await newProject({ name: `${name}`, language, template, ...(options.dir !== undefined && { folder: options.dir }) })
    out.result(project, ({ folder, files, test }) => {
      const shown = files.filter((file) => !/^(sdk|shoal_plugin)[\\/]/.test(file))
      return `${folder}\n${shown.map((file) => `  ${file}`).join('\n')}\nNext: cd ${folder} && ${test}`
    })
  })
  const test = plugins.command('test').argument('<dir>').description('play with the plugin in a folder, without a daemon')
  test.option('--run <command>', 'run a command and end; several one after the other. Without it they are read from standard input: type help', collect)
  test.option('--config <json>', 'its configuration: JSON, or a file of JSON or YAML')
  test.option('--attach', 'wait for the program to be started by hand, as in a debugger; prints the command for that')
  test.option('--compliance', 'run the suite that every plugin has to pass, and end')
  action<TestOptions>(test, async (run, dir) => {
    const { testPlugin } = await import('../author/test-plugin.js')
    return await testPlugin(run, `${dir}`)
  })
}

function oneOf<T extends string>(name: string, all: readonly T[], given: string): T {
  const found = all.find((each) => each === given)
  if (found) return found
  throw new ShoalError('ERR_USAGE', `${name} takes one of ${all.join(', ')}, not "${given}".`)
}
