/** A private PostgreSQL for a test file: behind a unix socket in a folder of its own, without fsync, gone afterwards. It refuses to run as root. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../free-port.js'
import { has, postgresFolder } from '../tools.js'
import { waitFor } from '../wait-for.js'

/** A server that runs. */
export interface PostgresServer {
  /** Over TCP, with the password. */
  readonly url: string
  readonly password: string
  /** The same without the password. */
  readonly bareUrl: string
  /** File of the certificate for 127.0.0.1; undefined where there is no openssl, and so no TLS. */
  readonly certificate: string | undefined
  /** Ends it as a crash would; {@link PostgresServer.start} brings it back with its data. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** Whom it runs as: another user where the tests run as root. */
function runner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'nobody']).stdout.toString())
  return { uid: id('-u'), gid: id('-g') }
}

/** Makes and starts one. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-pg-'))
  const who = runner()
  chmodSync(folder, 0o700)
  if (who.uid !== undefined) chownSync(folder, who.uid, who.gid ?? who.uid)
  const program = (name: string): string => join(postgresFolder ?? '', name)
  const data = join(folder, 'data')
  const password = 'a-password:with/signs@'
  const secret = join(folder, 'password')
  writeFileSync(secret, `${password}\n`, { mode: 0o644 })
  const words = ['-D', data, '-U', 'shoal', '--auth=scram-sha-256', `--pwfile=${secret}`, '--no-sync', '--encoding=UTF8', '--locale=C']
  const made = spawnSync(program('initdb'), words, { ...who, cwd: folder, env: { PATH: process.env['PATH'], HOME: folder } })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr.toString()}`)
  const port = await freePort()
  const bareUrl = `postgres://shoal@127.0.0.1:${port}/postgres`
  const url = bareUrl.replace('@', `:${encodeURIComponent(password)}@`)
  let child: ChildProcess | undefined
  const end = async (signal: 'SIGQUIT' | 'SIGINT'): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }
  const certificate = has('openssl') ? makeCertificate(data, who) : undefined
  const start = async (): Promise<void> => {
    const settings = [
      ...(certificate === undefined ? [] : ['ssl=on']),
      'fsync=off',
      'full_page_writes=off',
      'shared_buffers=16MB',
      'max_connections=30',
      `unix_socket_directories=${folder}`,
    ]
    const flags = settings.flatMap((setting) => ['-c', setting])
    child = spawn(program('postgres'), ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, ...flags], {
      ...who,
      cwd: folder,
      stdio: 'ignore',
      env: { HOME: folder },
    })
    await waitFor('postgres', () => answers(url), 20_000)
  }
  await start()
  const stop = async (): Promise<void> => {
    await end('SIGINT')
    rmSync(folder, { recursive: true, force: true })
  }
  // SIGQUIT: at once and without a checkpoint; SIGKILL would leave its other processes
  return { url, bareUrl, password, certificate, kill: () => end('SIGQUIT'), start, stop }
}

/** Where the server looks for it. */
function makeCertificate(data: string, who: ReturnType<typeof runner>): string {
  const [key, certificate] = [join(data, 'server.key'), join(data, 'server.crt')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  const { status, stderr } = spawnSync('openssl', [...made, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate])
  if (status !== 0) throw new Error(`openssl failed: ${stderr.toString()}`)
  chmodSync(key, 0o600)
  if (who.uid !== undefined) for (const file of [key, certificate]) chownSync(file, who.uid, who.gid ?? who.uid)
  return certificate
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
