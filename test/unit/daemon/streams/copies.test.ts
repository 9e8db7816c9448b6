import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Blame, Copies, type LocatedCopy } from '../../../../src/daemon/streams/copies.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** The order in which copies are tried. */
function order(copies: Copies, known?: Parameters<Copies['next']>[1]): string[] {
  const tried = new Set<string>()
  const found: string[] = []
  for (let copy = copies.next(tried, known); copy; copy = copies.next(tried, known)) {
    found.push(`${copy.peer}/${copy.path}`)
    tried.add(copy.peer)
  }
  return found
}

const directory: Record<string, LocatedCopy[]> = {
  s: [
    { peer: 'near', origin: 'o' },
    { peer: 'away', origin: 'o' },
    { peer: 'far', origin: 'p' },
  ],
  't/s': [{ peer: 'other', origin: 'o' }],
}

function make(peer?: string, blame = new Blame()): Copies {
  const ports = { linked: (id: string) => id !== 'away', findPeer: (ref: string) => ref, locate: (path: string) => directory[path] ?? [], blame }
  return new Copies({ path: 's', ...(peer !== undefined && { peer }) }, ports)
}

describe('Copies', () => {
  it('are tried nearest first, of linked peers only', () => {
    expect(order(make())).toEqual(['near/s', 'far/s'])
  })

  it('that come from the same origin are tried first once it is known', () => {
    expect(order(make(), { origin: 'p', path: 's', epoch: 1 })).toEqual(['far/s', 'near/s'])
  })

  it('of a named peer: itself, then copies of what it publishes', () => {
    expect(order(make('o'))).toEqual(['o/s', 'near/s'])
    expect(order(make('q'))).toEqual(['q/s'])
  })

  it('include copies of a known publication under its path at the origin', () => {
    expect(order(make('q'), { origin: 'o', path: 't/s', epoch: 1 })).toEqual(['q/s', 'near/s', 'other/t/s'])
  })

  it('that a refusal named come right after it', () => {
    const copies = make('o')
    copies.hint([{ peer: 'h1', path: 'x' }])
    copies.hint([
      { peer: 'h2', path: 'y' },
      { peer: 'h1', path: 'z' },
    ])
    expect(order(copies)).toEqual(['o/s', 'h2/y', 'h1/z', 'near/s'])
  })

  it('of a peer to blame are left out for five minutes', async () => {
    const blame = new Blame()
    blame.add({ peer: 'near', path: 's' })
    expect(order(make(undefined, blame))).toEqual(['far/s'])
    expect(blame.has({ peer: 'near', path: 't' })).toBe(false)
    await vi.advanceTimersByTimeAsync(299_000)
    expect(order(make(undefined, blame))).toEqual(['far/s'])
    await vi.advanceTimersByTimeAsync(2000)
    expect(order(make(undefined, blame))).toEqual(['near/s', 'far/s'])
  })

  it('remember a bounded number of blames', () => {
    const blame = new Blame()
    for (let i = 0; i < 2000; i++) blame.add({ peer: 'p', path: String(i) })
    expect([blame.has({ peer: 'p', path: '0' }), blame.has({ peer: 'p', path: '1999' })]).toEqual([false, true])
  })
})
