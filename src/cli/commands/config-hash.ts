/** `config hash`: the hash of a password, for a users file. The password is read, never an argument: others see those. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import { action } from '../command.js'

/** Characters of a password: auth-file takes no longer one. */
const maxPassword = 1024
/** Bytes that are read for one. */
const maxInput = 4 * maxPassword

/** Adds it below `config`. */
export function registerConfigHash(config: Command): void {
  const hash = config.command('hash').description('print the hash of a password, for users.yaml of auth-file; it is read from standard input')
  hash.option('--digest <user>', 'also what lets this user log in by Digest, without showing the password')
  action(hash, async ({ out, signal, options }) => {
    const password = process.stdin.isTTY ? await askTwice(signal) : await readLine(process.stdin)
    if (password === '') throw new ShoalError('ERR_USAGE', 'The password is empty.', { hint: 'Type it, or give it on standard input.' })
    if (password.length > maxPassword) throw tooLong()
    const { digestAlgorithms, digestSecret, hashPassword, writeDigest } = await import('../offline.js')
    const user = options['digest']
    const secrets = typeof user === 'string' ? digestAlgorithms.map((each) => writeDigest(each, digestSecret(each, user, password))) : []
    out.result({ hash: [await hashPassword(password), ...secrets].join(' ') }, (value) => value.hash)
  })
}

function tooLong(): ShoalError {
  return new ShoalError('ERR_USAGE', `A password is at most ${maxPassword} characters.`)
}

/** The first line of what is piped in. */
async function readLine(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of input) {
    const bytes = Buffer.from(part)
    parts.push(bytes)
    size += bytes.length
    if (bytes.includes(10)) break
    if (size > maxInput) throw tooLong()
  }
  return Buffer.concat(parts).toString('utf8').split(/\r?\n/, 1)[0] ?? ''
}

async function askTwice(signal: AbortSignal): Promise<string> {
  const password = await ask('Password: ', signal)
  if (password !== (await ask('Again: ', signal))) throw new ShoalError('ERR_USAGE', 'The two are not the same.')
  return password
}

/** Asks at the terminal and shows nothing of what is typed. */
function ask(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process
  return new Promise((resolve, reject) => {
    let text = ''
    const end = (settle: () => void): void => {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const stop = (): void => end(() => reject(signal.aborted ? signal.reason : new ShoalError('ERR_ABORTED', 'Interrupted.')))
    const take = (bytes: Buffer): void => {
      for (const sign of bytes.toString('utf8')) {
        if (sign === '\r' || sign === '\n') {
          end(() => resolve(text))
          return
        }
        if (sign === '\u0003' || sign === '\u0004') {
          stop()
          return
        }
        text = sign === '\u007f' || sign === '\b' ? [...text].slice(0, -1).join('') : text + sign
      }
    }
    stderr.write(question)
    stdin.setRawMode(true)
    stdin.resume()
    stdin.on('data', take)
    signal.addEventListener('abort', stop, { once: true })
  })
}
