/** `shoal.d/90-runtime.yaml`: changes made through the API. Written whole or not at all; comments in it are kept. */

import { readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isMap, isScalar, parseDocument } from 'yaml'
import { ShoalError } from '../../errors.js'
import { ensureOwnFolder, errnoOf, syncFolder, writeTemporary } from '../util/private-files.js'
import type { KeyPath } from './key-path.js'
import { configInvalid } from './problem.js'
import { maxFileSize } from './yaml-file.js'

const heading = ' Changes made with `shoal config set`. They win over shoal.yaml, the environment and flags.\n'

/** The text as it is now; empty when there is none. */
export async function readRuntimeText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw configInvalid([{ file, path: '', message: `cannot be read: ${(error as Error).message}` }])
  }
}

/** `text` with one value changed, or with `undefined` taken out. Throws `ERR_CONFIG_INVALID` when the text is no YAML with keys. */
export function changeText(text: string, path: KeyPath, value: unknown, file: string): string {
  const document = parseDocument(text)
  // what is left when nothing was there to take out
  if (isScalar(document.contents) && document.contents.value === null) document.contents = null
  if (document.errors.length > 0 || (document.contents !== null && !isMap(document.contents))) {
    throw configInvalid([{ file, path: '', message: 'is damaged; mend or remove it' }])
  }
  if (document.contents === null && !document.commentBefore) document.commentBefore = heading
  if (value === undefined) takeOut(document, path)
  else {
    // a key on the way that holds no section would be kept and the change lost
    for (let length = 1; length < path.length; length++) {
      const above = path.slice(0, length)
      if (document.hasIn(above) && !isMap(document.getIn(above, true))) document.setIn(above, document.createNode({}))
    }
    document.setIn([...path], document.createNode(value))
  }
  return document.toString({ lineWidth: 0 })
}

/** Also takes out the sections that are empty then. */
function takeOut(document: ReturnType<typeof parseDocument>, path: KeyPath): void {
  if (!document.hasIn([...path])) return
  document.deleteIn([...path])
  for (let length = path.length - 1; length > 0; length--) {
    const above = document.getIn(path.slice(0, length), true)
    if (isMap(above) && above.items.length === 0) document.deleteIn(path.slice(0, length))
  }
}

/** Replaces the file; it is on the disk when this resolves. Throws `ERR_CONFIG_INVALID` when it would be too large. */
export async function writeRuntimeText(file: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length > maxFileSize) throw configInvalid([{ file, path: '', message: 'would grow over 1 MiB' }])
  await ensureOwnFolder(dirname(file))
  const temporary = await writeTemporary(file, bytes)
  try {
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw new ShoalError('ERR_INTERNAL', `${file} could not be replaced: ${(error as Error).message}`, { cause: error })
  }
  await syncFolder(dirname(file))
}
