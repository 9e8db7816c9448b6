/**
 * Hosts on networks, on one machine: network namespaces joined by bridges. Everything lives in namespaces of one holder process,
 * so nothing in the machine's own network changes, labs run side by side, and the kernel takes all of it away with the holder.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { holderFlags, isRoot } from '../tools.js'

/** A host of a plan. */
export interface HostPlan {
  readonly name: string
  /** Numbers of the networks it is plugged into, 0 to 9; its interface there is `eth0` for the first, `eth1` for the next. Default: 0. */
  readonly networks?: readonly number[]
  /** Has it a default route? Default: true. */
  readonly route?: boolean
}

const execute = promisify(execFile)

/** The holder: `ip netns` keeps its names in /run, so it gets one of its own; `cat` ends with the test process. */
const hold = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && echo ready && exec cat'

const ipv6 = existsSync('/proc/sys/net/ipv6')

/** A lab; {@link close} it at the end of its tests. Should the test process die first, holder and hosts die with it. */
export class Lab {
  readonly #holder: ChildProcess
  readonly #hosts: readonly HostPlan[]

  private constructor(holder: ChildProcess, hosts: readonly HostPlan[]) {
    this.#holder = holder
    this.#hosts = hosts
  }

  /** Builds the networks and plugs in the hosts. */
  static async open(hosts: readonly HostPlan[]): Promise<Lab> {
    // the end of its input is the end of the holder
    const holder = spawn('unshare', [...holderFlags, '--propagation', 'private', 'sh', '-c', hold], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lab = new Lab(holder, hosts)
    try {
      const early = once(holder, 'exit').then(() => Promise.reject(new Error('no namespaces')))
      early.catch(() => {})
      await Promise.race([once(holder.stdout, 'data'), early])
      await lab.#script(hosts.flatMap((host, index) => plug(host, index)))
    } catch (error) {
      await lab.close()
      throw error
    }
    return lab
  }

  /** The first part of a command line that runs the rest in a host, as this very process: a signal to it is one to the program. The rest starts in `/`. */
  prefix(host: string): string[] {
    return [...this.#enter(), 'setpriv', '--pdeathsig', 'KILL', 'ip', 'netns', 'exec', host]
  }

  /** The IPv4 address that a host has on a network. */
  address(host: string, network = 0): string {
    return `10.77.${network}.${this.#index(host) + 1}`
  }

  /** Pulls or plugs the cable of a host, at the end of the switch. */
  async link(host: string, state: 'up' | 'down', network = 0): Promise<void> {
    await this.#script([`ip link set ${port(this.#index(host), network)} ${state}`])
  }

  /** Gives a host other addresses in its network 0, those that end in `last` (20 to 250). */
  async renumber(host: string, last: number): Promise<void> {
    const { route = true } = this.#plan(host)
    await this.#script([`ip -n ${host} addr flush dev eth0`, ...addresses(host, 'eth0', 0, last), ...(route ? [defaultRoute(host)] : [])])
  }

  /** Drops what one host sends to another; the way back stays open. Cuts add up until {@link heal}. */
  async cut(from: string, to: string): Promise<void> {
    await this.#filter([[[from], [to]]])
  }

  /** Splits the network into groups that cannot reach each other. */
  async partition(...groups: readonly (readonly string[])[]): Promise<void> {
    await this.#filter(groups.flatMap((from) => groups.filter((to) => to !== from).map((to) => [from, to] as const)))
  }

  /** Ends all cuts and partitions. */
  async heal(): Promise<void> {
    await this.#script(['nft flush ruleset'])
  }

  async #filter(ways: readonly (readonly [from: readonly string[], to: readonly string[]])[]): Promise<void> {
    const ports = (hosts: readonly string[]): string => hosts.map((host) => `"${port(this.#index(host), 0)}"`).join(', ')
    const rules = ways.map(([from, to]) => `nft 'add rule bridge lab forward iifname { ${ports(from)} } oifname { ${ports(to)} } drop'`)
    await this.#script(['nft add table bridge lab', "nft 'add chain bridge lab forward { type filter hook forward priority 0; }'", ...rules])
  }

  /** Gives a host more IPv4 addresses in network 0; the first is 10.77.0.`first`. Returns them. */
  async addAddresses(host: string, first: number, count: number): Promise<string[]> {
    const added = Array.from({ length: count }, (_, index) => `10.77.0.${first + index}`)
    await this.#script(added.map((address) => `ip -n ${host} addr add ${address}/24 dev eth0`))
    return added
  }

  /** Takes everything away. Idempotent. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    const gone = once(this.#holder, 'exit')
    this.#holder.kill('SIGKILL')
    await gone
  }

  #enter(): string[] {
    return ['nsenter', '--target', String(this.#holder.pid), ...(isRoot ? [] : ['--user', '--preserve-credentials']), '--mount', '--net']
  }

  /** Runs shell lines in the namespaces of the holder, which is the switch. */
  async #script(lines: readonly string[]): Promise<void> {
    const [program = '', ...args] = [...this.#enter(), 'sh', '-ec', lines.join('\n')]
    await execute(program, args)
  }

  #index(name: string): number {
    const index = this.#hosts.findIndex((host) => host.name === name)
    if (index < 0) throw new Error(`there is no host ${name}`)
    return index
  }

  #plan(name: string): HostPlan {
    return this.#hosts[this.#index(name)] as HostPlan
  }
}

/** The shell lines that make a host. */
function plug({ name, networks = [0], route = true }: HostPlan, index: number): string[] {
  const cables = networks.flatMap((network, card) => [
    `ip link show br${network} >/dev/null 2>&1 || { ip link add br${network} type bridge stp_state 0 forward_delay 0 mcast_snooping 0; ip link set br${network} up; }`,
    `ip link add ${port(index, network)} type veth peer name eth${card} netns ${name}`,
    `ip link set ${port(index, network)} master br${network} up`,
    `ip -n ${name} link set eth${card} up`,
    ...addresses(name, `eth${card}`, network, index + 1),
  ])
  return [`ip netns add ${name}`, `ip -n ${name} link set lo up`, ...cables, ...(route ? [defaultRoute(name)] : [])]
}

function addresses(host: string, card: string, network: number, last: number): string[] {
  const v4 = `ip -n ${host} addr add 10.77.${network}.${last}/24 brd + dev ${card}`
  return ipv6 ? [v4, `ip -n ${host} addr add fd77:0:0:${network}::${last}/64 dev ${card} nodad`] : [v4]
}

const defaultRoute = (host: string): string => `ip -n ${host} route replace default dev eth0`

/** The switch's end of a cable. */
const port = (index: number, network: number): string => `h${index}n${network}`
