import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigOptions, checkConfig, type LoadedConfig, loadConfig, ownConfig, type Problem, problemText } from '../../../../src/daemon/config/config.js'
import { ShoalError } from '../../../../src/errors.js'
import { stopwatch } from '../../../cpu-time.js'

const rtmp = Type.Object({
  port: Type.Integer({ minimum: 0, maximum: 65_535, default: 1935 }),
  streamKey: Type.Optional(Type.String()),
  limits: Type.Object({ bitrate: Type.Integer({ default: 10 }), names: Type.Array(Type.String(), { default: [] }) }),
})
const pluginSchemas = { rtmp, 'http-flv': undefined, 'simple-tcp': Type.Object({}), open: { type: 'object', additionalProperties: true, properties: {} } }

let home: string
let file: string
let folder: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shoal-config-'))
  file = join(home, 'shoal.yaml')
  folder = join(home, 'shoal.d')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const load = (options: Partial<ConfigOptions> = {}): Promise<LoadedConfig> =>
  loadConfig({ file, folder, pluginSchemas, offByDefault: ['simple-tcp'], nodeName: 'kitchen', ...options })
const put = (text: string, name = 'shoal.yaml'): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(name === 'shoal.yaml' ? file : join(folder, name), text)
}
async function problemsOf(options: Partial<ConfigOptions> = {}): Promise<Problem[]> {
  const error = await load(options).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ShoalError)
  expect((error as ShoalError).code).toBe('ERR_CONFIG_INVALID')
  return (error as ShoalError).data?.['problems'] as Problem[]
}
/** Problems of one text, as a person reads them, without the folder. */
const told = async (text: string, options: Partial<ConfigOptions> = {}): Promise<string[]> => {
  put(text)
  return (await problemsOf(options)).map((problem) => problemText(problem).replace(`${home}/`, ''))
}

describe('layers', () => {
  it('are the defaults when nothing is written', async () => {
    const { config } = await load()
    expect(config).toMatchObject({
      node: { name: 'kitchen' },
      swarm: { listen: ['/ip4/0.0.0.0/tcp/4710', '/ip6/::/tcp/4710'], discovery: true, announce: [] },
      http: { enabled: true, host: '127.0.0.1', port: 8180, allowedHosts: [], allowedOrigins: [] },
      access: { read: 'known', publish: 'known' },
      log: { level: 'info', levels: {}, format: 'auto' },
      pulls: [],
      plugins: {
        rtmp: { enabled: true, required: false, port: 1935, limits: { bitrate: 10, names: [] } },
        'http-flv': { enabled: true },
        'simple-tcp': { enabled: false },
      },
    })
    expect(ownConfig(config.plugins['rtmp'] ?? {})).toEqual({ port: 1935, limits: { bitrate: 10, names: [] } })
  })

  it('lie on top of each other, a later one wins, and each value knows where it is from', async () => {
    put('http:\n  port: 1\n  host: 10.0.0.1\nstreams: {bufferTime: 1000, maxLatency: 500}\nlog: {level: warn}\nswarm: {discovery: false}')
    put('http: {port: 2}\nlog: {levels: {swarm: debug}}', '20-b.yaml')
    put('http: {port: 3}\nstreams: {bufferTime: 2000}', '10-a.yaml')
    put('access: {read: anyone}', '90-runtime.yaml')
    put('broken: [', 'ignored.txt')
    const env = { SHOAL_STREAMS__MAX_LATENCY: '700', SHOAL_ACCESS__READ: 'known', SHOAL_LOG__LEVEL: 'error', SHOAL_HOME: '/x', PATH: '/bin' }
    const loaded = await load({ env, flags: { 'log.level': 'fatal' } })
    expect(loaded.config).toMatchObject({
      http: { port: 2, host: '10.0.0.1' },
      streams: { bufferTime: 2000, maxLatency: 700 },
      log: { level: 'fatal', levels: { swarm: 'debug' } },
      access: { read: 'anyone', publish: 'known' },
      swarm: { discovery: false },
    })
    const source = (key: string): unknown => loaded.sources().find((one) => one.key === key)
    expect(source('http.port')).toEqual({ key: 'http.port', value: 2, layer: 'file', file: join(folder, '20-b.yaml'), line: 1 })
    expect(source('http.host')).toEqual({ key: 'http.host', value: '10.0.0.1', layer: 'file', file, line: 3 })
    expect(source('streams.maxLatency')).toEqual({ key: 'streams.maxLatency', value: 700, layer: 'environment', from: 'SHOAL_STREAMS__MAX_LATENCY' })
    expect(source('log.level')).toEqual({ key: 'log.level', value: 'fatal', layer: 'flag', from: '--set log.level' })
    expect(source('access.read')).toMatchObject({ layer: 'runtime', line: 1 })
    expect(source('http.enabled')).toEqual({ key: 'http.enabled', value: true, layer: 'default' })
    expect(source('node.name')).toEqual({ key: 'node.name', value: 'kitchen', layer: 'default' })
    expect(loaded.problems).toEqual([])
  })

  it('make one object that cannot be changed', async () => {
    const { config } = await load()
    const frozen = (value: unknown): boolean => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(config)).toBe(true)
  })

  it('replace lists as a whole and take an empty section for no change', async () => {
    put('swarm: {listen: [/ip4/1.1.1.1/tcp/1, /ip4/1.1.1.1/tcp/2]}\nhttp:\nplugins:\n  rtmp:\n    port: 5')
    put('swarm: {listen: [/ip4/2.2.2.2/tcp/1]}\nplugins:\n  rtmp:\n', 'a.yaml')
    const loaded = await load()
    expect(loaded.config.swarm.listen).toEqual(['/ip4/2.2.2.2/tcp/1'])
    expect(loaded.config.plugins['rtmp']?.['port']).toBe(5)
  })
})

