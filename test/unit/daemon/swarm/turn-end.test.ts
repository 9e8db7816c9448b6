import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { TurnEnd } from '../../../../src/daemon/swarm/turn-end.js'

it('does all that was put off within one turn together, in order, before anything that one of them left for its end', async () => {
  const end = new TurnEnd()
  const done: string[] = []
  const noted = (what: string) => (): void => {
    done.push(what)
    process.nextTick(() => done.push(`after ${what}`))
  }
  end.add(noted('one'))
  await Promise.resolve()
  end.add(noted('two'))
  expect(done).toEqual([])
  await turn()
  expect(done).toEqual(['one', 'two', 'after one', 'after two'])
})

it('what is put off meanwhile comes at the end of the next turn', async () => {
  const end = new TurnEnd()
  const done: string[] = []
  end.add(() => {
    done.push('first')
    end.add(() => done.push('second'))
  })
  await turn()
  expect(done).toEqual(['first'])
  await turn()
  expect(done).toEqual(['first', 'second'])
})
