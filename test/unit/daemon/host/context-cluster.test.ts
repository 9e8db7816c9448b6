import { describe, expect, it } from 'vitest'
import { definePlugin } from '../../../../src/plugin.js'
import { fakeContext } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

describe('the cluster slots of a plugin', () => {
  it('leave nothing behind when it stops', async () => {
    const fake = await fakeContext(definePlugin({ name: 'guest' })).start()
    const { ctx, services } = fake
    const [states, subscriptions] = [services.use('stateRegistry'), services.use('subscriptionRegistry')]
    states.getRegistry('t').add('shared')
    const own = ctx.use('stateRegistry').getRegistry('t')
    for (const name of ['shared', 'own', 'own']) own.add(name)
    const news = ctx.use('subscriptionRegistry').getRegistry('n')
    const got: string[] = []
    news.subscribe('x', ({ name }) => void got.push(name))
    await news.publish('x', new Uint8Array())
    const lock = await ctx.use('locks').get('l')
    expect([got, lock?.signal.aborted, await services.use('locks').get('l')]).toEqual([['x'], false, undefined])
    const events = ctx.use('clusterNode').subscribe('m')
    await fake.stop()
    for await (const message of events) throw new Error(message.type)
    expect([lock?.signal.aborted, [...states.getRegistry('t').getAll()], subscriptions.getRegistry('n').subscribers('x')]).toEqual([true, ['shared'], 0])
    await waitFor('the lock to be free', async () => await services.use('locks').get('l'))
    expect(() => own.add('late')).toThrow(expect.objectContaining({ code: 'ERR_STOPPING' }))
  })

  it('cannot take away what others added, nor use the topics of the daemon', async () => {
    const fake = await fakeContext(definePlugin({ name: 'guest' })).start()
    const { ctx, services } = fake
    services.use('stateRegistry').getRegistry('t').add('x')
    ctx.use('stateRegistry').getRegistry('t').remove('x')
    expect(ctx.use('stateRegistry').getRegistry('t').has('x')).toBe(true)
    expect(() => ctx.use('stateRegistry').getRegistry('shoal/subscriptions/n')).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => ctx.use('clusterNode').subscribe('shoal/state')).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    await fake.stop()
  })
})
