/** The peer in C: nginx with libnginx-mod-rtmp, with a configuration of its own in a temporary folder, on loopback, one worker. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, listens, type Started, startProgram, until } from './process.js'

const program = '/usr/sbin/nginx'
const modules = '/usr/lib/nginx/modules/ngx_rtmp_module.so'

/** Is it installed? `apt-get install nginx libnginx-mod-rtmp`. */
export const hasNginx: boolean = existsSync(program) && existsSync(modules)

/** One running server. It has RTMP only. */
export class NginxServer {
  readonly rtmp: string
  readonly process: Started
  readonly #folder: string

  private constructor(port: number) {
    this.rtmp = `rtmp://127.0.0.1:${port}`
    this.#folder = mkdtempSync(join(tmpdir(), 'shoal-bench-nginx-'))
    const config = join(this.#folder, 'nginx.conf')
    const lines = [
      `load_module ${modules};`,
      'daemon off; master_process off; worker_processes 1;',
      `pid ${join(this.#folder, 'pid')};`,
      'error_log stderr error;',
      'events { worker_connections 4096; }',
      `rtmp { access_log off; server { listen 127.0.0.1:${port}; chunk_size 60000; application live { live on; } } }`,
    ]
    writeFileSync(config, lines.join('\n'))
    this.process = startProgram('server', [program, '-e', 'stderr', '-p', this.#folder, '-c', config])
  }

  /** Starts one and waits until it listens. */
  static async start(): Promise<NginxServer> {
    const server = new NginxServer(await freePort())
    await until(`${server.rtmp} to listen`, () => listens(new URL(server.rtmp)))
    return server
  }

  async stop(): Promise<void> {
    await this.process.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
