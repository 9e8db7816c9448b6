import { createHash } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { digestSecret } from '../../../../src/backends/digest.js'
import { type DigestVerdict, HttpDigest } from '../../../../src/plugins/auth-http/http-digest.js'
import type { DigestResponse } from '../../../../src/services.js'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const secret = digestSecret('MD5', 'ann', 'right')
const who = { kind: 'client', id: 'ann' } as const
const about = { via: 'rtsp', algorithm: 'MD5', realm: 'shoal', method: 'DESCRIBE', uri: 'rtsp://x/a', nonce: 'n' } as const
/** What `user` answers who believes that `known` is the secret. */
const answerOf = (known: string, user = 'ann'): DigestResponse => ({ ...about, user, response: md5(`${known}:n:${md5('DESCRIBE:rtsp://x/a')}`) })

function digest(said: DigestVerdict) {
  const clock = { now: 0 }
  const ask = vi.fn(async () => said)
  return { clock, ask, judge: new HttpDigest(['MD5'], ask, () => clock.now) }
}

it('judges by the secret of the service, which is asked for again after 10 s', async () => {
  const { clock, ask, judge } = digest({ verdict: who, secret: secret.toUpperCase() })
  expect(judge.algorithms()).toEqual(['MD5'])
  expect(await judge.verify(answerOf('0'.repeat(32)))).toBe(false)
  for (let i = 0; i < 3; i++) expect(await judge.verify(answerOf(secret))).toEqual(who)
  expect(await judge.verify(answerOf('0'.repeat(32)))).toBe(false)
  expect(ask).toHaveBeenCalledTimes(2)
  clock.now = 10_000
  expect(await judge.verify(answerOf(secret))).toEqual(who)
  expect(ask).toHaveBeenCalledTimes(3)
})

it('passes on what the service says of others', async () => {
  for (const verdict of [null, false] as const) {
    const { ask, judge } = digest({ verdict, secret })
    for (let i = 0; i < 2; i++) expect(await judge.verify(answerOf(secret))).toBe(verdict)
    expect(ask).toHaveBeenCalledTimes(2)
  }
})

it('refuses a secret that is none', async () => {
  for (const odd of [undefined, 7, '', `${secret}0`, 'x'.repeat(32)])
    await expect(digest({ verdict: who, secret: odd }).judge.verify(answerOf(secret))).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
})

it('keeps a thousand secrets', async () => {
  const { ask, judge } = digest({ verdict: who, secret })
  for (let i = 0; i <= 1000; i++) await judge.verify(answerOf(secret, `user${i}`))
  await judge.verify(answerOf(secret, 'user1'))
  expect(ask).toHaveBeenCalledTimes(1001)
  await judge.verify(answerOf(secret, 'user0'))
  expect(ask).toHaveBeenCalledTimes(1002)
})
