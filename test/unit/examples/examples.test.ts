import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import hello from '../../../examples/hello/hello.js'
import monitor from '../../../examples/monitor/monitor.js'
import myproto from '../../../examples/myproto/myproto.js'
import puller from '../../../examples/puller/puller.js'
import { fakeContext, fakePullJob } from '../../../src/testing/index.js'
import { waitFor } from '../../wait-for.js'

describe('the hello example', () => {
  it('greets by name, and by peer id where none is given', async () => {
    const fake = await fakeContext(hello(), { config: { greeting: 'moin' } }).start()
    const say = async (text: string) =>
      new TextDecoder().decode((await fake.plugin.handlePayload?.('12D3KooWAda', 'hello.greet', new TextEncoder().encode(text))) as Uint8Array)
    expect([await say('Ada'), await say('')]).toEqual(['moin Ada, this is test-node', 'moin 12D3KooWAda, this is test-node'])
    await fake.stop()
  })
})

describe('the monitor example', () => {
  it('counts the frames of a stream, and of the next one', async () => {
    const fake = await fakeContext(monitor(), { config: { path: 'lab/x' } }).start()
    onTestFinished(async () => void (await fake.stop()))
    const count = (): Promise<unknown> => fake.request('GET', '/ts-monitor/count')
    expect(await count()).toEqual({ frames: 0, bytes: 0 })
    for (const frames of [2, 4]) {
      const publication = fake.streams.publish('lab/x', [{ id: 1, kind: 'data', codec: 'text' }])
      await waitFor('the reader', () => publication.subscribers === 1)
      for (let i = 0; i < 2; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(10) })
      await waitFor(`${frames} frames`, async () => JSON.stringify(await count()) === JSON.stringify({ frames, bytes: frames * 10 }))
      publication.close()
    }
  })
})

describe('the puller example', () => {
  it('makes so many frames, and the source ends', async () => {
    const fake = await fakeContext(puller()).start()
    const [factory] = fake.pullers
    const job = fakePullJob('tstest://word/lab/words?rate=1000&frames=3')
    await factory?.pull(job)
    expect(job.streams.get('lab/words')?.frames.map(({ timestamp, data }) => [timestamp, Buffer.from(data).toString()])).toEqual([
      [0, 'word 0'],
      [1000, 'word 1'],
      [2000, 'word 2'],
    ])
    await job.end()
    await expect(factory?.pull(fakePullJob('tstest://dead/x'))).rejects.toThrow('There is nothing.')
    await fake.stop()
  })
})

describe('the myproto example', () => {
  async function pullFrom(answer: (socket: Socket, asked: string) => void, options: Record<string, unknown> = {}) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (bytes) => answer(socket, bytes.toString()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const fake = await fakeContext(myproto()).start()
    const job = fakePullJob(`myproto://127.0.0.1:${port}/hall/cam`, { options })
    onTestFinished(async () => {
      await job.end()
      await fake.stop()
      await new Promise((resolve) => server.close(resolve))
    })
    const [factory] = fake.pullers
    return { done: factory?.pull(job), streams: job.streams }
  }

  it('asks for the path and publishes what comes, however it is cut', async () => {
    let asked = ''
    const bytes = Buffer.concat([frame(40_000n, 'one'), frame(80_000n, ''), frame(120_000n, 'three')])
    const { done, streams } = await pullFrom((socket, text) => {
      asked = text
      for (const byte of bytes) socket.write(Uint8Array.of(byte))
      socket.end()
    })
    await done
    expect(asked).toBe('hall/cam\n')
    expect(streams.publications[0]?.path).toBe('hall/cam')
    expect(streams.publications[0]?.frames.map(({ timestamp, data }) => [timestamp, Buffer.from(data).toString()])).toEqual([
      [40_000, 'one'],
      [80_000, ''],
      [120_000, 'three'],
    ])
  })

  it('gives up on silence after timeoutMs', async () => {
    const { done } = await pullFrom(() => {}, { timeoutMs: 30 })
    await expect(done).rejects.toThrow(/30 ms/)
  })

  it('refuses frames of a wrong size before it waits for them', async () => {
    for (const length of [0, 7, 1024 * 1024 + 1, 0xffffffff]) {
      const { done, streams } = await pullFrom((socket) => void socket.write(sized(length)))
      await expect(done).rejects.toThrow(`${length} bytes`)
      expect(streams.publications).toEqual([])
    }
  })
})

describe('every example', () => {
  for (const [name, lines] of Object.entries({ hello: 40, monitor: 40, puller: 40, myproto: 60 })) {
    it(`${name} has at most ${lines} lines and imports only the contract`, () => {
      const text = readFileSync(`examples/${name}/${name}.ts`, 'utf8')
      expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(lines)
      const own = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => path)
      expect(own.filter((path) => !/^\.\.\/\.\.\/src\/(plugin|stream|services|errors|index)\.js$/.test(path ?? ''))).toEqual([])
    })
  }
})

function sized(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

function frame(timestamp: bigint, text: string): Buffer {
  const stamp = Buffer.alloc(8)
  stamp.writeBigUInt64BE(timestamp)
  return Buffer.concat([sized(8 + Buffer.byteLength(text)), stamp, Buffer.from(text)])
}
