/** The `Transport` header (RFC 2326 section 12.39). */

/** How the packets of one medium travel. */
export interface Transport {
  readonly kind: 'tcp' | 'udp'
  readonly record: boolean
  /** Channels of media and of reports on the connection. */
  readonly interleaved?: readonly [number, number]
  /** UDP ports of media and of reports. */
  readonly clientPort?: readonly [number, number]
  readonly serverPort?: readonly [number, number]
  /** Where the packets come from, where that is not the server itself. */
  readonly source?: string
  readonly ssrc?: string
}

/** The transports that a header offers, the best first; such that are not known (multicast, SRTP) are left out. */
export function parseTransports(header: string): Transport[] {
  return header.split(',').flatMap((text) => {
    const [profile = '', ...parameters] = text.split(';').map((part) => part.trim())
    const values = new Map(parameters.map((part) => [part.split('=')[0]?.toLowerCase() ?? '', part.slice(part.indexOf('=') + 1)]))
    const kind = kinds[profile.toUpperCase()]
    if (!kind || values.has('multicast')) return []
    const source = values.get('source')
    const ssrc = values.get('ssrc')
    return [
      {
        kind,
        record: /^"?(record|receive)"?$/i.test(values.get('mode') ?? ''),
        ...pair('interleaved', values, 255),
        ...pair('clientPort', values, 65_535),
        ...pair('serverPort', values, 65_535),
        ...(source !== undefined && { source }),
        ...(ssrc !== undefined && { ssrc }),
      },
    ]
  })
}

const kinds: Readonly<Record<string, Transport['kind']>> = { 'RTP/AVP': 'udp', 'RTP/AVP/UDP': 'udp', 'RTP/AVP/TCP': 'tcp' }

const names = { interleaved: 'interleaved', clientPort: 'client_port', serverPort: 'server_port' } as const

/** `8000-8001`, or one number: the second is the next. */
function pair<K extends keyof typeof names>(key: K, values: ReadonlyMap<string, string>, max: number): { [P in K]?: [number, number] } {
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(values.get(names[key]) ?? '')
  if (!found) return {}
  const first = Number(found[1])
  const second = found[2] === undefined ? first + 1 : Number(found[2])
  return first > max || second > max ? {} : ({ [key]: [first, second] } as { [P in K]?: [number, number] })
}

/** Writes the header. */
export function writeTransport(transport: Transport): string {
  const range = (name: string, value: readonly [number, number] | undefined): string[] => (value ? [`${name}=${value[0]}-${value[1]}`] : [])
  return [
    transport.kind === 'tcp' ? 'RTP/AVP/TCP' : 'RTP/AVP',
    'unicast',
    ...range(names.interleaved, transport.interleaved),
    ...range(names.clientPort, transport.clientPort),
    ...range(names.serverPort, transport.serverPort),
    ...(transport.ssrc === undefined ? [] : [`ssrc=${transport.ssrc}`]),
    ...(transport.record ? ['mode=record'] : []),
  ].join(';')
}
