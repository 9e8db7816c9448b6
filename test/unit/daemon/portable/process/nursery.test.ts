import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Nursery } from '../../../../../src/daemon/portable/process/nursery.js'
import type { PluginProcessOptions } from '../../../../../src/daemon/portable/process/plugin-process.js'
import { isRunning, markProcess } from '../../../../../src/daemon/util/process-mark.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { waitFor } from '../../../../wait-for.js'

const cat: PluginProcessOptions = { command: 'cat', cwd: '/', log: memoryLog(), stdout: 'pipe', grace: { stdin: 5000, term: 200 } }

/** `SIGKILL` of the small process. */
async function killHelper(nursery: Nursery): Promise<void> {
  process.kill((await nursery.pid()) ?? 0, 'SIGKILL')
}

/** The folder of a nursery's sockets, as its process was told. */
function folderOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2) ?? ''
}

describe('Nursery', () => {
  it('hands over the streams of a program, each its own', async () => {
    const log = memoryLog()
    const script = 'cat; echo error >&2; exec >&-; sleep 0.05; exit 7'
    const program = await new Nursery({ idle: 10 }).start({ ...cat, command: 'sh', args: ['-c', script], log })
    const chunks: Buffer[] = []
    program.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const ended = once(program.stdout, 'end')
    const body = Buffer.alloc(3_000_000, 'streams')
    program.stdin.end(body)
    await ended
    expect(program.running).toBe(true)
    expect(await program.exited).toMatchObject({ code: 7, signal: null })
    expect(Buffer.concat(chunks).equals(body)).toBe(true)
    expect(log.lines).toEqual([{ level: 'info', msg: 'error', fields: { from: 'stderr' } }])
  })

  it.runIf(existsSync('/proc/self/cmdline'))('starts all programs from one process, which ends after them and takes its folder along', async () => {
    const nursery = new Nursery({ idle: 10 })
    const programs = await Promise.all([1, 2, 3].map(() => nursery.start(cat)))
    const helper = await markProcess((await nursery.pid()) ?? 0)
    const folder = folderOf(helper.pid)
    expect(existsSync(folder)).toBe(true)
    expect(await Promise.all(programs.map((program) => program.stop()))).toMatchObject([{ code: 0 }, { code: 0 }, { code: 0 }])
    await waitFor('the small process to end', async () => !(await isRunning(helper)))
    expect(existsSync(folder)).toBe(false)
    expect(await nursery.pid()).toBeUndefined()
    const again = await nursery.start(cat)
    expect((await again.stop()).code).toBe(0)
  })

  it('ends the programs when its process is killed, and starts the next ones from another', async () => {
    const nursery = new Nursery()
    const program = await nursery.start({ ...cat, command: 'sh', args: ['-c', 'sleep 100 & wait'] })
    const marks = await Promise.all([program.pid, await nursery.pid()].map((pid) => markProcess(pid ?? 0)))
    await killHelper(nursery)
    expect(await program.exited).toMatchObject({ code: null, text: 'was ended, as the process that had started it was gone' })
    await waitFor('nobody', async () => !(await Promise.all(marks.map(isRunning))).includes(true))
    const next = await nursery.start(cat)
    expect(next.running).toBe(true)
    expect((await next.stop()).code).toBe(0)
  })

  it('says that a program left others behind, or had to be ended by force', async () => {
    const nursery = new Nursery()
    const breeds = await nursery.start({ ...cat, command: 'sh', args: ['-c', 'sleep 100 & exit 0'] })
    expect(await breeds.exited).toMatchObject({ code: 0, left: true })
    const clings = await nursery.start({
      ...cat,
      command: 'sh',
      args: ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done'],
      grace: { stdin: 1, term: 50 },
    })
    await once(clings.stdout, 'data')
    expect(await clings.stop()).toMatchObject({ signal: 'SIGKILL', deaf: true })
  })

  it('lets two begin at a time, each until it says something', async () => {
    const nursery = new Nursery({ head: 100_000 })
    const first = await Promise.all([nursery.start(cat), nursery.start(cat)])
    let third = false
    const waiting = nursery.start(cat).finally(() => {
      third = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(third).toBe(false)
    first[0]?.stdout.resume()
    first[0]?.stdin.write('x')
    const last = await waiting
    await Promise.all([...first, last].map((program) => program.stop()))
  })

  it('takes a folder that is not there as a program that is not there', async () => {
    expect(existsSync('/nothing/here')).toBe(false)
    const program = await new Nursery().start({ ...cat, cwd: '/nothing/here' })
    expect(await program.exited).toMatchObject({ error: 'ENOENT' })
  })
})
