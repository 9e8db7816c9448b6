import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { StdioSocket } from '../../../../../src/daemon/portable/process/stdio-socket.js'
import { ShoalError } from '../../../../../src/errors.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-stdio-'))
afterAll(() => rmSync(folder, { recursive: true }))
const never = new AbortController().signal

describe('StdioSocket', () => {
  it('takes three connections in their order, and nobody after them', async () => {
    const socket = await StdioSocket.listen(join(folder, 'order'))
    const ends = ['in', 'out', 'err'].map((name) => connect(socket.path).end(name))
    const streams = await socket.streams(never)
    const texts = await Promise.all(streams.map(async (stream) => String((await once(stream, 'data'))[0])))
    expect(texts).toEqual(['in', 'out', 'err'])
    const late = connect(socket.path)
    expect((await once(late, 'error'))[0]).toMatchObject({ code: 'ENOENT' })
    for (const end of [...ends, ...streams]) end.destroy()
  })

  it('gives up with its signal, and lets those go that have come', async () => {
    const socket = await StdioSocket.listen(join(folder, 'stop'))
    const end = connect(socket.path)
    const closed = once(end.resume(), 'close')
    await once(end, 'connect')
    const stop = new AbortController()
    const streams = socket.streams(stop.signal)
    setImmediate(() => stop.abort(new ShoalError('ERR_STOPPING')))
    await expect(streams).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await closed
  })

  it('says why it cannot listen', async () => {
    await expect(StdioSocket.listen(join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({ code: 'EACCES' })
  })
})
