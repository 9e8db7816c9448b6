/** Prints every exported symbol of src without a doc comment; exits 1 when there is one. Generated code is left out. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { undocumented } from './undocumented.js'

const root = join(import.meta.dirname, '..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.pb.ts'))
const found = files.flatMap((name) => undocumented(readFileSync(join(root, 'src', name), 'utf8')).map(({ line, name: symbol }) => ({ name, line, symbol })))
for (const { name, line, symbol } of found) console.error(`src/${name}:${line}: ${symbol} is exported without a doc comment`)
console.log(`${files.length} files, ${found.length} exports without a doc comment`)
process.exitCode = found.length > 0 || files.length === 0 ? 1 : 0
