/** Time stamps inside video frames: an SEI NAL unit with the monotonic clock, put in by the publisher and found by the readers. */

/** Marks a stamp: the UUID of the SEI payload, chosen without zero bytes. Source: ITU-T H.264 7.3.2.3.1, D.1.7 user_data_unregistered. */
const marker = Buffer.from('SHOALBENCHSTAMP0', 'latin1')

/** Bytes of text behind the marker: 16 hexadecimal digits of ns, 8 of the sequence number. */
const digits = 24

/** CLOCK_MONOTONIC in ns, the same for all processes of this machine. */
export function now(): bigint {
  return process.hrtime.bigint()
}

/** A stamp as a NAL unit with its 4-byte length. Digits, so that no emulation prevention is needed. */
export function stampNal(sequence: number, time = now()): Uint8Array {
  const text = time.toString(16).padStart(16, '0') + sequence.toString(16).padStart(8, '0')
  const payload = Buffer.concat([marker, Buffer.from(text, 'latin1')])
  const nal = Buffer.concat([Buffer.from([6, 5, payload.length]), payload, Buffer.from([0x80])])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(nal.length)
  return Buffer.concat([length, nal])
}

/** A stamp that was found. */
export interface Stamp {
  readonly time: bigint
  readonly sequence: number
}

/** Finds the stamp near the start of a video frame. */
export function findStamp(frame: Buffer): Stamp | undefined {
  const at = frame.subarray(0, 256).indexOf(marker)
  if (at < 0 || at + marker.length + digits > frame.length) return undefined
  const text = frame.toString('latin1', at + marker.length, at + marker.length + digits)
  return { time: BigInt(`0x${text.slice(0, 16)}`), sequence: Number.parseInt(text.slice(16), 16) }
}
