/** A home full of plugins that misbehave, and what must be said of each. */

import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

/** A plugin that misbehaves. */
export interface BadPlugin {
  readonly name: string
  readonly portable: boolean
  /** What `shoal plugins` must say. */
  readonly reason: RegExp
  /** That it misbehaves is seen when it is disabled. */
  readonly atEnd: boolean
}

/** Those that misbehave when they are to end. */
const endings = ['shutdown-throws', 'shutdown-hangs', 'task-deaf', 'p-clings']

/** Those that get a short time to start, as they will not. */
const hanging = ['start-hangs', 'p-silent', 'p-lazy']

const inProcess: Readonly<Record<string, RegExp>> = {
  'start-throws': /^start of a bad plugin$/,
  'start-rejects': /^start of a bad plugin$/,
  'start-hangs': /^start-hangs\.start did not finish within 0\.5 s\.$/,
  'payload-throws': /^handlePayload: payload of a bad plugin$/,
  'payload-rejects': /^handlePayload: payload of a bad plugin$/,
  'payload-hangs': /^handlePayload has not finished for \d+ s\.$|^handlePayload: payload-hangs\.handlePayload did not finish within 30 s\.$/,
  'payload-lies': /^handlePayload: it answered with a string, neither bytes nor nothing$/,
  'forgotten-throws': /^onPeerForgotten: onPeerForgotten of a bad plugin$/,
  'forgotten-hangs': /^onPeerForgotten: forgotten-hangs\.onPeerForgotten did not finish within 5 s\.$/,
  'shutdown-throws': / Its end went wrong: shutdown: shutdown of a bad plugin$/,
  'shutdown-hangs': / Its end went wrong: shutdown: shutdown-hangs\.shutdown did not finish within 5 s\.$/,
  'task-deaf': / Its end went wrong: its tasks: 1 of its tasks went on after their signal had aborted: \S*deaf\.$/,
  'route-throws': /^GET \/x: route of a bad plugin$/,
  'route-hangs': /^GET \/x has not finished for \d+ s\.$|^GET \/x: It had not answered after \d+ s, when the client left\.$/,
  'task-loops': /^task loop: task of a bad plugin$/,
  'tasks-flood': /^task spawner: The plugin tasks-flood has 10000 of these already/,
  'log-floods': /^It writes too many log lines; \d+ were dropped\.$/,
  'frames-lie': /^a frame: A frame of bad\/garbage is wrong: /,
  'frames-flood': /^reading bad\/flood: The reader frames-flood of bad\/flood took nothing for \d+ ms\.$/,
  'puller-throws': /^pull thrown:: pull of a bad plugin$/,
  'puller-lies': /^pull lied:: /,
  'puller-deaf': /^pull deaf: has not finished for \d+ s\.$/,
  'events-throw': /^task listen: a listener of a bad plugin$/,
  'monitor-throws': /^the slot monitoring: on\w+ of a bad plugin$/,
  'keeps-nothing': /fills the slot cache with an object without get/,
  'stray-throws': /^It left an error that nothing caught: a timer of a bad plugin$/,
  'stray-rejects': /^It left an error that nothing caught: a promise that nobody looks after/,
  'import-strays': /^It left an error that nothing caught: a timer of an import of a bad plugin$/,
  'import-throws': /could not be imported: an import of a bad plugin$/,
  exits: /^handlePayload: It called process\.exit, which would have ended the daemon\.$/,
  'exits-late': /It called process\.exit, which would have ended the daemon\.$/,
  'kinds-throw': /a getter of a bad plugin/,
  'version-lies': /breaks the contract/,
}

const portable: Readonly<Record<string, RegExp>> = {
  silent: /did not say Hello within 0\.5 s\.$/,
  leaves: /exited with code 3\.$/,
  chatty: /broke the protocol/,
  liar: /broke the protocol: A frame of 2147483648 bytes or more is over the limit/,
  future: /speaks versions 7 to 9/,
  lazy: /(start did not finish|did not say Hello) within 0\.5 s\.$/,
  faints: /exited with code 4\.$/,
  dies: /exited with code 5/,
  hangs: /handlePayload\(p-hangs\.call\) did not finish within/,
  spins: /handlePayload\(p-spins\.call\) did not finish within|answered none of the last \d+ calls and used \d+ % of a processor\.$/,
  babbles: /broke the protocol/,
  inventive: /It answered call 999, which was never made/,
  torn: /A batch of stream records ends within a record/,
  mutters: /The arguments of permission\.changed is not a list/,
  leaks: /of memory; its memoryLimit is 80 MiB/,
  floods: /^It sends too many messages|^It writes too many log lines|did not finish within/,
  shouts: /^It prints too many lines; \d+ were left out\.$|did not finish within|of memory; its memoryLimit/,
  loops: /exited with code 8/,
  forgets: /exited with code 6/,
  clings: /did not end when it was asked to; it was ended by force\.$/,
  breeds: /left others behind when it ended; they were ended\.$|of memory; its memoryLimit/,
}

/** All of them. */
export const allBadPlugins: readonly BadPlugin[] = [
  ...Object.entries(inProcess).map(([name, reason]) => ({ name, portable: false, reason, atEnd: endings.includes(name) })),
  ...Object.entries(portable).map(([way, reason]) => ({ name: `p-${way}`, portable: true, reason, atEnd: endings.includes(`p-${way}`) })),
]

/** Twenty that stand for the others: each way to go wrong that costs something, in the daemon's process and in one of its own. */
const typical = [
  ...['start-throws', 'payload-rejects', 'payload-hangs', 'payload-lies', 'route-throws', 'task-loops', 'log-floods', 'frames-lie', 'frames-flood', 'exits'],
  ...['p-silent', 'p-future', 'p-dies', 'p-hangs', 'p-spins', 'p-babbles', 'p-torn', 'p-leaks', 'p-floods', 'p-shouts'],
]

/** Those. */
export const typicalBadPlugins: readonly BadPlugin[] = allBadPlugins.filter(({ name }) => typical.includes(name))

/** Makes a home in which `plugins` are there and disabled, and a plugin of lines over TCP listens on `port`. */
export function badHome(plugins: readonly BadPlugin[], port: number): string {
  const home = mkdtempSync(join(tmpdir(), 'shoal-bad-'))
  mkdirSync(join(home, 'bad'))
  for (const { name, portable: program } of plugins) {
    if (program) addProgram(home, name)
    else copyFileSync(join(fixtures, 'misbehaving.mjs'), join(home, 'bad', `${name}.mjs`))
  }
  const sections = plugins.map(({ name, portable: program }) => {
    const short = hanging.includes(name) ? ', startTimeout: 500' : ''
    return `  ${name}: {enabled: false${short}, ${program ? 'callTimeout: 300, memoryLimit: 83886080' : `use: ./bad/${name}.mjs`}}`
  })
  const lines = [
    'plugins:',
    `  simple-tcp: {enabled: true, port: ${port}}`,
    ...['rtmp', 'rtsp', 'webrtc'].map((name) => `  ${name}: {enabled: false}`),
    ...sections,
  ]
  writeFileSync(join(home, 'shoal.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 })
  return home
}

function addProgram(home: string, name: string): void {
  const folder = join(home, 'plugins', name)
  mkdirSync(folder, { recursive: true })
  const args = [join(fixtures, 'portable', 'bad.mjs'), name.slice(2), name]
  writeFileSync(join(folder, 'shoal-plugin.json'), JSON.stringify({ command: process.execPath, args }))
}
