/**
 * A line protocol over TCP, for a sensor, a shell or a telnet session. Lines end in LF or CRLF. Off by default.
 *
 *     server: WELCOME shoal simple-tcp 1
 *     client: PUBLISH path    server: OK PUBLISH path      client: SUBSCRIBE path   server: OK SUBSCRIBE path
 *     client: DATA 48656c6c   server: OK DATA 4            server: FRAME 1234567 48656c6c    (µs, hexadecimal)
 *     client: STOP            server: OK STOP              client: QUIT             server: BYE
 *     server, when it cannot: ERR ERR_STREAM_NOT_FOUND No stream of that path.
 *
 * A line of data is one frame of a data track, stamped with the monotonic clock when it came; each is a key frame, since
 * each stands alone. One connection has one stream at a time.
 */

import { createServer, type Server, type Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import { definePlugin, type Plugin, type PluginContext, type TaskScope } from '../../plugin.js'
import { type SimpleTcpConfig, simpleTcpSchema } from './config.js'
import { Connection } from './connection.js'

/** Makes the plugin. */
export function simpleTcp(): Plugin<SimpleTcpConfig> {
  return definePlugin<SimpleTcpConfig>({
    name: 'simple-tcp',
    info: { description: 'Publish and read data streams with lines of text over TCP.' },
    config: simpleTcpSchema,
    async start(ctx) {
      const server = createServer()
      let connections = 0
      server.on('connection', (socket) => {
        if (connections >= ctx.config.maxConnections) return turnAway(socket, ctx.config.maxConnections)
        connections++
        socket.once('close', () => connections--)
        accept(ctx, socket)
      })
      await listen(server, ctx)
      ctx.http.route({
        method: 'GET',
        path: '/status',
        summary: 'Where it listens and how many clients it has',
        handler: () => ({ ...addressOf(server), connections }),
      })
    },
  })
}

/** Listens before `start` returns, so that a port in use is a failed start; closes when the plugin stops. */
async function listen(server: Server, ctx: PluginContext<SimpleTcpConfig>): Promise<void> {
  const { host, port } = ctx.config
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen({ host, port }, resolve)
  })
  ctx.run('listen', async ({ signal }) => {
    server.on('error', (error) => ctx.log.warn('server error', { err: error }))
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  ctx.log.info('listening', addressOf(server))
}

/** ms a client has to take the last lines. */
const lingering = 5000

function accept(ctx: PluginContext<SimpleTcpConfig>, socket: Socket): void {
  // errors also end the reading; without a listener they would end the process
  socket.on('error', () => socket.destroy())
  try {
    ctx.run(`client ${socket.remoteAddress}:${socket.remotePort}`, (scope) => serve(ctx, socket, scope))
  } catch (error) {
    // the plugin is stopping, or has too many tasks
    ctx.log.warn('client refused', { err: error })
    socket.destroy()
  }
}

async function serve(ctx: PluginContext<SimpleTcpConfig>, socket: Socket, scope: TaskScope): Promise<void> {
  const cut = (): unknown => socket.destroy()
  scope.signal.addEventListener('abort', cut, { once: true })
  try {
    await new Connection(ctx, socket, scope).serve()
    await linger(socket)
  } finally {
    scope.signal.removeEventListener('abort', cut)
    socket.destroy()
  }
}

/** Waits until the client has closed too: destroying a socket with unread input would take back what was just said. */
async function linger(socket: Socket): Promise<void> {
  if (socket.destroyed) return
  socket.resume()
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, lingering)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function turnAway(socket: Socket, limit: number): void {
  socket.on('error', () => socket.destroy())
  socket.end(`ERR ERR_LIMIT At most ${limit} clients at a time.\r\n`, () => socket.destroy())
}

function addressOf(server: Server): { host: string; port: number } {
  const address = server.address()
  return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : { host: '', port: 0 }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ShoalError {
  if (error.code !== 'EADDRINUSE') return new ShoalError('ERR_PLUGIN_FAILED', `Cannot listen on ${host}:${port}: ${error.message}`, { cause: error })
  return new ShoalError('ERR_PORT_IN_USE', `The port ${host}:${port} is in use by another program.`, {
    cause: error,
    hint: 'Set port in the configuration of simple-tcp.',
  })
}
