import { describe, expect, it } from 'vitest'
import { httpFlv } from '../../../../src/plugins/http-flv/index.js'
import { fakeContext } from '../../../../src/testing/fake-context.js'
import { pluginCompliance } from '../../../../src/testing/plugin-compliance.js'

pluginCompliance({ describe, expect, it }, 'http-flv', {
  factory: () => httpFlv,
  badConfigs: [{ wait: -1 }, { wait: '10' }, { bufferSize: 0 }, { bufferSize: 1e9 }, { stallTimeout: 0 }],
})

describe('http-flv', () => {
  it('claims .flv, and keeps its list of viewers to itself', async () => {
    const fake = await fakeContext(httpFlv).start()
    const routes = fake.routes.list().map(({ kind, path, public: open }) => `${open ? 'open' : 'closed'} ${kind} ${path}`)
    expect(routes.sort()).toEqual(['closed json /http-flv/viewers', 'open media /*.flv'])
    expect(await fake.request('GET', '/http-flv/viewers')).toEqual({ viewers: [], opened: 0, cut: 0, refused: 0 })
    await fake.stop()
  })

  it('has the defaults that its schema says', () => {
    expect(fakeContext(httpFlv).ctx.config).toEqual({ wait: 10_000, batch: 0, bufferSize: 524_288, stallTimeout: 10_000 })
  })
})
