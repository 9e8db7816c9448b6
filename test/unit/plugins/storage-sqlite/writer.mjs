/** Writes numbered entries into a database until it is killed, and prints the number of each that is on the disk. */

import { writeSync } from 'node:fs'
import { register } from 'tsx/esm/api'

register()
const { EntriesDatabase } = await import('../../../../src/plugins/storage-sqlite/database.ts')

const [file, from] = process.argv.slice(2)
const database = new EntriesDatabase(file)
for (let at = Number(from); ; at += 5) {
  const numbers = [at, at + 1, at + 2, at + 3, at + 4]
  database.write(numbers.map((number) => ({ namespace: 'numbers', key: Buffer.from(String(number).padStart(8, '0')), value: Buffer.alloc(300, number % 256) })))
  writeSync(1, `${at + 4}\n`)
}
