/** What a service of the slot `endpoint` has to do right. */

import { ShoalError } from '../errors.js'
import type { Credentials, Endpoint, EndpointDoor, EndpointPayload, EndpointSession } from '../services.js'
import { type TestApi, until } from './test-api.js'

/** A door that keeps what was asked of it. Who logs in as `ann` with the password `right` gets in. */
export class FakeDoor implements EndpointDoor {
  readonly logins: Omit<Credentials, 'via'>[] = []
  readonly sessions: FakeSession[] = []
  /** Logins never come to an end while it is set. */
  hang = false

  async login(credentials: Omit<Credentials, 'via'>): Promise<FakeSession> {
    this.logins.push(credentials)
    if (this.hang) await new Promise(() => {})
    if (credentials.user !== 'ann' || credentials.password !== 'right') throw new ShoalError('ERR_UNAUTHENTICATED', 'The credentials are wrong.')
    const session = new FakeSession()
    this.sessions.push(session)
    return session
  }
}

/** A session that answers every payload with itself, and refuses kinds that begin with `denied`. */
export class FakeSession implements EndpointSession {
  readonly principal = { kind: 'client', id: 'ann' } as const
  readonly signal: AbortSignal
  readonly sent: { readonly to: string; readonly kind: string; readonly body: Uint8Array }[] = []
  readonly taken = new Map<string, (payload: EndpointPayload) => boolean>()
  readonly #over = new AbortController()

  constructor() {
    this.signal = this.#over.signal
  }

  async send(to: string, kind: string, body: Uint8Array): Promise<void> {
    this.signal.throwIfAborted()
    permit(kind)
    this.sent.push({ to, kind, body })
  }

  async request(to: string, kind: string, body: Uint8Array): Promise<Uint8Array> {
    await this.send(to, kind, body)
    return body
  }

  async subscribe(kind: string, receive: (payload: EndpointPayload) => boolean): Promise<() => void> {
    permit(kind)
    this.taken.set(kind, receive)
    return () => void this.taken.delete(kind)
  }

  close(): void {
    this.end(new ShoalError('ERR_ABORTED'))
  }

  /** As the daemon ends it. */
  end(reason: ShoalError): void {
    this.taken.clear()
    this.#over.abort(reason)
  }
}

function permit(kind: string): void {
  if (kind.startsWith('denied')) throw new ShoalError('ERR_FORBIDDEN', 'It is denied.')
}

/** One client of the endpoint under test. */
export interface EndpointClient {
  /** Resolves true when it got in. */
  login(user: string, password: string): Promise<boolean>
  /** A payload to this node; resolves with the reply, or the code of the error. */
  request(kind: string, text: string): Promise<{ readonly reply?: string; readonly code?: string }>
  /** Has the connection ended? */
  closed(): boolean
  close(): void
}

/** What to test of an `endpoint`. */
export interface EndpointComplianceOptions {
  readonly factory: () => Endpoint | Promise<Endpoint>
  /** Connects a client to where the endpoint listens. */
  readonly connect: (address: string) => Promise<EndpointClient>
}

/** Runs the suite for an `endpoint`. */
export function endpointCompliance({ describe, it, expect }: TestApi, name: string, { factory, connect }: EndpointComplianceOptions): void {
  const opened = async (body: (door: FakeDoor, address: string, endpoint: Endpoint) => Promise<void>): Promise<void> => {
    const [endpoint, door, closing] = [await factory(), new FakeDoor(), new AbortController()]
    const { address } = await endpoint.open(door, closing.signal)
    try {
      await body(door, address, endpoint)
    } finally {
      closing.abort()
      await endpoint.close()
    }
  }

  describe(`${name} as an endpoint`, () => {
    it('lets a client do nothing before it has logged in', () =>
      opened(async (door, address) => {
        const client = await connect(address)
        expect((await client.request('t.echo', 'x')).reply).toBeUndefined()
        expect(door.sessions.flatMap(({ sent }) => sent)).toEqual([])
        client.close()
      }))

    it('asks the door with what the client showed, and turns a wrong login away', () =>
      opened(async (door, address) => {
        const client = await connect(address)
        expect(await client.login('ann', 'wrong')).toBe(false)
        expect([door.logins[0]?.user, door.logins[0]?.password]).toEqual(['ann', 'wrong'])
        expect((await client.request('t.echo', 'x').catch(() => ({ code: 'closed' }))).code === undefined).toBe(false)
        expect(door.sessions).toEqual([])
        client.close()
      }))

    it('exchanges payloads, shows refusals, and gives the session back', () =>
      opened(async (door, address) => {
        const client = await connect(address)
        expect(await client.login('ann', 'right')).toBe(true)
        expect((await client.request('t.echo', 'grüße')).reply).toBe('grüße')
        expect((await client.request('denied.x', 'x')).code).toBe('ERR_FORBIDDEN')
        client.close()
        await until('the session to be closed', () => door.sessions[0]?.signal.aborted === true)
      }))

    it('cuts a client whose session ends, and all when it closes', () =>
      opened(async (door, address, endpoint) => {
        const [one, two] = [await connect(address), await connect(address)]
        await one.login('ann', 'right')
        await two.login('ann', 'right')
        door.sessions[0]?.end(new ShoalError('ERR_FORBIDDEN'))
        await until('the first to be cut', () => one.closed())
        expect(two.closed()).toBe(false)
        await endpoint.close()
        await until('the second to be cut', () => two.closed())
      }))
  })
}
