/** Prints every import that breaks the rules of docs/architecture.md; exits 1 when there is one. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkImports } from './import-rules.js'

const root = join(import.meta.dirname, '..')
const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
const files = new Map(
  names.filter((name) => name.endsWith('.ts')).map((name) => [`src/${name.replaceAll('\\', '/')}`, readFileSync(join(root, 'src', name), 'utf8')]),
)
const violations = checkImports(files)
for (const { file, imports, rule } of violations) console.error(`${file}: imports ${imports}: ${rule}`)
console.log(`${files.size} files, ${violations.length} violations`)
process.exitCode = violations.length > 0 || files.size === 0 ? 1 : 0
