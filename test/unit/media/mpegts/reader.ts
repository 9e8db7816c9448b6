/** A small reader of MPEG-TS, written from the specification and not from the writer. */

/** A packet. */
export interface Packet {
  readonly pid: number
  readonly start: boolean
  readonly counter: number
  readonly flags: number
  /** 90 kHz. */
  readonly clock?: number
  readonly content: Buffer
}

/** The packets; throws where one does not begin with its sync byte. */
export function packetsOf(bytes: Uint8Array): Packet[] {
  const buffer = Buffer.from(bytes)
  if (buffer.length % 188 !== 0) throw new Error(`${buffer.length} bytes are no whole packets`)
  return Array.from({ length: buffer.length / 188 }, (_, n) => packetOf(buffer.subarray(n * 188, n * 188 + 188)))
}

function packetOf(packet: Buffer): Packet {
  if (packet[0] !== 0x47) throw new Error('no sync byte')
  const [control, length] = [packet.readUInt8(3), packet.readUInt8(4)]
  const hasField = (control & 0x20) !== 0
  const from = hasField ? 5 + length : 4
  const flags = hasField && length > 0 ? packet.readUInt8(5) : 0
  return {
    pid: packet.readUInt16BE(1) & 0x1fff,
    start: (packet.readUInt8(1) & 0x40) !== 0,
    counter: control & 15,
    flags,
    ...((flags & 0x10) !== 0 && { clock: packet.readUInt32BE(6) * 2 + (packet.readUInt8(10) >> 7) }),
    content: (control & 0x10) !== 0 ? packet.subarray(from) : Buffer.alloc(0),
  }
}

/** A PES packet. Times in 90 kHz, 33 bits. */
export interface Unit {
  readonly pid: number
  readonly pts: number
  readonly dts: number
  readonly data: Buffer
}

/** The PES packets of all elementary streams, in order of their first packets. Throws where a counter jumps. */
export function unitsOf(bytes: Uint8Array): Unit[] {
  const open: { pid: number; parts: Buffer[] }[] = []
  const counters = new Map<number, number>()
  for (const { pid, start, counter, content } of packetsOf(bytes)) {
    const before = counters.get(pid)
    if (before !== undefined && content.length > 0 && counter !== ((before + 1) & 15)) throw new Error(`a counter of ${pid} jumps from ${before} to ${counter}`)
    counters.set(pid, counter)
    if (pid === 0 || pid === 0x1000) continue
    if (start) open.push({ pid, parts: [content] })
    else open.findLast((unit) => unit.pid === pid)?.parts.push(content)
  }
  return open.map(({ pid, parts }) => unitOf(pid, Buffer.concat(parts)))
}

function unitOf(pid: number, pes: Buffer): Unit {
  if (pes.readUIntBE(0, 3) !== 1) throw new Error('no start code')
  const length = pes.readUInt16BE(4)
  if (length !== 0 && length !== pes.length - 6) throw new Error(`a length of ${length} before ${pes.length - 6} bytes`)
  const pts = stamp(pes, 9)
  return { pid, pts, dts: (pes.readUInt8(7) & 0x40) !== 0 ? stamp(pes, 14) : pts, data: pes.subarray(9 + pes.readUInt8(8)) }
}

function stamp(pes: Buffer, at: number): number {
  return ((pes.readUInt8(at) >> 1) & 7) * 2 ** 30 + (pes.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (pes.readUInt16BE(at + 3) >> 1)
}
