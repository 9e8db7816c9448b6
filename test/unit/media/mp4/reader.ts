/** A small reader of MP4, written from the specification and not from the writer. */

/** A box with its content. */
export interface Box {
  readonly type: string
  readonly content: Buffer
}

/** The boxes in `bytes`; throws when a size does not fit. */
export function boxesOf(bytes: Uint8Array): Box[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const boxes: Box[] = []
  for (let at = 0; at < buffer.length; ) {
    const size = buffer.readUInt32BE(at)
    if (size < 8 || at + size > buffer.length) throw new Error(`a box of ${size} bytes at ${at} of ${buffer.length}`)
    boxes.push({ type: buffer.toString('latin1', at + 4, at + 8), content: buffer.subarray(at + 8, at + size) })
    at += size
  }
  return boxes
}

/** The content of the box at a path: `moov/trak/mdia`. `skip`: bytes before the boxes of the last parent. */
export function find(bytes: Uint8Array, path: string): Buffer {
  const [first, ...rest] = path.split('/')
  const [type, skip] = (first ?? '').split('+')
  const box = boxesOf(bytes).find((one) => one.type === type)
  if (!box) throw new Error(`no ${type} among ${boxesOf(bytes).map((one) => one.type)}`)
  return rest.length === 0 ? box.content : find(box.content.subarray(Number(skip ?? 0)), rest.join('/'))
}

/** A sample as a reader finds it. */
export interface ReadSample {
  readonly track: number
  readonly decodeTime: number
  readonly duration: number
  readonly composition: number
  readonly key: boolean
  readonly data: Buffer
}

/** All samples of a sequence of fragments. */
export function samplesOf(bytes: Uint8Array): ReadSample[] {
  const buffer = Buffer.from(bytes)
  const samples: ReadSample[] = []
  let at = 0
  for (const { type, content } of boxesOf(buffer)) {
    if (type === 'moof') for (const traf of boxesOf(content).filter((one) => one.type === 'traf')) samples.push(...readRun(traf.content, buffer.subarray(at)))
    at += content.length + 8
  }
  return samples
}

function readRun(traf: Buffer, moof: Buffer): ReadSample[] {
  const [track, trun] = [find(traf, 'tfhd').readUInt32BE(4), find(traf, 'trun')]
  let time = Number(find(traf, 'tfdt').readBigUInt64BE(4))
  let offset = trun.readUInt32BE(8)
  return Array.from({ length: trun.readUInt32BE(4) }, (_, n): ReadSample => {
    const at = 12 + 16 * n
    const [duration, size, flags] = [trun.readUInt32BE(at), trun.readUInt32BE(at + 4), trun.readUInt32BE(at + 8)]
    const sample = {
      track,
      decodeTime: time,
      duration,
      composition: trun.readInt32BE(at + 12),
      key: (flags & 0x10000) === 0,
      data: moof.subarray(offset, offset + size),
    }
    time += duration
    offset += size
    return sample
  })
}
