/**
 * Every key of the daemon's own configuration: type, limits, default, unit, meaning. The sample file, `shoal config
 * schema` and the documentation are made from it.
 *
 * Beside JSON Schema's keywords: `unit` (ms, bytes …), `expects` (what a pattern means, for messages), `live` (a change
 * counts at once), `secret` (never shown), `defaultText` (a default that only the machine knows).
 */

import { type Static, Type } from 'typebox'

const port = { minimum: 0, maximum: 65_535 }
const day = 86_400_000
const level = Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
const multiaddr = Type.String({ pattern: '^(/[a-z0-9-]+(/[^/\\s]+)?)+$', maxLength: 512, expects: 'a multiaddr such as /ip4/0.0.0.0/tcp/4710' })
const hostText = {
  pattern: '^([A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\\[?[0-9A-Fa-f:]+[0-9A-Fa-f:.]*\\]?)$',
  maxLength: 255,
  expects: 'a host name or an IP address, without scheme and port',
}
const hostName = Type.String(hostText)
const origin = Type.String({ pattern: '^https?://[^/\\s?#@]+$', maxLength: 255, expects: 'an origin such as https://cams.example' })
const network = Type.String({
  pattern: '^(((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(?!/|$)|(?=/|$))){4}(/(3[0-2]|[12]?\\d))?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(/(12[0-8]|1[01]\\d|\\d{1,2}))?)$',
  maxLength: 49,
  expects: 'an IP address or a network such as 10.0.0.0/8',
})
const who = (description: string) => Type.Enum(['known', 'anyone'], { default: 'known', description })

/** A section: strict, and made with its defaults when it is absent. */
const section = <Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const node = section(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[^\\u0000-\\u001f\\u007f]+$',
      defaultText: 'the host name',
      examples: ['kitchen'],
      description: 'Name shown to people here and on peers.',
    }),
  },
  'This node.',
)

const swarm = section(
  {
    listen: Type.Array(multiaddr, {
      default: ['/ip4/0.0.0.0/tcp/4710', '/ip6/::/tcp/4710'],
      maxItems: 16,
      description: 'Addresses on which peers reach this node; port 0 takes a free one.',
    }),
    announce: Type.Array(multiaddr, {
      default: [],
      maxItems: 16,
      description: 'Addresses told to peers instead of those listened on: behind a port forwarding.',
    }),
    discovery: Type.Boolean({ default: true, description: 'Find nodes on the local network, and be found, by mDNS.' }),
    relay: Type.Boolean({ default: true, description: 'Pass connections on between members that have no direct link. They are encrypted end to end.' }),
    networkKey: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f]{64}$',
        maxLength: 64,
        secret: true,
        expects: '64 hexadecimal digits, as shoal config secret prints them',
        description: 'Pre-shared key of the network: nodes without it get no further than a TCP connection.',
      }),
    ),
    networkKeyFile: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        examples: ['/etc/shoal/network.key'],
        description: 'File of mode 0600 whose first line is the network key.',
      }),
    ),
  },
  'Links between nodes.',
)

const cluster = section(
  {
    secret: Type.Optional(
      Type.String({
        minLength: 16,
        maxLength: 1024,
        secret: true,
        description: 'Nodes on one network with the same secret pair by themselves. At least 16 characters; shoal config secret prints a good one.',
      }),
    ),
    secretFile: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4096, examples: ['/etc/shoal/cluster.secret'], description: 'File of mode 0600 whose first line is the secret.' }),
    ),
  },
  'Nodes that pair without a person.',
)

const trust = section(
  {
    introducers: Type.Union([Type.Enum(['all', 'none']), Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 256 })], {
      default: 'all',
      expects: 'all, none, or a list of peer ids and names',
      description: 'Peers whose introductions count here, and whose word that a peer is forgotten: all, none, or a list of ids and names.',
    }),
  },
  'Trust that peers pass on.',
)

const http = section(
  {
    enabled: Type.Boolean({ default: true, description: 'Serve the API, the web page and players over TCP. The unix socket is always there.' }),
    host: Type.String({ ...hostText, default: '127.0.0.1', description: 'Address to listen on; 0.0.0.0 or :: for every interface.' }),
    port: Type.Integer({ ...port, default: 8180, description: 'TCP port; 0 takes a free one.' }),
    allowedHosts: Type.Array(hostName, {
      default: [],
      maxItems: 64,
      live: true,
      description: 'More names a Host header may have, beside IP addresses of this machine and localhost.',
    }),
    allowedOrigins: Type.Array(origin, { default: [], maxItems: 64, live: true, description: 'Web pages of other origins that may call this node.' }),
    trustedProxies: Type.Array(network, {
      default: [],
      maxItems: 64,
      live: true,
      description: 'Proxies before this node: what they add to X-Forwarded-For is where a client is. From others the header is not read.',
    }),
  },
  'The HTTP API, plugin pages and players.',
)

const access = section(
  {
    read: who('Which clients may read streams. known: on this machine, or authenticated.'),
    publish: who('Which clients may publish streams; as read.'),
  },
  'What clients may do that are not the owner. Trusted peers are not clients.',
)

