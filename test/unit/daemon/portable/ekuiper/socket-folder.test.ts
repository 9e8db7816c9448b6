import { describe, expect, it } from 'vitest'
import { listenAt, SocketFolder } from '../../../../../src/daemon/portable/ekuiper/socket-folder.js'
import { ShoalError } from '../../../../../src/errors.js'

describe('the sockets of a plugin', () => {
  it('have the names of the SDKs, where those look', () => {
    const builtIn = new SocketFolder()
    expect(builtIn.isBuiltIn).toBe(true)
    expect([builtIn.control('mirror'), builtIn.function('echo'), builtIn.data('r_o_0'), builtIn.acks('r_o_0')]).toEqual(
      ['plugin_mirror', 'func_echo', 'r_o_0', 'r_o_0_ack'].map((name) => `ipc:///tmp/${name}.ipc`),
    )
    expect(new SocketFolder('/x').control('a')).toBe('ipc:///x/plugin_a.ipc')
    expect(new SocketFolder('/x').isBuiltIn).toBe(false)
  })

  it('that are taken say whose they are', async () => {
    const taken = { listen: () => Promise.reject(new ShoalError('ERR_PORT_IN_USE')) }
    await expect(listenAt(taken, 'ipc:///x/a.ipc', 'plugin mirror')).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: 'The socket ipc:///x/a.ipc of the plugin mirror is in use: another daemon on this machine, or eKuiper itself, runs it.',
    })
    const broken = { listen: () => Promise.reject(new ShoalError('ERR_START_FAILED')) }
    await expect(listenAt(broken, 'x', 'y')).rejects.toMatchObject({ code: 'ERR_START_FAILED' })
  })
})
