import { describe, expect, it } from 'vitest'
import { Intake, type Pausable } from '../../../../src/plugins/endpoint-websocket/intake.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Socket implements Pausable {
  isPaused = false
  pauses = 0
  pause(): void {
    this.isPaused = true
    this.pauses++
  }
  resume(): void {
    this.isPaused = false
  }
}

describe('the intake of a client', () => {
  it('takes what comes alone at once', () => {
    const taken: string[] = []
    const intake = new Intake(new Socket(), async (text) => void taken.push(text))
    for (const text of ['a', 'b']) intake.push(text)
    expect(taken).toEqual(['a', 'b'])
  })

  it('spreads a flood over turns, in order, and holds the client back until it has caught up', async () => {
    const socket = new Socket()
    const taken: number[] = []
    const intake = new Intake(socket, async (text) => void taken.push(Number(text)))
    for (let i = 0; i < 5000; i++) intake.push(String(i))
    expect(taken).toHaveLength(64)
    expect([socket.isPaused, socket.pauses]).toEqual([true, 1])
    let most = 0
    for (let before = taken.length; intake.size > 0; before = taken.length) {
      await turn()
      most = Math.max(most, taken.length - before)
    }
    expect(most).toBeLessThanOrEqual(64)
    expect(taken).toEqual(Array.from({ length: 5000 }, (_, at) => at))
    expect(socket.isPaused).toBe(false)
  })

  it('takes no more than one large message a turn, and no more than some MiB at a time', async () => {
    const done: (() => void)[] = []
    const intake = new Intake(new Socket(), () => new Promise((resolve) => done.push(resolve)))
    const large = 'x'.repeat(1024 * 1024)
    for (let i = 0; i < 20; i++) intake.push(large)
    expect(done).toHaveLength(1)
    for (let i = 0; i < 30; i++) await turn()
    expect([done.length, intake.size]).toEqual([8, 12])
    done[3]?.()
    for (let i = 0; i < 5; i++) await turn()
    expect(done).toHaveLength(9)
  })

  it('that has ended takes nothing, and reads on for the goodbye', async () => {
    const socket = new Socket()
    const taken: string[] = []
    const intake = new Intake(socket, async (text) => void taken.push(text))
    for (let i = 0; i < 200; i++) intake.push('x')
    intake.end()
    expect(socket.isPaused).toBe(false)
    intake.push('y')
    await turn()
    expect([taken.length, intake.size]).toEqual([64, 0])
  })
})
