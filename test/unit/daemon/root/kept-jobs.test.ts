import { describe, expect, it } from 'vitest'
import { KeptJobs } from '../../../../src/daemon/root/kept-jobs.js'
import { memoryLog, memoryStorage } from '../../../../src/testing/index.js'

const job = { path: 'live/cam', url: 'rtmp://u:p@host/live/cam', shown: 'rtmp://host/live/cam', options: { onDemand: true } }

describe('KeptJobs', () => {
  it('keeps a job whole, and the same job once', async () => {
    const jobs = new KeptJobs(memoryStorage().open('x'), memoryLog())
    await jobs.keep(job)
    await jobs.keep(job)
    expect(await jobs.load()).toEqual([job])
  })

  it('drops by path, or by path and shown URL', async () => {
    const jobs = new KeptJobs(memoryStorage().open('x'), memoryLog())
    const other = { ...job, url: 'rtmp://b/x', shown: 'rtmp://b/x' }
    for (const one of [job, other]) await jobs.keep(one)
    await jobs.drop('live/cam', 'rtmp://b/x')
    expect(await jobs.load()).toEqual([job])
    await jobs.drop('live/cam')
    expect(await jobs.load()).toEqual([])
  })

  it('leaves out what cannot be read, and says so', async () => {
    const store = memoryStorage().open('x')
    const log = memoryLog()
    await store.set('broken', new TextEncoder().encode('{'))
    await store.set('odd', new TextEncoder().encode('{"path":7}'))
    const jobs = new KeptJobs(store, log)
    await jobs.keep(job)
    expect(await jobs.load()).toEqual([job])
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })
})
