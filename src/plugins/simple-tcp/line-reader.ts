/** Lines from bytes, bounded. */

import { ShoalError } from '../../errors.js'

/**
 * Splits at LF, drops a CR before it. Throws `ERR_LIMIT` for a line over `limit` bytes as soon as that is known, and
 * `ERR_REQUEST_INVALID` for one that is not UTF-8. What comes after the last LF is not a line.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks) {
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (held + end > limit) throw tooLong(limit)
      yield decode([...parts, rest.subarray(0, end)])
      parts = []
      held = 0
      rest = rest.subarray(end + 1)
    }
    held += rest.length
    if (held > limit) throw tooLong(limit)
    // copied: a small rest would keep the whole chunk alive
    if (rest.length > 0) parts.push(rest.slice())
  }
}

function decode(parts: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(parts)
  const end = bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end))
  } catch (error) {
    throw new ShoalError('ERR_REQUEST_INVALID', 'A line is not UTF-8.', { cause: error })
  }
}

function tooLong(limit: number): ShoalError {
  return new ShoalError('ERR_LIMIT', `A line is at most ${limit} bytes.`)
}
