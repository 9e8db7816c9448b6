import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Nursery } from '../../../../../src/daemon/portable/process/nursery.js'
import type { PluginProcessOptions } from '../../../../../src/daemon/portable/process/plugin-process.js'
import { isRunning, markProcess } from '../../../../../src/daemon/util/process-mark.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { withoutLeaks } from '../../../../../src/testing/test-api.js'
import { waitFor } from '../../../../wait-for.js'

const root = join(import.meta.dirname, '../../../../..')
const grace = { stdin: 200, term: 200 }
const awake = 'setInterval(() => {}, 1000);'

/** Its helper ends as soon as it may, so that tests see what is left. */
const nursery = new Nursery({ idle: 50 })

async function run(script: string, options: Partial<PluginProcessOptions> = {}) {
  const log = memoryLog()
  const running = await nursery.start({ command: process.execPath, args: ['-e', script], cwd: root, log, grace, ...options })
  return { log, running }
}

async function lineOf(log: ReturnType<typeof memoryLog>, start: string): Promise<string> {
  return waitFor(`the line ${start}`, () => log.lines.find(({ msg }) => msg.startsWith(start))?.msg)
}

describe('PluginProcess', () => {
  it('runs in its folder with its environment, and what it prints is logged', async () => {
    const { log, running } = await run('console.log("at", process.cwd(), process.env.SHOAL_OWN, process.env.VITEST); console.error("oops")', {
      env: { SHOAL_OWN: 'mine' },
    })
    expect(await running.exited).toMatchObject({ code: 0, text: 'exited with code 0' })
    expect(log.lines).toContainEqual({ level: 'info', msg: `at ${root} mine undefined`, fields: { from: 'stdout' } })
    expect(log.lines).toContainEqual({ level: 'info', msg: 'oops', fields: { from: 'stderr' } })
    expect(running.lastLines).toEqual(['oops'])
    expect(running.running).toBe(false)
  })

  it('says why a program could not be started', async () => {
    const { running } = await run('', { command: './nothing-here' })
    expect(await running.exited).toMatchObject({ error: 'ENOENT', text: 'could not be started (ENOENT)' })
    expect(running.pid).toBeUndefined()
    expect((await running.stop()).error).toBe('ENOENT')
  })

  it('rejects with a plain error where the system refuses at once', async () => {
    const options = { cwd: '/', log: memoryLog() }
    const refused = nursery.start({ command: '/bin/true', args: ['x'.repeat(200_000)], ...options })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('E2BIG') })
  })

  it('asks to stop by closing stdin', async () => {
    const { running } = await run('process.stdin.on("end", () => process.exit(9)).resume()', { grace: { stdin: 60_000, term: 60_000 } })
    expect((await running.stop()).text).toBe('exited with code 9')
  })

  it('then sends SIGTERM', async () => {
    const { log, running } = await run(`process.on("SIGTERM", () => process.exit(8)); console.error("ready"); ${awake}`, { grace: { stdin: 1, term: 60_000 } })
    await lineOf(log, 'ready')
    expect((await running.stop()).text).toBe('exited with code 8')
  })

  it('then kills the whole group, and leaves nothing', () =>
    withoutLeaks(async () => {
      const child = `require("node:child_process").spawn(process.execPath, ["-e", "${awake}"], { stdio: "inherit" })`
      const { log, running } = await run(`process.on("SIGTERM", () => {}); console.error("child", ${child}.pid); ${awake}`)
      const grandchild = await markProcess(Number((await lineOf(log, 'child')).split(' ')[1]))
      expect((await running.stop()).text).toBe('was ended by SIGKILL')
      await waitFor('the grandchild to be gone', async () => !(await isRunning(grandchild)))
    }))

  it('ends children that outlive it, and does not wait for one that left the group', async () => {
    const child = (options: string): string => `require("node:child_process").spawn(process.execPath, ["-e", "${awake}"], { stdio: "inherit"${options} })`
    const { log, running } = await run(`console.error("children", ${child('')}.pid, ${child(', detached: true')}.pid); process.exit(0)`)
    expect((await running.exited).text).toBe('exited with code 0')
    const [, first, second] = (await lineOf(log, 'children')).split(' ').map(Number)
    const inside = await markProcess(first)
    await waitFor('the child to be gone', async () => !(await isRunning(inside)))
    if (second !== undefined) process.kill(second, 'SIGKILL')
  })

  it('does not outlive a daemon that is killed with -9, nor do its children', async () => {
    const daemon = spawn(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/esm/index.mjs'), join(root, 'test/fixtures/portable/stand-in.mts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line]: Buffer[] = await once(daemon.stdout, 'data')
    const marks = await Promise.all(
      String(line)
        .trim()
        .split(' ')
        .map((pid) => markProcess(Number(pid))),
    )
    expect(marks.length).toBe(2)
    expect(await Promise.all(marks.map(isRunning))).toEqual([true, true])
    daemon.kill('SIGKILL')
    await waitFor('the processes to be gone', async () => !(await Promise.all(marks.map(isRunning))).includes(true))
  }, 60_000)
})
