/** Server-sent events, as a client reads them. Source: HTML Living Standard, 9.2.6 "Interpreting an event stream". */

/** One event: its name (`message` by default) and its data. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/** Longest event that is read, in characters. */
const maxEvent = 4 * 1024 * 1024

/** Splits a byte stream into events; comments are passed over. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > maxEvent) throw new Error('an event is too long')
    for (let end = boundary(rest); end; end = boundary(rest)) {
      const event = parseEvent(rest.slice(0, end.at))
      rest = rest.slice(end.at + end.length)
      if (event) yield event
    }
  }
}

function boundary(text: string): { at: number; length: number } | undefined {
  const found = /\r\n\r\n|\n\n|\r\r/.exec(text)
  return found ? { at: found.index, length: found[0].length } : undefined
}

function parseEvent(block: string): ServerEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split(/\r\n|\n|\r/)) {
    if (line.startsWith('event:')) event = line.slice(6).trimStart()
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
  }
  return data.length > 0 ? { event, data: data.join('\n') } : undefined
}
