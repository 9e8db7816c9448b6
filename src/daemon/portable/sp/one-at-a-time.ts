/** Work that only one program of this machine does at a time: who holds a socket name of the kernel, which ends with its holder, has the turn. */

import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { delay } from '../../util/wait.js'

/** ms after which the work is done without the turn: somebody else may hold the name for no good reason. */
const patience = 2000

/** Does `work` while no other program does work of that name. Rejects as `work` does. Where the system has no such names, it is done at once. */
export async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await takeTurn(`\0shoal-${createHash('sha256').update(name).digest('hex').slice(0, 40)}`)
  try {
    return await work()
  } finally {
    await release()
  }
}

async function takeTurn(name: string): Promise<() => Promise<void>> {
  for (let waited = 0; process.platform === 'linux' && waited < patience; waited += 10) {
    const release = await hold(name)
    if (release) return release
    await delay(10)
  }
  return async () => {}
}

/** Undefined: somebody else holds it, or nobody can. */
function hold(name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(undefined))
    server.listen(name, () => resolve(() => new Promise((done) => server.close(() => done()))))
  })
}
