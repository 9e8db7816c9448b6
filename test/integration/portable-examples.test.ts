/** The examples of the SDKs, each doing what it is for, whatever its language. */

import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { describePortable, type PortablePlugin, portablePlugin } from '../../src/daemon/portable/native/portable-plugin.js'
import type { PortableProgram } from '../../src/daemon/portable/native/session.js'
import { type FakeContext, type FakeContextOptions, fakeContext } from '../../src/testing/fake-context.js'
import { fakePullJob } from '../../src/testing/fake-job.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../go-programs.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'

const python = join(import.meta.dirname, '../../sdk/python')
const pythonEnv = { PYTHONPATH: python, PYTHONDONTWRITEBYTECODE: '1' }

type ExampleName = 'hello' | 'monitor' | 'puller'

/** The examples in one language. */
interface Examples {
  /** In front of the names of the plugins. */
  readonly prefix: string
  /** Scheme of the puller. */
  readonly scheme: string
  readonly program: (name: ExampleName) => PortableProgram
}

async function running(
  program: PortableProgram,
  body: (fake: FakeContext, plugin: PortablePlugin) => Promise<void>,
  options: FakeContextOptions = {},
): Promise<void> {
  const plugin = portablePlugin({ program, description: await describePortable(program, { log: memoryLog() }) })
  const fake = await fakeContext(plugin, options).start()
  try {
    await body(fake, plugin)
  } finally {
    await fake.stop()
  }
}

function exampleTests({ prefix, scheme, program }: Examples): void {
  it('hello greets, counts, and forgets', async () => {
    await running(
      program('hello'),
      async (fake, plugin) => {
        const greet = async (peer: string): Promise<string> =>
          Buffer.from((await plugin.handlePayload?.(peer, `${prefix}-hello.greet`, Buffer.from('Ada'))) ?? []).toString()
        expect(await greet('12D3A')).toBe('moin Ada, for the 1. time')
        expect(await greet('12D3A')).toBe('moin Ada, for the 2. time')
        expect(await greet('12D3B')).toBe('moin Ada, for the 1. time')
        await plugin.onPeerForgotten?.('12D3A')
        expect(await greet('12D3A')).toBe('moin Ada, for the 1. time')
        // many at once, each of which asks the store
        const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => greet(`peer-${i}`)))
        expect(new Set(replies)).toEqual(new Set(['moin Ada, for the 1. time']))
        expect(fake.log.lines.some(({ msg, fields }) => msg === 'ready to greet' && fields['greeting'] === 'moin')).toBe(true)
      },
      { config: { greeting: 'moin' } },
    )
  })

  it('monitor counts the frames of a stream, and of the next one', async () => {
    await running(program('monitor'), async (fake) => {
      const count = async (frames: number, bytes: number): Promise<void> => {
        await waitFor(
          `${frames} frames`,
          async () => JSON.stringify(await fake.request('GET', `/${prefix}-monitor/count`)) === JSON.stringify({ frames, bytes }),
        )
      }
      const publication = fake.streams.publish('live/cam', [{ id: 1, kind: 'data', codec: 'text' }])
      await waitFor('the reader', () => publication.subscribers === 1)
      for (let i = 0; i < 500; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(100_000) })
      await count(500, 50_000_000)
      publication.close()
      const next = fake.streams.publish('live/cam', [{ id: 1, kind: 'data', codec: 'text' }])
      await waitFor('the reader', () => next.subscribers === 1)
      next.write({ track: 1, timestamp: 0, key: true, data: new Uint8Array(1) })
      await count(501, 50_000_001)
    })
  })

  it('puller makes so many frames, and the source ends', async () => {
    await running(program('puller'), async (fake) => {
      const [factory] = fake.pullers
      const job = fakePullJob(`${scheme}://word/x?rate=0&frames=1000`)
      await factory?.pull(job)
      const texts = job.streams.publications[0]?.frames.map(({ data }) => Buffer.from(data).toString())
      expect(texts).toEqual(Array.from({ length: 1000 }, (_, i) => `word ${i}`))
      expect(job.streams.publications[0]?.closed).toBe(true)
      await job.end()
    })
  })
}

describeWith(['python3'], 'the Python examples', () => {
  exampleTests({
    prefix: 'py',
    scheme: 'pytest',
    program: (name) => ({ name, command: 'python3', args: [`${name}.py`], folder: join(python, 'examples'), env: pythonEnv }),
  })
})

describeWith(['go'], 'the Go examples', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await buildGo(pluginPrograms)
  }, goBuildTimeout)
  exampleTests({ prefix: 'go', scheme: 'gotest', program: (name) => ({ name, command: `./${name}`, folder }) })
})
