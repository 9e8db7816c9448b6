import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AttachPoint } from '../../../../../src/daemon/portable/process/attach-point.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-attach-'))
const path = join(folder, 'run', 'a.sock')
const never = new AbortController().signal

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('AttachPoint', () => {
  it('takes one program after the other, for this user alone', async () => {
    const point = await AttachPoint.listen(path)
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'run')).mode & 0o777]).toEqual([0o600, 0o700])
    for (const word of ['first', 'second']) {
      const coming = point.next(never)
      const program = connect(path)
      const link = await coming
      program.write(word)
      const heard = await new Promise((resolve) => link.stdout.once('data', (chunk) => resolve(String(chunk))))
      expect(heard).toBe(word)
      program.end()
      if (word === 'second') link.kill()
      else void link.stop()
      expect(await link.exited).toMatchObject({ code: 0, text: 'is no longer attached' })
    }
    await point.close()
    expect(existsSync(path)).toBe(false)
  })

  it('sends away who comes while another one waits', async () => {
    const point = await AttachPoint.listen(path)
    const first = connect(path)
    await new Promise((resolve) => first.once('connect', resolve))
    const second = connect(path)
    second.on('error', () => {})
    await new Promise((resolve) => second.once('close', resolve))
    const link = await point.next(never)
    link.kill()
    await point.close()
  })

  it('stops to wait, and refuses paths that are too long', async () => {
    writeFileSync(join(folder, 'file'), '')
    const point = await AttachPoint.listen(path)
    const stop = new AbortController()
    const waiting = codeOf(() => point.next(stop.signal))
    stop.abort(new Error('enough'))
    expect(await waiting).toBe('other: enough')
    const closing = codeOf(() => point.next(never))
    await point.close()
    expect(await closing).toBe('ERR_STOPPING')
    expect(await codeOf(() => AttachPoint.listen(join(folder, 'x'.repeat(120))))).toBe('ERR_SOCKET_PATH_TOO_LONG')
    expect(await codeOf(() => AttachPoint.listen(join(folder, 'file', 'a.sock')))).toBe('ERR_PLUGIN_FAILED')
    expect(existsSync(path)).toBe(false)
  })
})
