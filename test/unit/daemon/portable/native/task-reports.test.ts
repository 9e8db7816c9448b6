import { describe, expect, it } from 'vitest'
import type { TaskReport } from '../../../../../src/daemon/portable/native/portable.pb.js'
import { maxTasks, TaskReports } from '../../../../../src/daemon/portable/native/task-reports.js'
import { Scope } from '../../../../../src/daemon/util/scope.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { waitFor } from '../../../../wait-for.js'

const report = (given: Partial<TaskReport>): TaskReport => ({ name: 'copy', state: 'running', text: '', done: 0, total: 0, ...given })

function setUp() {
  const log = memoryLog()
  return { log, scope: new Scope({ name: 'plugin', log }), reports: new TaskReports() }
}

describe('TaskReports', () => {
  it('shows a task from its first word to its end', async () => {
    const { scope, reports } = setUp()
    reports.take(scope, report({ text: 'a\nb', done: 12, total: 10 }))
    expect(scope.tree()).toMatchObject([{ name: 'copy', state: 'running', progress: { text: 'a b', done: 10, total: 10 } }])
    reports.take(scope, report({ state: 'backoff', text: 'refused' }))
    expect(scope.tree()).toMatchObject([{ progress: { text: 'waits to try again: refused' } }])
    reports.take(scope, report({ state: 'done' }))
    await waitFor('its end', () => scope.tree().length === 0)
    expect(reports.size).toBe(0)
  })

  it('logs why one failed', async () => {
    const { log, scope, reports } = setUp()
    reports.take(scope, report({}))
    reports.take(scope, report({ state: 'failed', text: 'disk full' }))
    await waitFor('the line', () => log.lines.some(({ msg, fields }) => msg === 'task failed' && String(fields?.['err']).includes('disk full')))
  })

  it('leaves out what means nothing, and what is too much', async () => {
    const { scope, reports } = setUp()
    for (const given of [{ name: '' }, { state: 'dreaming' }, { state: 'done' }, { name: '\u0007' }]) reports.take(scope, report(given))
    reports.take(undefined, report({}))
    expect(scope.tree()).toEqual([])
    for (let at = 0; at < maxTasks + 20; at++) reports.take(scope, report({ name: `task ${at}` }))
    expect(scope.tree().length).toBe(maxTasks)
    reports.end()
    await waitFor('the end of all', () => scope.tree().length === 0)
    await scope.close()
    reports.take(scope, report({}))
    expect(reports.size).toBe(0)
  })
})