describe('the environment', () => {
  it('reaches every key, in any case, plugins by their short name', async () => {
    const env = {
      SHOAL_RTMP__PORT: '1936',
      SHOAL_RTMP__LIMITS__BITRATE: '7',
      SHOAL_HTTP_FLV__ENABLED: 'off',
      SHOAL_PLUGINS__SIMPLE_TCP__ENABLED: 'yes',
      SHOAL_SWARM__LISTEN: '["/ip4/127.0.0.1/tcp/0"]',
      SHOAL_RTMP__LIMITS__NAMES: 'a, b',
      SHOAL_HTTP__ALLOWEDHOSTS: 'a.b',
      SHOAL_HTTP__allowed_origins: '',
      SHOAL_LOG__LEVELS__HTTP_FLV: 'debug',
      SHOAL_PULLS: '[{"url":"rtsp://cam/1","onDemand":true}]',
      SHOAL_OPEN__FREE: '{"a":[1]}',
    }
    const { config } = await load({ env })
    expect(config.plugins).toMatchObject({
      rtmp: { port: 1936, limits: { bitrate: 7, names: ['a', 'b'] } },
      'http-flv': { enabled: false },
      'simple-tcp': { enabled: true },
      open: { free: { a: [1] } },
    })
    expect(config.http).toMatchObject({ allowedHosts: ['a.b'], allowedOrigins: [] })
    expect(config.log.levels).toEqual({ 'http-flv': 'debug' })
    expect(config.pulls).toEqual([{ url: 'rtsp://cam/1', onDemand: true, idleDelay: 10_000 }])
  })

  it('knows plugins that a file adds', async () => {
    put('plugins:\n  mine:\n    use: ./mine.js\n    port: 1')
    expect((await load({ env: { SHOAL_MINE__PORT: '2', SHOAL_MINE__TEXT: 'x' } })).config.plugins['mine']).toMatchObject({
      use: './mine.js',
      port: 2,
      text: 'x',
      enabled: true,
    })
  })

  const wrong: readonly (readonly [string, string, string])[] = [
    ['SHOAL_HTTP__PROT', '1', 'SHOAL_HTTP__PROT: there is no key of http "PROT"; did you mean "port"?'],
    ['SHOAL_HTPP__PORT', '1', 'SHOAL_HTPP__PORT: there is no section or plugin "HTPP"; did you mean "http"?'],
    ['SHOAL_PLUGINS__RTMPP__PORT', '1', 'SHOAL_PLUGINS__RTMPP__PORT: there is no plugin "RTMPP"; did you mean "rtmp"?'],
    ['SHOAL_HTTP__PORT', 'abc', 'SHOAL_HTTP__PORT: http.port: must be a whole number from 0 to 65535, not "abc"'],
    ['SHOAL_HTTP__PORT', '', 'SHOAL_HTTP__PORT: http.port: must be a whole number from 0 to 65535, not ""'],
    ['SHOAL_HTTP__PORT', '1.5', 'SHOAL_HTTP__PORT: http.port: must be a whole number from 0 to 65535, not 1.5'],
    ['SHOAL_HTTP__PORT', '0x10', 'SHOAL_HTTP__PORT: http.port: must be a whole number from 0 to 65535, not "0x10"'],
    ['SHOAL_HTTP__PORT__X', '1', 'SHOAL_HTTP__PORT__X: http.port holds one value and no keys'],
    ['SHOAL_HTTP__ENABLED', 'maybe', 'SHOAL_HTTP__ENABLED: http.enabled: must be true or false, not "maybe"'],
    ['SHOAL_HTTP', 'x', 'SHOAL_HTTP: http: must be a section with keys, not "x"'],
    ['SHOAL_PULLS', '[{', 'SHOAL_PULLS: pulls: must be a list of at most 1000 items, not "[{"'],
    ['SHOAL_RTMP__STREAM_KEY', '{"a":1}', ''],
  ]
  it.each(wrong)('%s=%s', async (name, value, text) => {
    if (text === '') expect((await load({ env: { [name]: value } })).config.plugins['rtmp']?.['streamKey']).toBe(value)
    else expect((await problemsOf({ env: { [name]: value } })).map(problemText)).toEqual([text])
  })

  it('may add a plugin that no file mentions, with its keys', async () => {
    const { config } = await load({
      env: { SHOAL_PLUGINS__MY_CAM__USE: './cam.mjs', SHOAL_MY_CAM__PORT: '1', SHOAL_PLUGINS__OTHER__ENABLED: 'false' },
      flags: { 'plugins.other.use': './other.mjs' },
    })
    expect(config.plugins['my-cam']).toMatchObject({ use: './cam.mjs', port: 1, enabled: true })
    expect(config.plugins['other']).toMatchObject({ use: './other.mjs', enabled: false })
    // another spelling of one that is there adds none
    expect(Object.keys((await load({ env: { SHOAL_PLUGINS__HTTP_FLV__USE: './x.mjs' } })).config.plugins)).toEqual(Object.keys(pluginSchemas))
    expect(await problemsOf({ flags: { 'plugins.cam.port': '1' } })).toMatchObject([
      { from: '--set plugins.cam.port', message: expect.stringContaining('no plugin') },
    ])
    expect(await problemsOf({ flags: { 'plugins.Not A Name.use': './x.mjs' } })).toMatchObject([{ message: expect.stringContaining('a plugin name is') }])
  })

  it('may be changed at run time to add a plugin', async () => {
    const config = await load()
    expect(await config.setRuntime('plugins.cam.use', './cam.mjs')).toMatchObject({ key: 'plugins.cam.use', restart: true })
    expect((await load()).config.plugins['cam']).toMatchObject({ use: './cam.mjs' })
    await expect(config.setRuntime('plugins.other.port', 1)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
  })

  it('that gives one key twice is refused; a section and a key in it go together', async () => {
    expect((await problemsOf({ env: { SHOAL_HTTP__PORT: '1', SHOAL_http__port: '2' } })).map(problemText)).toEqual([
      'SHOAL_http__port: http.port: is given by SHOAL_HTTP__PORT already',
    ])
    expect((await load({ env: { SHOAL_HTTP__PORT: '1', SHOAL_HTTP: '{"host":"::1"}' } })).config.http).toMatchObject({ port: 1, host: '::1' })
    expect((await problemsOf({ env: { SHOAL_HTTP__PORT: '1', SHOAL_HTTP: '[]' } })).map(problemText)).toEqual([
      'SHOAL_HTTP__PORT: http.port: http has a value that is no section',
      'SHOAL_HTTP: http: must be a section with keys, not a list',
    ])
  })

  it('with a name that is nobody of ours is a warning', async () => {
    const loaded = await load({ env: { SHOAL_HOEM: '/x', SHOAL_WHATEVER: '1' } })
    expect(loaded.problems.map(problemText)).toEqual([
      'SHOAL_HOEM: is not known and was left out; did you mean SHOAL_HOME?',
      'SHOAL_WHATEVER: is not known and was left out; a key is written SHOAL_SECTION__KEY',
    ])
  })

  it('cannot reach a prototype', async () => {
    for (const name of ['SHOAL___PROTO____X', 'SHOAL_OPEN____proto____X', 'SHOAL_CONSTRUCTOR__X', 'SHOAL_LOG__LEVELS____PROTO__'])
      await load({ env: { [name]: 'debug' } }).catch(() => {})
    await load({ env: { SHOAL_OPEN__X: '{"__proto__":{"polluted":1}}' } })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(({} as { X?: unknown }).X).toBeUndefined()
  })
})

describe('problems', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['an unknown key', 'http:\n  prot: 1', ['shoal.yaml:2:3: http.prot: there is no key "prot"; did you mean "port"?']],
    ['an unknown key like none', 'access: {zzzzzz: 1}', ['shoal.yaml:1:10: access.zzzzzz: there is no key "zzzzzz"; known: read, publish']],
    ['an unknown section', 'strems: {}', ['shoal.yaml:1:1: strems: there is no section "strems"; did you mean "streams"?']],
    ['a plugin at the top', '\n\nrtmp: {port: 1}', ['shoal.yaml:3:1: rtmp: plugins are configured one level deeper, as plugins.rtmp']],
    [
      'an unknown plugin',
      'plugins:\n  rtpm: {}',
      ['shoal.yaml:2:3: plugins.rtpm: there is no plugin "rtpm"; did you mean "rtmp"? (one that is not built in needs "use" with its package or path)'],
    ],
    [
      'a bad plugin name',
      'plugins:\n  Bad_Name: {use: x}',
      ['shoal.yaml:2:3: plugins.Bad_Name: a plugin name is a-z, 0-9 and -, at most 40 characters, and begins with a letter'],
    ],
    ["a plugin's unknown key", 'plugins: {rtmp: {prot: 1}}', ['shoal.yaml:1:18: plugins.rtmp.prot: there is no key "prot"; did you mean "port"?']],
    [
      "a plugin's key deep inside",
      'plugins: {rtmp: {limits: {bitrat: 1}}}',
      ['shoal.yaml:1:27: plugins.rtmp.limits.bitrat: there is no key "bitrat"; did you mean "bitrate"?'],
    ],
    ['a wrong type', 'http: {port: "80"}', ['shoal.yaml:1:14: http.port: must be a whole number from 0 to 65535, not "80"']],
    ['a value out of range', 'http: {port: 70000}', ['shoal.yaml:1:14: http.port: must be a whole number from 0 to 65535, not 70000']],
    ['a value with a unit', 'streams: {bufferTime: 1}', ['shoal.yaml:1:23: streams.bufferTime: must be a whole number from 500 to 600000 ms, not 1']],
    ['a word that is not allowed', 'log: {level: loud}', ['shoal.yaml:1:14: log.level: must be one of trace, debug, info, warn, error, fatal, not "loud"']],
    [
      'a level that is not allowed',
      'log: {levels: {swarm: loud}}',
      ['shoal.yaml:1:23: log.levels.swarm: must be one of trace, debug, info, warn, error, fatal, not "loud"'],
    ],
    ['a flag that is a word', 'swarm: {discovery: yes please}', ['shoal.yaml:1:20: swarm.discovery: must be true or false, not "yes please"']],
    ['a value where a section should be', 'http: 8080', ['shoal.yaml:1:7: http: must be a section with keys, not 8080']],
    ['a list where a section should be', 'http: [1]', ['shoal.yaml:1:7: http: must be a section with keys, not a list']],
    [
      'a section where a value should be',
      'http: {port: {a: 1}}',
      ['shoal.yaml:1:14: http.port: must be a whole number from 0 to 65535, not a section with keys'],
    ],
    ['a key without a value', 'http:\n  port:', ['shoal.yaml:2:8: http.port: has no value; it must be a whole number from 0 to 65535']],
    ['plugins that are a list', 'plugins: [rtmp]', ['shoal.yaml:1:10: plugins: must be a section with a key for each plugin']],
    ['a plugin that is a word', 'plugins: {rtmp: on}', ['shoal.yaml:1:17: plugins.rtmp: must be a section with keys']],
    [
      'a wrong item',
      'swarm:\n  listen:\n    - /ip4/0.0.0.0/tcp/1\n    - here',
      ['shoal.yaml:4:7: swarm.listen[1]: must be a multiaddr such as /ip4/0.0.0.0/tcp/4710, not "here"'],
    ],
    ['a missing key', 'pulls:\n  - path: a', ['shoal.yaml:2:5: pulls[0].url: is missing; it must be a URL']],
    ['two pulls of a path', 'pulls:\n  - {url: "a:b", path: x}\n  - {url: "a:c", path: x}', ['shoal.yaml:3:24: pulls[1].path: is fed by pulls[0] already']],
    [
      'values that contradict',
      'streams: {maxLatency: 20000}',
      ['shoal.yaml:1:23: streams.maxLatency: must be at most streams.bufferTime, which is 10000 ms, not 20000'],
    ],
    [
      'a host with a scheme',
      'http: {allowedHosts: ["http://x"]}',
      ['shoal.yaml:1:23: http.allowedHosts[0]: must be a host name or an IP address, without scheme and port, not "http://x"'],
    ],
    [
      'an origin with a path',
      'http: {allowedOrigins: ["https://x/"]}',
      ['shoal.yaml:1:25: http.allowedOrigins[0]: must be an origin such as https://cams.example, not "https://x/"'],
    ],
    ['a key twice', 'http: {port: 1}\nhttp: {port: 2}', ['shoal.yaml:2:1: http: this key stands here for the second time']],
    ['tabs', 'http:\n\tport: 1', ['shoal.yaml:2:1: tabs cannot indent; use spaces']],
    ['an unclosed quote', 'node: {name: "x', ['shoal.yaml:1:16']],
    ['a root that is a list', '- http', ['shoal.yaml:1:1: must hold keys with values, as in "node:", at its top level']],
    ['a root that is a word', 'http', ['shoal.yaml:1:1: must hold keys with values, as in "node:", at its top level']],
    ['a merge key', 'http:\n  <<: {port: 1}', ['shoal.yaml:2:3: http.<<: merge keys are not supported; repeat the keys']],
    ['a prototype', '__proto__: {a: 1}', ['shoal.yaml:1:1: __proto__: is not allowed as a key']],
    ['a tag', 'node: {name: !!binary aGk=}', ['shoal.yaml:1:23: node.name: the tag tag:yaml.org,2002:binary is not supported']],
    ['a tag of a language', 'node: !!js/object {name: x}', ['shoal.yaml:1:19: node: the tag tag:yaml.org,2002:js/object is not supported']],
    ['an alias to nothing', 'node: {name: *x}', ['shoal.yaml:1:14: node.name: refers to *x, which is not defined above']],
    ['an alias to itself', 'node: &a {name: *a}', ['shoal.yaml']],
    ['two documents', 'http: {port: 1}\n---\nhttp: {port: 2}', ['shoal.yaml:2:1: a second document starts here; a file holds one']],
    ['an older YAML', '%YAML 1.1\n---\nswarm: {discovery: no}', ['shoal.yaml:1:1: asks for an older YAML; remove the %YAML line']],
    ['an octal number', 'http: {port: 010}', ['shoal.yaml:1:14: http.port: 010 begins with 0, which some read as octal; write it without the 0, or in quotes']],
    ['infinity', 'http: {port: .inf}', ['shoal.yaml:1:14: http.port: .inf is not a number that can be used']],
    ['a number too large', 'http: {port: 99999999999999999999}', ['shoal.yaml:1:14: http.port: 99999999999999999999 is not a number that can be used']],
    ['a control character', 'node: {name: "a\u0007"}', ['shoal.yaml:1:16: holds a control character']],
    ['a key that is a list', '[a, b]: 1', ['shoal.yaml:1:1']],
    ['a bare word in flow', 'http: {port', ['shoal.yaml:1:12']],
  ]
  it.each(cases)('%s', async (_, text, expected) => {
    const lines = await told(text)
    expect(lines.length).toBeGreaterThan(0)
    for (const [at, line] of expected.entries())
      expect(lines[at]).toSatisfy((seen: string) => seen === line || (!line.includes(': ') && seen.startsWith(line)), `${lines[at]} instead of ${line}`)
    if (expected[0]?.includes(': ')) expect(lines).toEqual(expected)
  })

  it('are told all at once, each file in the order of its lines', async () => {
    put('http: {port: x}', 'a.yaml')
    const lines = await told('log: {level: loud}\nhttp:\n  prot: 1\n  host: 5\nplugins: {rtmp: {port: -1}}', { env: { SHOAL_NODE__NAME: '' } })
    expect(lines.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual(
      [
        'shoal.yaml:1:14 log.level',
        'shoal.yaml:3:3 http.prot',
        'shoal.yaml:4:9 http.host',
        'shoal.yaml:5:24 plugins.rtmp.port',
        'SHOAL_NODE__NAME node.name',
        'shoal.d/a.yaml:1:14 http.port',
      ].sort((a, b) => lines.findIndex((line) => line.startsWith(a.split(' ')[0] ?? '')) - lines.findIndex((line) => line.startsWith(b.split(' ')[0] ?? ''))),
    )
    expect(lines).toHaveLength(6)
  })

  it('never show a secret', async () => {
    put('plugins: {rtmp: {streamKey: 123456789}}\npulls: [{url: 5, path: rtsp://u:geheim@h}, {url: "no url rtsp://u:geheim@h"}]')
    const text = (await problemsOf()).map(problemText).join('\n')
    expect(text).toContain('plugins.rtmp.streamKey: must be text (the value is not shown)')
    expect(text).not.toMatch(/123456789|geheim/)
  })

  it('of files: not UTF-8, too large, not a file, not readable, not there', async () => {
    put('')
    writeFileSync(file, Buffer.from('node:\n  name: a\xff\n', 'latin1'))
    expect(await problemsOf()).toEqual([{ file, line: 2, column: 10, path: '', message: 'is not UTF-8 text' }])
    writeFileSync(file, Buffer.from('\ufeffn\u0000', 'utf16le'))
    expect((await problemsOf())[0]).toMatchObject({ line: 1, message: 'is not UTF-8 text' })
    writeFileSync(file, `#${'x'.repeat(1024 * 1024)}`)
    expect(await problemsOf()).toEqual([{ file, path: '', message: 'is larger than 1 MiB' }])
    rmSync(file)
    expect((await problemsOf({ file: '/dev/zero' }))[0]?.message).toContain('not a regular file')
    mkdirSync(file)
    expect((await problemsOf())[0]?.message).toContain('not a regular file')
    rmSync(file, { recursive: true })
    expect((await load()).config.http.port).toBe(8180)
    expect(await problemsOf({ fileRequired: true })).toEqual([{ file, path: '', message: 'does not exist' }])
    put('node: {name: ab}')
    writeFileSync(file, '\ufeffnode: {name: mark}')
    expect((await load()).config.node.name).toBe('mark')
  })

  it('of the folder: a file, too many files, names that are not read', async () => {
    writeFileSync(folder, 'x')
    expect((await problemsOf())[0]).toMatchObject({ file: folder, message: expect.stringContaining('cannot be read') })
    rmSync(folder)
    put('', 'a.yml')
    put('', 'b.json')
    expect((await load()).problems.map(({ file: name }) => name)).toEqual([join(folder, 'a.yml'), join(folder, 'b.json')])
    for (let i = 0; i <= 100; i++) put('', `${i}.yaml`)
    expect((await problemsOf())[0]?.message).toContain('at most 100')
  })

  it('of a small file that stands for a large one are found at once', async () => {
    const bomb = `a: &a [x,x]\n${[...'bcdefghijklmnopqrstuvwxyz'].map((name, at) => `${name}: &${name} [*${'abcdefghijklmnopqrstuvwxyz'[at]},*${'abcdefghijklmnopqrstuvwxyz'[at]}]`).join('\n')}`
    const texts = [
      bomb,
      '['.repeat(20_000),
      `a: ${'{b: '.repeat(10_000)}`,
      Array.from({ length: 25_000 }, (_, i) => `k${i}: 1`).join('\n'),
      `x: &a [1]\ny: [${'*a,'.repeat(25_000)}]`,
    ]
    for (const text of texts) {
      const taken = stopwatch()
      expect((await told(text)).length).toBeGreaterThan(0)
      expect(taken(), text.slice(0, 10)).toBeLessThan(5000)
    }
  })

  it('of a broken schema name the plugin', async () => {
    const bad = { rtmp: { type: 'object', properties: { x: { type: 'string', pattern: '(' } } } }
    put('plugins: {rtmp: {x: a}}')
    expect((await problemsOf({ pluginSchemas: bad }))[0]).toMatchObject({ path: 'plugins.rtmp.x' })
  })

  it('can be asked for without a throw', async () => {
    put('http: {port: x}')
    const { problems, warnings } = await checkConfig({ file, pluginSchemas, env: { SHOAL_X: '1' } })
    expect(problems).toHaveLength(1)
    expect(warnings).toHaveLength(1)
  })

  it('are found in a file by the check though the environment hides them, and only there', async () => {
    put('http:\n  port: x\n  host: 127.0.0.1')
    const hidden = { file, pluginSchemas, env: { SHOAL_HTTP__PORT: '8080', SHOAL_HTTP__HOST: '127.0.0.2' } }
    expect((await checkConfig(hidden)).problems).toMatchObject([{ file, line: 2, path: 'http.port' }])
    expect((await loadConfig(hidden)).config.http.port).toBe(8080)
  })
})

