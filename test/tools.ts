/** Outside programs that tests use. A test whose tool is missing is skipped loudly: the reason is in its name and in the summary. */

import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A tool, how to see that it is there, and how to get it. */
interface Tool {
  readonly found: () => boolean
  readonly reason: string
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Is this root? Then namespaces need no user namespace. */
export const isRoot: boolean = process.getuid?.() === 0

/** What `unshare` takes to make the namespaces of a network lab. */
export const holderFlags: readonly string[] = isRoot ? ['--mount', '--net'] : ['--user', '--map-root-user', '--mount', '--net']

/** Can a network be built? All that the lab needs is tried once, in namespaces that go away at once. */
function canBuildNetworks(): boolean {
  const probe =
    'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add a && ip link add br0 type bridge && ip link add h0 type veth peer name eth0 netns a'
  return (
    ['ip', 'unshare', 'nsenter', 'setpriv'].every(onPath) && spawnSync('unshare', [...holderFlags, 'sh', '-c', `${probe} && ip netns exec a true`]).status === 0
  )
}

/** The library that gives a process a clock of its own. */
export const fakeClock: string | undefined = ['x86_64', 'aarch64', 'arm']
  .map((machine) => `/usr/lib/${machine}-linux-gnu${machine === 'arm' ? 'eabihf' : ''}/faketime/libfaketimeMT.so.1`)
  .find(existsSync)

/** Is the library that SRT leans on where Debian puts it? */
const libsrt = ['x86_64', 'aarch64'].some((machine) => existsSync(`/usr/lib/${machine}-linux-gnu/libsrt-gnutls.so.1.5`))

/** Can GStreamer publish by RTSP? */
const hasGstRtsp = ['x86_64', 'aarch64'].some((machine) => existsSync(`/usr/lib/${machine}-linux-gnu/gstreamer-1.0/libgstrtspclientsink.so`))

/** Can VLC play SRT? */
const hasVlcSrt = ['x86_64', 'aarch64'].some((machine) => existsSync(`/usr/lib/${machine}-linux-gnu/vlc/plugins/access/libaccess_srt_plugin.so`))

/** Where the programs of PostgreSQL are: Debian keeps them off the path. */
export const postgresFolder: string | undefined = findPostgres()

function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(delimiter)]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

const apt = (packages: string): string => `not installed; on Debian: apt-get install ${packages}`

const tools = {
  ffmpeg: { found: () => onPath('ffmpeg') && onPath('ffprobe'), reason: apt('ffmpeg') },
  chromium: { found: () => onPath('chromium'), reason: apt('chromium') },
  gstreamer: { found: () => onPath('gst-launch-1.0'), reason: apt('gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad') },
  'gst-rtsp': {
    found: () => onPath('gst-launch-1.0') && hasGstRtsp,
    reason: apt('gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-rtsp'),
  },
  vlc: { found: () => onPath('cvlc') && hasVlcSrt, reason: apt('vlc-bin vlc-plugin-base vlc-plugin-access-extra') },
  curl: { found: () => onPath('curl'), reason: apt('curl') },
  openssl: { found: () => onPath('openssl'), reason: apt('openssl') },
  go: { found: () => onPath('go'), reason: apt('golang-go') },
  nngcat: { found: () => onPath('nngcat') && onPath('nanocat'), reason: apt('nng-utils nanomsg-utils') },
  'redis-server': { found: () => onPath('redis-server'), reason: apt('redis-server') },
  postgres: { found: () => postgresFolder !== undefined, reason: apt('postgresql') },
  libsrt: { found: () => libsrt, reason: apt('libsrt1.5-gnutls') },
  python3: { found: () => onPath('python3'), reason: apt('python3') },
  tcpdump: { found: () => onPath('tcpdump'), reason: apt('tcpdump') },
  nft: { found: () => onPath('nft'), reason: apt('nftables') },
  faketime: { found: () => fakeClock !== undefined, reason: apt('faketime') },
  namespaces: {
    found: canBuildNetworks,
    reason: 'needs network namespaces, with user namespaces or as root; on Debian: apt-get install iproute2 util-linux',
  },
} satisfies Record<string, Tool>

/** A tool's name. */
export type ToolName = keyof typeof tools

const cache = new Map<ToolName, boolean>()

/** Is the tool here? */
export function has(tool: ToolName): boolean {
  const known = cache.get(tool)
  if (known !== undefined) return known
  const found = tools[tool].found()
  cache.set(tool, found)
  return found
}

/** The tools that are missing, with how to get them. */
export function missingTools(): { tool: string; reason: string }[] {
  return (Object.keys(tools) as ToolName[]).filter((tool) => !has(tool)).map((tool) => ({ tool, reason: tools[tool].reason }))
}
