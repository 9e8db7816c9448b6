/** What the suites of the cluster slots test: one service on several nodes that see each other. */

import { type TestApi, until } from './test-api.js'

/** The service on one node. */
export interface MemberSubject<S> {
  readonly peer: string
  readonly service: S
}

/** A cluster to test. */
export interface ClusterSubject<S> {
  readonly nodes: readonly MemberSubject<S>[]
  /** Node `at` leaves as one that is shut down. */
  stop(at: number): Promise<void>
  /** Node `at` dies without a word. */
  kill(at: number): Promise<void>
  /** Only nodes of one part reach each other from now on. Needed where {@link ClusterSuite.partitions} says so. */
  split?(...parts: readonly (readonly number[])[]): Promise<void>
  /** All reach each other again. */
  heal?(): Promise<void>
  close(): Promise<void>
}

/** How a suite is run. */
export interface ClusterSuite<S> {
  /** Makes a cluster of `size` nodes; resolves when all see all. */
  readonly make: (size: number) => Promise<ClusterSubject<S>>
  /** The subject has `split` and `heal`: run those tests too. */
  readonly partitions?: boolean
  /** ms for a change to be seen everywhere; default 10,000. */
  readonly limit?: number
}

/** Runs `body` on a cluster of three and closes it. */
export async function onThree<S>(suite: ClusterSuite<S>, body: (subject: ClusterSubject<S>, nodes: Trio<S>) => Promise<void>): Promise<void> {
  const subject = await suite.make(3)
  try {
    const [a, b, c] = subject.nodes
    if (!a || !b || !c) throw new Error('make(3) has to make three nodes')
    await body(subject, [a, b, c])
  } finally {
    await subject.close()
  }
}

/** Three nodes. */
export type Trio<S> = readonly [MemberSubject<S>, MemberSubject<S>, MemberSubject<S>]

/** Waits within the suite's limit. */
export function eventually<S>(suite: ClusterSuite<S>, what: string, fact: () => boolean | Promise<boolean>): Promise<void> {
  return until(what, fact, suite.limit ?? 10_000)
}

/** Keeps what an iteration yields, from now on until `stop`. */
export function collect<T>(source: (signal: AbortSignal) => AsyncIterable<T>): { readonly values: T[]; stop(): Promise<void> } {
  const controller = new AbortController()
  const values: T[] = []
  const events = source(controller.signal)
  const reading = (async () => {
    for await (const value of events) values.push(value)
  })()
  const stop = (): Promise<void> => {
    controller.abort(new Error('enough'))
    return reading
  }
  return { values, stop }
}

/** A test that needs a network which can be split. */
export function partitionTest<S>(
  { it }: TestApi,
  suite: ClusterSuite<S>,
  name: string,
  body: (subject: Required<ClusterSubject<S>>, nodes: Trio<S>) => Promise<void>,
): void {
  if (!suite.partitions) return
  it(name, () =>
    onThree(suite, async (subject, nodes) => {
      const { split, heal } = subject
      if (!split || !heal) throw new Error('a subject with partitions has split and heal')
      const { stop, kill, close } = subject
      await body(
        {
          nodes: subject.nodes,
          stop: stop.bind(subject),
          kill: kill.bind(subject),
          close: close.bind(subject),
          split: split.bind(subject),
          heal: heal.bind(subject),
        },
        nodes,
      )
    }),
  )
}
