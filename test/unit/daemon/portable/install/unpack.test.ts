import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ZipFile } from 'yazl'
import { type UnpackOptions, unpack } from '../../../../../src/daemon/portable/install/unpack.js'
import { hostile } from './hostile-archives.js'
import { zipOf } from './hostile-zip.js'

let folder: string
let plugins: string
let archive: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-zip-'))
  plugins = join(folder, 'plugins')
  archive = join(folder, 'p.zip')
  mkdirSync(plugins)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (zip: Uint8Array, more: Partial<UnpackOptions> = {}): Promise<unknown> => {
  writeFileSync(archive, zip)
  return unpack({ archive, target: join(plugins, 'mirror'), ...more })
}

describe('a good archive', () => {
  it('of an ordinary tool is unpacked with its folders, contents and executable bits, and with no other bits', async () => {
    const zip = new ZipFile()
    const noise = randomBytes(300_000)
    zip.addBuffer(Buffer.from('{"version":"v1"}'), 'mirror.json')
    zip.addBuffer(Buffer.from('#!/bin/sh\n'), 'mirror', { mode: 0o104777 })
    zip.addBuffer(Buffer.from('default:\n'), 'sources/random.yaml', { compress: false })
    zip.addEmptyDirectory('empty')
    zip.addBuffer(noise, 'lib/ä.bin')
    zip.end()
    const chunks: Buffer[] = []
    await pipeline(zip.outputStream, async function* (source) {
      for await (const chunk of source) yield void chunks.push(chunk as Buffer)
    })
    const told: number[][] = []
    await run(Buffer.concat(chunks), { onProgress: (written, total) => told.push([written, total]) })
    const target = join(plugins, 'mirror')
    expect(readdirSync(target).sort()).toEqual(['empty', 'lib', 'mirror', 'mirror.json', 'sources'])
    expect(readFileSync(join(target, 'sources/random.yaml'), 'utf8')).toBe('default:\n')
    expect(readFileSync(join(target, 'lib/ä.bin'))).toEqual(noise)
    expect([statSync(join(target, 'mirror')).mode & 0o7777, statSync(join(target, 'mirror.json')).mode & 0o7777]).toEqual([0o700, 0o600])
    expect(told.at(-1)).toEqual([told[0]?.[1], told[0]?.[1]])
  })

  it('that does not pass the last check leaves nothing', async () => {
    const seen: string[] = []
    const check = async (path: string): Promise<void> => {
      seen.push(...readdirSync(path))
      throw new Error('no manifest')
    }
    await expect(run(zipOf([{ name: 'a', data: 'x' }]), { check })).rejects.toMatchObject({
      code: 'ERR_ARCHIVE_INVALID',
      message: expect.stringContaining('no manifest'),
    })
    expect(seen).toEqual(['a'])
    expect(readdirSync(plugins)).toEqual([])
  })

  it('is given up when the signal aborts, and replaces nothing that is there', async () => {
    const controller = new AbortController()
    const onProgress = (): void => controller.abort(new Error('enough'))
    await expect(
      run(
        zipOf([
          { name: 'a', data: 'x' },
          { name: 'b', data: 'y' },
        ]),
        { signal: controller.signal, onProgress },
      ),
    ).rejects.toThrow('enough')
    expect(readdirSync(plugins)).toEqual([])
    mkdirSync(join(plugins, 'mirror'))
    writeFileSync(join(plugins, 'mirror', 'kept'), 'old')
    await expect(run(zipOf([{ name: 'a', data: 'x' }]))).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' })
    expect(readdirSync(join(plugins, 'mirror'))).toEqual(['kept'])
    expect(readdirSync(plugins)).toEqual(['mirror'])
  })
})

describe(`${hostile.length} hostile archives`, () => {
  it.each(hostile.map(([what, zip, code, reason]) => ({ what, zip, code, reason })))('an entry that $what', async ({ zip, code, reason }) => {
    await expect(run(zip())).rejects.toMatchObject({ code: `ERR_ARCHIVE_${code}`, ...(reason && { data: { reason } }) })
    expect(readdirSync(plugins)).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(['p.zip', 'plugins'])
  })

  it('a link that waits where the archive is unpacked to is not followed', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    symlinkSync(elsewhere, join(plugins, 'mirror'))
    await expect(run(zipOf([{ name: 'a', data: 'x' }]))).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' })
    expect(readdirSync(elsewhere)).toEqual([])
  })
})