describe('a damaged file', () => {
  const good =
    'node:\n  name: kitchen\nhttp:\n  port: 8080\n  allowedHosts: [a.b, "c.d"]\nplugins:\n  rtmp: {port: 1}\npulls:\n  - url: rtsp://cam/1\n    path: live/1\n'

  it('at every prefix is right or has a problem with a line', async () => {
    for (let length = 0; length <= good.length; length++) {
      put(good.slice(0, length))
      const { problems } = await checkConfig({ file, pluginSchemas })
      for (const problem of problems) expect(problem, good.slice(0, length)).toMatchObject({ file, line: expect.any(Number), column: expect.any(Number) })
    }
  })

  it('after every flip of a byte is right or has a problem with a line', async () => {
    let random = 7
    const next = (limit: number): number => {
      random = (random * 48_271) % 2_147_483_647
      return random % limit
    }
    let refused = 0
    for (let round = 0; round < 1000; round++) {
      const bytes = Buffer.from(good)
      const at = next(bytes.length)
      bytes[at] = next(256)
      put('')
      writeFileSync(file, bytes)
      const { problems } = await checkConfig({ file, pluginSchemas })
      for (const problem of problems) expect(problem, bytes.toString('latin1')).toMatchObject({ file, line: expect.any(Number) })
      if (problems.length > 0) refused++
    }
    expect(refused).toBeGreaterThan(500)
  })
})

