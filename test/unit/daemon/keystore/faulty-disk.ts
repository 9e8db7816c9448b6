/** Level with faults between it and the store. */

import { type Backend, type Disk, levelDisk } from '../../../../src/daemon/keystore/level-backend.js'

/** A disk whose failures a test switches on. */
export interface FaultyDisk extends Disk {
  /** Writes fail as on a full disk. */
  full: boolean
  /** Opening fails as on a full disk. */
  closed: boolean
  /** Writes after a failed one are acknowledged and lost, as Level does until it is reopened. */
  lying: boolean
  /** What a read returns instead. */
  tamper: ((key: Uint8Array, value: Uint8Array | undefined) => Uint8Array | undefined) | undefined
  opened: number
  probed: number
  writes: number
}

const ioError = (what: string): Error => Object.assign(new Error(`IO error: ${what}: No space left on device`), { code: 'LEVEL_IO_ERROR' })

/** Makes one. */
export function faultyDisk(): FaultyDisk {
  const disk: FaultyDisk = {
    full: false,
    closed: false,
    lying: false,
    tamper: undefined,
    opened: 0,
    probed: 0,
    writes: 0,
    look: (dir) => levelDisk.look(dir),
    async open(dir, create) {
      if (disk.closed) throw Object.assign(new Error('Database failed to open'), { code: 'LEVEL_DATABASE_NOT_OPEN', cause: ioError('MANIFEST') })
      disk.opened++
      return wrap(disk, await levelDisk.open(dir, create))
    },
    async probe(dir) {
      disk.probed++
      if (disk.full) throw ioError('probe')
      await levelDisk.probe(dir)
    },
  }
  return disk
}

function wrap(disk: FaultyDisk, backend: Backend): Backend {
  let broken = false
  return {
    async get(key) {
      const value = await backend.get(key)
      return disk.tamper ? disk.tamper(key, value) : value
    },
    page: (range) => backend.page(range),
    async write(changes) {
      disk.writes++
      if (disk.full) {
        broken = true
        throw ioError('log')
      }
      if (!(broken && disk.lying)) await backend.write(changes)
    },
    close: () => backend.close(),
  }
}
