import { isAbsolute, join, relative } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkEntries, type RawEntry } from '../../../../../src/daemon/portable/install/archive-entry.js'

const raw = (fileName: string): RawEntry => ({
  fileName,
  uncompressedSize: 1,
  compressedSize: 1,
  compressionMethod: 0,
  generalPurposeBitFlag: 0,
  versionMadeBy: 3 << 8,
  externalFileAttributes: (0o100644 << 16) >>> 0,
})

it('names that are let in stay in the folder, whatever they are', () => {
  const piece = fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', 'C:', 'a', '\u0000', 'con', '…', '%2e%2e', '\u202e'), fc.string({ maxLength: 6 }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('/', '', '\\'), (pieces, separator) => {
      try {
        for (const { segments } of checkEntries([raw(pieces.join(separator))])) {
          const path = relative('/base', join('/base', ...segments))
          expect(path !== '' && path !== '..' && !path.startsWith('../') && !isAbsolute(path) && path.split('/').length === segments.length).toBe(true)
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_ARCHIVE_UNSAFE' })
      }
    }),
    { numRuns: 5000 },
  )
})

it('a mode of another system says nothing about the type', () => {
  const dos = { ...raw('a'), versionMadeBy: 20, externalFileAttributes: 0o120777 << 16 }
  expect(checkEntries([dos])).toMatchObject([{ executable: false, folder: false }])
  expect(checkEntries([{ ...raw('a'), externalFileAttributes: (0o100755 << 16) >>> 0 }])).toMatchObject([{ executable: true }])
})
