import { describe, expect, it } from 'vitest'
import { isInner, readPluginManifest } from '../../../../../src/daemon/portable/install/plugin-manifest.js'

const read = (text: string | object, options = {}) => readPluginManifest(Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)), options)

const whole = {
  $schema: 'x',
  ...{ name: 'hello', version: '1.0.0', description: 'd', author: 'a', license: 'MIT' },
  ...{ command: './run', args: ['-v'], env: { A_B: '1' }, install: { command: 'sh', args: ['i.sh'] }, platforms: ['linux-x64'] },
}

describe('a manifest', () => {
  it('that is right is read', () => {
    expect(read(whole, { packaged: true, name: 'hello' })).toEqual(whole)
    expect(read({ module: './lib/index.js' })).toEqual({ module: './lib/index.js' })
  })

  it.each([
    ['{', 'a key in double quotes', 1, 2, ''],
    ['[]', 'must be a section', 1, 1, ''],
    ['{"command": ""}', 'must be text of 1 to 4096', 1, 13, '/command'],
    ['{\n  "comand": "x"}', 'did you mean "command"', 2, 3, '/comand'],
    ['{"command": "x",\n "args": ["a", 1]}', 'must be text', 2, 16, '/args/1'],
    ['{"command": "x", "env": {"A-B": "1"}}', 'there is no key', 1, 26, '/env/A-B'],
    ['{"command": "x", "name": "Hello"}', 'small letters', 1, 26, '/name'],
    ['{"command": "x", "version": "1 0"}', 'a version such as', 1, 29, '/version'],
    ['{"command": "x", "platforms": ["linux"]}', 'linux-x64', 1, 32, '/platforms/0'],
    ['{"command": "x", "install": {}}', 'is missing', 1, 29, '/install/command'],
    ['{"command": "x", "module": "y.js"}', 'cannot stand beside', 1, 18, '/module'],
    ['{"module": "../y.js"}', 'must lie in the folder', 1, 12, '/module'],
    ['{"module": "y.js", "args": []}', 'goes with "command" only', 1, 20, '/args'],
    ['{"module": "y.ts"}', 'ends in .js', 1, 12, '/module'],
    ['{}', 'needs "command"', 1, 1, ''],
    ['{"command": "x", "name": "other"}', 'as its folder is called', 1, 26, '/name'],
  ])('%s is refused with its place', (text, message, line, column, path) => {
    const problem = { file: 'shoal-plugin.json', line, column, path, message: expect.stringContaining(message) }
    expect(() => read(text, { name: 'hello' })).toThrow(
      expect.objectContaining({ code: 'ERR_PLUGIN_INVALID', data: { problems: expect.arrayContaining([problem]) } }),
    )
  })

  it('of a package says name and version; all that is wrong is said at once', () => {
    try {
      read({ comand: 'x', version: 1 }, { packaged: true, file: 'here.json' })
      expect.unreachable()
    } catch (error) {
      const { data, message } = error as { data: { problems: { message: string }[] }; message: string }
      expect(data.problems.length).toBe(4)
      expect(message).toMatch(/^The manifest here\.json is wrong: line 1, column 2: \/comand: there is no key .*\(and 3 more\)\.$/)
    }
  })

  it('that is no text or too long is refused', () => {
    expect(() => readPluginManifest(Uint8Array.of(0xff))).toThrow('UTF-8')
    expect(() => readPluginManifest(new Uint8Array(70_000))).toThrow('more than')
  })
})

describe('paths in the folder', () => {
  it.each(['a', './a', 'a/b.js'])('%s is one', (path) => expect(isInner(path)).toBe(true))
  it.each(['/a', '../a', 'a/../b', 'a//b', '', 'a\\b', 'a/./b', 'a/'])('%s is none', (path) => expect(isInner(path)).toBe(false))
})
