import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { createLog } from '../../../../src/daemon/log.js'
import { jsonLine } from '../../../../src/plugins/log-file/json-line.js'
import { RollingFile, type RollingFileOptions } from '../../../../src/plugins/log-file/rolling-file.js'
import { loggerCompliance } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-logs-'))
let made = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function newFile(options: Partial<RollingFileOptions> = {}): { readonly file: string; readonly dir: string; readonly rolling: RollingFile } {
  const dir = join(folder, `d${++made}`)
  const file = join(dir, 'shoal.log')
  return { file, dir, rolling: new RollingFile({ file, maxSize: 1_000_000, maxFiles: 3, compress: false, ...options }) }
}

loggerCompliance({ describe, expect, it }, 'log-file', () => {
  const { file, rolling } = newFile()
  const written = async (): Promise<string[]> =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text).msg)
  return { sink: { write: (one) => rolling.write(jsonLine(one)), flush: () => rolling.flush() }, written, close: () => rolling.close() }
})

describe('a rolling file', () => {
  it('writes what the log of the daemon writes, byte for byte', async () => {
    const other = join(folder, 'other.log')
    const log = createLog({ file: other, now: () => 1_700_000_000_000 })
    const mine: string[] = []
    log.addSink({ write: (one) => void mine.push(jsonLine(one)) })
    log.module('streams').warn('two\nlines "quoted"', { path: 'live/cam', level: 'odd', count: 3, error: new Error('x'), nested: { list: [1, null, true] } })
    await log.close()
    expect(mine.join('')).toBe(readFileSync(other, 'utf8'))
  })

  it('is put aside by size; keeps so many, all closed to others, compressed where that is asked for', async () => {
    const { dir, file, rolling } = newFile({ maxSize: 1000, maxFiles: 3, compress: true })
    for (let round = 0; round < 8; round++) {
      rolling.write(`${'x'.repeat(1000)} ${round}\n`)
      await rolling.flush()
    }
    await waitFor('the files', () => readdirSync(dir).filter((name) => name.endsWith('.gz') || /\d-shoal/.test(name)).length === 3)
    await rolling.close()
    expect(rolling.rotations).toBeGreaterThanOrEqual(7)
    for (const name of readdirSync(dir)) if (name !== 'shoal.log.txt') expect([name, statSync(join(dir, name)).mode & 0o077]).toEqual([name, 0])
    const aside = readdirSync(dir).filter((name) => name !== 'shoal.log' && name !== 'shoal.log.txt')
    expect(
      aside
        .map((name) =>
          gunzipSync(readFileSync(join(dir, name)))
            .toString()
            .trim()
            .at(-1),
        )
        .sort(),
    ).toEqual(['5', '6', '7'])
    expect(existsSync(file)).toBe(true)
  })

  it('is put aside by age', async () => {
    const { dir, rolling } = newFile({ interval: '1s' })
    rolling.write('one\n')
    await rolling.flush()
    await waitFor('the rotation', () => rolling.rotations > 0)
    rolling.write('two\n')
    await rolling.close()
    expect(readdirSync(dir).length).toBeGreaterThanOrEqual(2)
  })

  it('drops and counts what a disk does not take, tells so, and goes on when it does again', async () => {
    const told: string[] = []
    const { dir, file, rolling } = newFile({ maxSize: 100, onTrouble: (reason) => told.push(reason) })
    rolling.write('before\n')
    await rolling.flush()
    // nothing can be made in a folder that is none
    renameSync(dir, `${dir}.moved`)
    mkdirSync(join(folder, 'blocked'))
    chmodSync(join(folder, 'blocked'), 0o500)
    const { symlinkSync, unlinkSync } = await import('node:fs')
    symlinkSync('/dev/full', dir)
    for (let at = 0; rolling.dropped === 0; at++) {
      rolling.write(`${'y'.repeat(200)} ${at}\n`)
      await rolling.flush()
      if (at > 1000) throw new Error('nothing was dropped')
    }
    expect(told.length).toBeGreaterThan(0)
    unlinkSync(dir)
    renameSync(`${dir}.moved`, dir)
    await waitFor('the file to take lines again', async () => {
      rolling.write('after\n')
      await rolling.flush()
      return existsSync(file) && readFileSync(file, 'utf8').includes('after')
    })
    await rolling.close()
  })

  it('lets no more wait than it may', async () => {
    const { rolling } = newFile()
    const text = `${'z'.repeat(99_999)}\n`
    for (let at = 0; at < 60; at++) rolling.write(text)
    expect(rolling.waiting).toBeLessThanOrEqual(4 * 1024 * 1024)
    expect(rolling.dropped).toBe(60 - Math.floor((4 * 1024 * 1024) / 100_000))
    await rolling.flush()
    expect(rolling.waiting).toBe(0)
    await rolling.close()
  })
})