const streams = section(
  {
    bufferTime: Type.Integer({ minimum: 500, maximum: 600_000, default: 10_000, unit: 'ms', description: 'How much of each stream is kept for late readers.' }),
    bufferBytes: Type.Integer({
      minimum: 1_048_576,
      maximum: 4_294_967_296,
      default: 33_554_432,
      unit: 'bytes',
      description: 'The same in bytes; whatever is reached first counts.',
    }),
    maxLatency: Type.Integer({
      minimum: 100,
      maximum: 600_000,
      default: 3000,
      unit: 'ms',
      description: 'A reader further behind skips to the newest key frame. At most bufferTime.',
    }),
    publishTimeout: Type.Integer({
      minimum: 0,
      maximum: day,
      default: 10_000,
      unit: 'ms',
      description: 'A publisher that sends nothing for so long is ended; 0 = never.',
    }),
    slowConsumerTimeout: Type.Integer({
      minimum: 1000,
      maximum: 600_000,
      default: 10_000,
      unit: 'ms',
      description: 'A reader that takes nothing for so long is cut.',
    }),
    maxPublishers: Type.Integer({ minimum: 1, maximum: 100_000, default: 1000, description: 'Streams on this node at a time.' }),
    maxSubscribers: Type.Integer({ minimum: 1, maximum: 100_000, default: 10_000, description: 'Readers of all streams at a time.' }),
    fanOut: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 8,
      description: 'Peers that may pull one stream from this node; the others are sent on to those who do, so that trees form.',
    }),
    seal: Type.Boolean({
      default: true,
      description: 'Sign each frame that is published here and goes to peers, and check what relays pass on. Off: relays are believed.',
    }),
  },
  'Streams on this node.',
)

const payloads = section(
  {
    maxSize: Type.Integer({ minimum: 1024, maximum: 1_048_576, default: 1_048_576, unit: 'bytes', description: 'Largest payload that is sent or taken.' }),
    timeout: Type.Integer({
      minimum: 100,
      maximum: 600_000,
      default: 10_000,
      unit: 'ms',
      description: 'How long a send waits for its receipt unless the call says otherwise.',
    }),
    queueLength: Type.Integer({ minimum: 1, maximum: 100_000, default: 1000, description: 'Payloads that may wait for one peer and kind, in each direction.' }),
    queueBytes: Type.Integer({
      minimum: 1_048_576,
      maximum: 1_073_741_824,
      default: 16_777_216,
      unit: 'bytes',
      description: 'The same in bytes, for one peer.',
    }),
  },
  'Messages between plugins of different nodes.',
)

const log = section(
  {
    level: Type.Enum(level.enum, { default: 'info', live: true, description: 'Lines of less weight are not written.' }),
    levels: Type.Record(Type.String(), level, { default: {}, live: true, description: 'Levels of single modules: swarm: debug, plugin:rtmp: trace.' }),
    file: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4096, examples: ['/var/log/shoal/shoal.log'], description: 'File for JSON lines instead of standard error.' }),
    ),
    format: Type.Enum(['auto', 'json', 'pretty'], { default: 'auto', description: 'On standard error; auto: pretty on a terminal, else json.' }),
  },
  'The log.',
)

const limits = section(
  {
    peerStreams: Type.Integer({ minimum: 1, maximum: 100_000, default: 256, description: 'Streams that one peer may read from this node at a time.' }),
    peerControlRate: Type.Integer({
      minimum: 5,
      maximum: 100_000,
      default: 200,
      description: 'Control messages a second that are taken from one peer, beside payloads; twice as many at once. What is more waits at the peer.',
    }),
  },
  'What one peer may take of this node.',
)

const pull = Type.Object(
  {
    url: Type.String({ pattern: '^[a-z][a-z0-9+.-]*:.+', maxLength: 2048, expects: 'a URL', description: 'Where the stream comes from.' }),
    path: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "Stream path it feeds. Default: the URL's path." })),
    standby: Type.Optional(
      Type.String({ pattern: '^[a-z][a-z0-9+.-]*:.+', maxLength: 2048, expects: 'a URL', description: 'Used when the first URL fails or ends, and back.' }),
    ),
    onDemand: Type.Boolean({ default: false, description: 'Start with the first reader.' }),
    idleDelay: Type.Integer({ minimum: 0, maximum: day, default: 10_000, unit: 'ms', description: 'An on-demand pull stops so long after its last reader.' }),
  },
  { additionalProperties: false },
)

const pulls = Type.Array(pull, { default: [], maxItems: 1000, description: 'Pulls that are there from the start.' })

/** What the host understands in every plugin's section; the rest belongs to the plugin. */
export const pluginHostSchema = Type.Object({
  enabled: Type.Boolean({ default: true, description: 'Start this plugin.' }),
  required: Type.Boolean({ default: false, description: 'Without it the daemon does not start.' }),
  use: Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description: 'Package or path (./file.js) of a plugin that is not built in.' })),
  startTimeout: Type.Optional(Type.Integer({ minimum: 10, maximum: 60_000, description: 'ms that it has to start; 30,000 when not set.' })),
})

/** The sections without `plugins`. */
export const coreSchema = Type.Object({ node, swarm, cluster, trust, http, access, streams, payloads, limits, log, pulls }, { additionalProperties: false })

/** A plugin's section. */
export type PluginSection = Static<typeof pluginHostSchema> & { readonly [key: string]: unknown }

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

/** The whole configuration, deeply frozen. */
export type Config = Frozen<Static<typeof coreSchema>> & { readonly plugins: Readonly<Record<string, PluginSection>> }

/** Names of the top-level keys. */
export const sectionNames: readonly string[] = [...Object.keys(coreSchema.properties), 'plugins']
