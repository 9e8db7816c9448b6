/** Archives that no installer may unpack. */

import { type Piece, zipOf } from './hostile-zip.js'

const many = (count: number): Piece[] => Array.from({ length: count }, (_, index) => ({ name: `f${index}` }))
const bomb = Buffer.alloc(5_000_000)

/** What is wrong, the archive, the code, and the reason where the code has several. */
export const hostile: readonly (readonly [what: string, zip: () => Uint8Array, code: string, reason?: string])[] = [
  ['leads out of the folder', () => zipOf([{ name: '../evil', data: 'x' }]), 'UNSAFE', 'parent'],
  ['leads out from deeper down', () => zipOf([{ name: 'a/../../evil', data: 'x' }]), 'UNSAFE', 'parent'],
  ['ends in dots that lead out', () => zipOf([{ name: 'a/..', data: 'x' }]), 'UNSAFE', 'parent'],
  ['is absolute', () => zipOf([{ name: '/etc/evil', data: 'x' }]), 'UNSAFE', 'absolute'],
  ['is absolute with a drive', () => zipOf([{ name: 'C:/evil', data: 'x' }]), 'UNSAFE', 'absolute'],
  ['has backslashes', () => zipOf([{ name: '..\\evil', data: 'x' }]), 'UNSAFE', 'backslash'],
  ['is a symbolic link', () => zipOf([{ name: 'link', data: '/etc/passwd', mode: 0o120777 }]), 'UNSAFE', 'symlink'],
  [
    'writes through a symbolic link',
    () =>
      zipOf([
        { name: 'd', data: '..', mode: 0o120777 },
        { name: 'd/evil', data: 'x' },
      ]),
    'UNSAFE',
    'symlink',
  ],
  ['is a character device', () => zipOf([{ name: 'dev', mode: 0o020666 }]), 'UNSAFE', 'special'],
  ['is a block device', () => zipOf([{ name: 'dev', mode: 0o060666 }]), 'UNSAFE', 'special'],
  ['is a pipe', () => zipOf([{ name: 'pipe', mode: 0o010666 }]), 'UNSAFE', 'special'],
  ['is a socket', () => zipOf([{ name: 'sock', mode: 0o140666 }]), 'UNSAFE', 'special'],
  ['is a folder by type only', () => zipOf([{ name: 'a', mode: 0o040755 }]), 'UNSAFE', 'special'],
  [
    'is there twice',
    () =>
      zipOf([
        { name: 'a', data: '1' },
        { name: 'a', data: '2' },
      ]),
    'UNSAFE',
    'duplicate',
  ],
  [
    'differs from another in capitals only',
    () =>
      zipOf([
        { name: 'README', data: '1' },
        { name: 'readme', data: '2' },
      ]),
    'UNSAFE',
    'duplicate',
  ],
  [
    'differs from another in the form of an accent only',
    () =>
      zipOf([
        { name: '\u00e4', data: '1' },
        { name: 'a\u0308', data: '2' },
      ]),
    'UNSAFE',
    'duplicate',
  ],
  [
    'has a folder that differs in capitals only',
    () =>
      zipOf([
        { name: 'Lib/a', data: '1' },
        { name: 'lib/b', data: '2' },
      ]),
    'UNSAFE',
    'duplicate',
  ],
  [
    'lies in a file',
    () =>
      zipOf([
        { name: 'a', data: '1' },
        { name: 'a/b', data: '2' },
      ]),
    'UNSAFE',
    'nested-in-file',
  ],
  ['has no name', () => zipOf([{ name: '', data: 'x' }]), 'UNSAFE', 'name'],
  ['has an empty segment', () => zipOf([{ name: 'a//b', data: 'x' }]), 'UNSAFE', 'name'],
  ['has a dot for a segment', () => zipOf([{ name: './a', data: 'x' }]), 'UNSAFE', 'name'],
  ['has a NUL in its name', () => zipOf([{ name: 'a\0b', data: 'x' }]), 'UNSAFE', 'name'],
  ['has a line end in its name', () => zipOf([{ name: 'a\nb', data: 'x' }]), 'UNSAFE', 'name'],
  ['has a name that is no UTF-8', () => zipOf([{ name: Uint8Array.of(0x61, 0xff, 0x62), data: 'x' }]), 'UNSAFE', 'name'],
  ['has a segment that is too long', () => zipOf([{ name: 'a'.repeat(256), data: 'x' }]), 'UNSAFE', 'name'],
  ['lies too deep', () => zipOf([{ name: `${'a/'.repeat(16)}b`, data: 'x' }]), 'UNSAFE', 'depth'],
  ['is encrypted', () => zipOf([{ name: 'a', data: 'x', flags: 0x801 }]), 'UNSAFE', 'encrypted'],
  ['is packed in an odd way', () => zipOf([{ name: 'a', data: 'x', method: 12 }]), 'UNSAFE', 'method'],
  ['is a bomb', () => zipOf([{ name: 'a', data: bomb }]), 'UNSAFE', 'ratio'],
  ['hides that it is a bomb', () => zipOf([{ name: 'a', data: bomb, size: 100 }]), 'INVALID'],
  ['says it is larger than it is', () => zipOf([{ name: 'a', data: 'x', size: 100 }]), 'INVALID'],
  [
    'has entries that share their data',
    () => zipOf([{ name: 'a', data: 'x'.repeat(50) }, ...many(1999).map((piece) => ({ ...piece, phantom: true, offset: 0, size: 60_000, packedSize: 6 }))]),
    'TOO_LARGE',
  ],
  [
    'is too much in all',
    () =>
      zipOf([
        { name: 'a', size: 60_000_000, packedSize: 1_000_000 },
        { name: 'b', size: 60_000_000, packedSize: 1_000_000 },
      ]),
    'TOO_LARGE',
  ],
  ['has too many entries', () => zipOf(many(2001)), 'TOO_LARGE'],
  ['says it has fewer entries than it has', () => zipOf(many(3), { count: 70_000 % 65_536 }), 'TOO_LARGE'],
  ['points beyond its end', () => zipOf([{ name: 'a', data: 'x', offset: 1_000_000 }]), 'INVALID'],
  ['points at no entry', () => zipOf([{ name: 'a', data: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', offset: 3 }]), 'INVALID'],
  ['is cut short', () => zipOf([{ name: 'a', data: 'x' }]).subarray(0, -30), 'INVALID'],
  ['is no zip', () => Buffer.from('#!/bin/sh\necho hello\n'), 'INVALID'],
  ['is empty', () => new Uint8Array(0), 'INVALID'],
  ['has another checksum', () => zipOf([{ name: 'a', data: 'x', crc: 1 }]), 'INVALID'],
  ['has a name that ends in a dot', () => zipOf([{ name: 'a/b.', data: 'x' }]), 'UNSAFE', 'name'],
  ['has a name that ends in a space', () => zipOf([{ name: '.. /b', data: 'x' }]), 'UNSAFE', 'name'],
]
