import { describe, expect, it } from 'vitest'
import { scrubbedEnvironment } from '../../../../../src/daemon/portable/process/environment.js'

describe('scrubbedEnvironment', () => {
  it('hands on a short list and what is its own, and no secret of the daemon', () => {
    const from = { PATH: '/bin', HOME: '/home/a', LC_ALL: 'C', SHOAL_PASSPHRASE: 'x', AWS_SECRET_ACCESS_KEY: 'y', NODE_OPTIONS: '--inspect', LD_PRELOAD: '/z' }
    expect(scrubbedEnvironment({ SHOAL_OWN: '1' }, from)).toEqual({ PATH: '/bin', HOME: '/home/a', LC_ALL: 'C', SHOAL_OWN: '1' })
  })

  it('takes the environment of this process by default', () => {
    expect(scrubbedEnvironment()['PATH']).toBe(process.env['PATH'])
  })
})
