/** The console of `shoal plugins test`: runs lines one after the other, from a script, a pipe or a terminal. */

import { createInterface } from 'node:readline'
import { ShoalError } from '../../errors.js'
import type { Output } from '../output.js'
import type { Bench } from './bench/bench.js'
import { type BenchCommand, type BenchStream, benchCommands } from './bench-commands.js'
import { type BenchEvent, eventText } from './bench-event.js'
import { readBenchLine } from './bench-line.js'
import { Transcript } from './transcript.js'

/** Prints what happens and remembers it. */
export class BenchConsole {
  readonly #out: Output
  readonly #transcript = new Transcript()
  readonly #published = new Map<string, BenchStream>()

  constructor(out: Output) {
    this.#out = out
  }

  /** Prints an event. Never throws: a reader that has gone ends nothing. */
  show(event: BenchEvent): void {
    this.#transcript.add(eventText(event))
    if (!this.#out.closed) this.#out.item(event, eventText)
  }

  /** Runs one line. False: it failed, and that was printed. */
  async line(bench: Bench, text: string, signal: AbortSignal): Promise<boolean> {
    const line = readBenchLine(text)
    if (!line) return true
    try {
      if (line.command === 'help') this.#help()
      else {
        const command = commandOf(line.command, line.words.length)
        const show = (event: BenchEvent): void => this.show(event)
        await command.run({ ...line, bench, signal, show, transcript: this.#transcript, published: this.#published })
      }
      return true
    } catch (error) {
      if (signal.aborted) throw error
      const { code, message, hint } = ShoalError.from(error, 'ERR_PLUGIN_FAILED')
      this.show({ type: 'error', code, message, ...(hint !== undefined && { hint }) })
      return false
    }
  }

  /** Runs the lines of standard input until it ends or says `quit`. How many failed. */
  async input(bench: Bench, signal: AbortSignal): Promise<number> {
    const terminal = process.stdin.isTTY === true
    const lines = createInterface({ input: process.stdin, terminal: false, signal })
    if (terminal) this.#out.note('Type help for the commands, quit to end.')
    let failed = 0
    for await (const text of lines) {
      if (text.trim() === 'quit') break
      if (!(await this.line(bench, text, signal))) failed++
    }
    lines.close()
    // a person has seen what failed
    return terminal ? 0 : failed
  }

  #help(): void {
    const width = Math.max(...benchCommands.map(({ name, usage }) => name.length + usage.length)) + 3
    for (const { name, usage, about } of benchCommands) this.#out.note(`${`${name} ${usage}`.padEnd(width)}${about}`)
    this.#out.note(`${'quit'.padEnd(width)}stop the plugin and end`)
  }
}

function commandOf(name: string, words: number): BenchCommand {
  const found = benchCommands.find((command) => command.name === name)
  const names = benchCommands.map((command) => command.name).join(', ')
  if (!found) throw new ShoalError('ERR_USAGE', `There is no command "${name}".`, { hint: `Commands: ${names}, help, quit.` })
  if (words < found.needs) throw new ShoalError('ERR_USAGE', `${name} ${found.usage}: something is missing.`)
  return found
}