describe('changes at run time', () => {
  it('are checked, kept, told with what they need, and win over everything', async () => {
    put('# my file\nhttp: {port: 1}')
    const loaded = await load({ env: { SHOAL_HTTP__PORT: '2' }, flags: { 'http.port': '3' } })
    const runtime = join(folder, '90-runtime.yaml')
    expect(await loaded.setRuntime('http.port', 4)).toEqual({ key: 'http.port', value: 4, restart: true, file: runtime })
    expect(loaded.config.http.port).toBe(4)
    expect(await loaded.setRuntime('log.level', 'debug')).toMatchObject({ restart: false })
    expect(await loaded.setRuntime('log.levels.plugin:rtmp', 'trace')).toMatchObject({ key: 'log.levels.plugin:rtmp', restart: false })
    expect(await loaded.setRuntime('http.allowedHosts', 'a.b,c.d')).toMatchObject({ value: ['a.b', 'c.d'], restart: false })
    expect(await loaded.setRuntime('rtmp.port', '1940')).toMatchObject({ key: 'plugins.rtmp.port', value: 1940, restart: true })
    expect(statSync(runtime).mode & 0o777).toBe(0o600)
    const again = await load({ env: { SHOAL_HTTP__PORT: '2' } })
    expect(again.config).toEqual(loaded.config)
    expect(again.get('http.port').sources).toMatchObject([{ layer: 'runtime', file: runtime }])
    expect(readdirSync(folder)).toEqual(['90-runtime.yaml'])
  })

  it('can be taken back', async () => {
    const loaded = await load()
    await loaded.setRuntime('rtmp.port', 5)
    expect(await loaded.setRuntime('rtmp.port', undefined)).toMatchObject({ value: 1935 })
    expect(readFileSync(join(folder, '90-runtime.yaml'), 'utf8')).not.toContain('rtmp')
    expect(await loaded.setRuntime('http.port', undefined)).toMatchObject({ value: 8180 })
  })

  it('that are wrong change nothing, in the file and in force', async () => {
    const loaded = await load()
    await loaded.setRuntime('http.port', 5)
    const before = [loaded.config, readFileSync(join(folder, '90-runtime.yaml'), 'utf8')]
    for (const [key, value] of [
      ['http.port', 99_999],
      ['http.prot', 1],
      ['http', 5],
      ['nothing', 1],
      ['', 1],
      ['streams.maxLatency', 500_000],
      ['plugins.rtmp.port', 'x'],
      ['http.port', null],
      ['__proto__.x', 1],
    ] as const) {
      await expect(loaded.setRuntime(key, value), key).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
    }
    expect([loaded.config, readFileSync(join(folder, '90-runtime.yaml'), 'utf8')]).toEqual(before)
    const error = (await loaded.setRuntime('http.port', 99_999).catch((thrown: unknown) => thrown)) as ShoalError
    expect(error.data?.['problems']).toEqual([{ path: 'http.port', message: 'must be a whole number from 0 to 65535, not 99999' }])
  })

  it('keep comments, run one after another, and survive a file that was damaged by hand', async () => {
    put('# by hand\nhttp:\n  port: 7 # my port\n', '90-runtime.yaml')
    const loaded = await load()
    await Promise.all(Array.from({ length: 10 }, (_, i) => loaded.setRuntime(`log.levels.m${i}`, 'warn')))
    const text = readFileSync(join(folder, '90-runtime.yaml'), 'utf8')
    expect(text).toContain('# by hand')
    expect(text).toContain('# my port')
    expect(Object.keys(loaded.config.log.levels)).toHaveLength(10)
    writeFileSync(join(folder, '90-runtime.yaml'), 'http: [')
    await expect(loaded.setRuntime('http.port', 8)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
    expect(loaded.config.http.port).toBe(7)
    writeFileSync(join(folder, '90-runtime.yaml'), 'http: 5')
    expect(await loaded.setRuntime('http.port', 8)).toMatchObject({ value: 8 })
  })

  it('need a folder that is ours', async () => {
    await expect((await loadConfig({ pluginSchemas: {} })).setRuntime('http.port', 1)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' })
    put('', 'a.yaml')
    const loaded = await load()
    chmodSync(folder, 0o777)
    await expect(loaded.setRuntime('http.port', 1)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE' })
    expect(loaded.config.http.port).toBe(8180)
  })
})

describe('what is shown', () => {
  it('has no secrets and no credentials', async () => {
    put('plugins: {rtmp: {streamKey: geheim}, mine: {use: ./x, password: geheim, nested: {apiToken: [geheim]}}}\npulls: [{url: "rtsp://u:geheim@cam/1"}]')
    const loaded = await load()
    expect(loaded.config.plugins['rtmp']?.['streamKey']).toBe('geheim')
    for (const text of [loaded.shown(), loaded.sources(), loaded.get('rtmp.streamKey'), loaded.get('plugins'), loaded.get('pulls')])
      expect(JSON.stringify(text)).not.toContain('geheim')
    expect(loaded.get('rtmp.streamKey').value).toBe('<hidden>')
    expect((await loaded.setRuntime('rtmp.streamKey', 'geheim2')).value).toBe('<hidden>')
  })

  it('is found by short names, and what is not there comes with the nearest', async () => {
    const loaded = await load()
    expect(loaded.get('RTMP.Port')).toMatchObject({ key: 'plugins.rtmp.port', value: 1935 })
    expect(loaded.get('http').sources.map(({ key }) => key)).toEqual([
      'http.allowedHosts',
      'http.allowedOrigins',
      'http.enabled',
      'http.host',
      'http.port',
      'http.trustedProxies',
    ])
    expect(loaded.get('log.file')).toEqual({ key: 'log.file', value: undefined, sources: [] })
    expect(() => loaded.get('http.prot')).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND', message: expect.stringContaining('"port"') }))
  })
})
