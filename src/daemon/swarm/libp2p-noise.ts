/** Noise, read when a connection needs it: its WebAssembly is compiled as the package is read, at every start. */

import type { ConnectionEncrypter } from '@libp2p/interface'

type Components = Parameters<ReturnType<typeof import('@chainsafe/libp2p-noise').noise>>[0]

/** The encrypter of libp2p-noise with its defaults. The first connection waits some 50 ms for it. */
export function noiseWhenUsed(): (components: Components) => ConnectionEncrypter {
  return (components) => {
    let reading: Promise<ConnectionEncrypter> | undefined
    const read = (): Promise<ConnectionEncrypter> => {
      reading ??= import('@chainsafe/libp2p-noise').then(({ noise }) => noise()(components))
      return reading
    }
    return {
      protocol: '/noise',
      secureInbound: async (connection, options) => await (await read()).secureInbound(connection, options),
      secureOutbound: async (connection, options) => await (await read()).secureOutbound(connection, options),
    }
  }
}
