/** The suites of in-process plugins, over programs in processes of their own. */

import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PluginDescription } from '../../src/daemon/portable/native/description.js'
import { describePortable, type PortablePlugin, portablePlugin } from '../../src/daemon/portable/native/portable-plugin.js'
import type { PortableProgram } from '../../src/daemon/portable/native/session.js'
import type { PullerFactory } from '../../src/plugin.js'
import { type FakeContext, fakeContext } from '../../src/testing/fake-context.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { pluginCompliance } from '../../src/testing/plugin-compliance.js'
import { pullerCompliance } from '../../src/testing/puller-compliance.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../go-programs.js'
import { describeWith } from '../needs.js'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'sdk/python/examples')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }
const api = { describe, it, expect }

/** A program and what it says of itself, found before the first test. */
class Subject {
  #description: PluginDescription | undefined
  #program: PortableProgram | undefined

  constructor(program: PortableProgram | (() => PortableProgram)) {
    beforeAll(async () => {
      this.#program = typeof program === 'function' ? program() : program
      this.#description = await describePortable(this.#program, { log: memoryLog() })
    })
  }

  plugin(): PortablePlugin {
    if (!this.#program || !this.#description) throw new Error('it was not described')
    return portablePlugin({ program: this.#program, description: this.#description })
  }
}

function python(file: string): PortableProgram {
  return { name: file, command: 'python3', args: [file], folder: examples, env }
}

/** A puller whose process runs from one test to the next. */
function pullers(subject: Subject): () => PullerFactory {
  const running: FakeContext[] = []
  beforeAll(async () => {
    running.push(await fakeContext(subject.plugin()).start())
    return async () => void (await running.pop()?.stop())
  })
  return () => {
    const [factory] = running[0]?.pullers ?? []
    if (!factory) throw new Error('there is no puller')
    return factory
  }
}

describe('a program in JavaScript', () => {
  const fixture = new Subject({ name: 'fixture', command: process.execPath, args: ['hello.mjs'], folder: join(root, 'test/fixtures/portable') })
  pluginCompliance(api, 'node-hello', {
    factory: () => fixture.plugin(),
    payloads: { 'node-hello.greet': Buffer.from('Ada'), 'node-hello.ask': Buffer.from('pid') },
  })
  const source = async () => ({ url: 'nodetest://x/test/stream', close: async () => {} })
  pullerCompliance(api, 'node-hello', { factory: pullers(fixture), source, deadUrl: 'nodetest://dead/x' })
})

describeWith(['python3'], 'a program in Python', () => {
  const hello = new Subject(python('hello.py'))
  pluginCompliance(api, 'py-hello', { factory: () => hello.plugin(), payloads: { 'py-hello.greet': Buffer.from('Ada') } })
  const monitor = new Subject(python('monitor.py'))
  pluginCompliance(api, 'py-monitor', { factory: () => monitor.plugin(), badConfigs: [{ path: 7 }] })
  const puller = new Subject(python('puller.py'))
  pluginCompliance(api, 'py-puller', { factory: () => puller.plugin() })
  const source = async () => ({ url: 'pytest://x/test/stream?rate=100', close: async () => {} })
  pullerCompliance(api, 'py-puller', { factory: pullers(puller), source, deadUrl: 'pytest://dead/x', keysUrl: 'pytest://x/a?rate=100&group=100000' })
})

describeWith(['go'], 'a program in Go', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await buildGo(pluginPrograms)
  }, goBuildTimeout)
  const example = (name: string): Subject => new Subject(() => ({ name, command: `./${name}`, folder }))
  const hello = example('hello')
  pluginCompliance(api, 'go-hello', { factory: () => hello.plugin(), payloads: { 'go-hello.greet': Buffer.from('Ada') } })
  const monitor = example('monitor')
  pluginCompliance(api, 'go-monitor', { factory: () => monitor.plugin(), badConfigs: [{ path: 7 }] })
  const puller = example('puller')
  pluginCompliance(api, 'go-puller', { factory: () => puller.plugin() })
  const source = async () => ({ url: 'gotest://x/test/stream?rate=100', close: async () => {} })
  pullerCompliance(api, 'go-puller', { factory: pullers(puller), source, deadUrl: 'gotest://dead/x', keysUrl: 'gotest://x/a?rate=100&group=100000' })
})
