/** `docs/write-a-plugin.md` followed word for word: its shell blocks are run against a real daemon, its outputs compared. */

import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { itWith } from '../needs.js'
import type { ToolName } from '../tools.js'
import { CliNode, mainFile, run } from './cli.js'
import { linkModules } from './link-modules.js'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'write-a-plugin.md'), 'utf8')

/** A shell block and what it shall print: the `text` block that follows it. */
interface Step {
  readonly shell: string
  readonly output: readonly string[]
}

/** The parts of "In ten minutes", by their headings. */
const parts = new Map(
  (page.split(/^## /m).find((part) => part.startsWith('In ten minutes')) ?? '')
    .split(/^### /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), stepsOf(part)]),
)

function stepsOf(text: string): Step[] {
  const steps: { shell: string; output: string[] }[] = []
  for (const [, kind, body = ''] of text.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)) {
    if (kind === 'sh') steps.push({ shell: body, output: [] })
    else steps.at(-1)?.output.push(...body.trimEnd().split('\n'))
  }
  return steps
}

/** A line of the page, in which `…` stands for anything. */
function pattern(line: string): RegExp {
  return new RegExp(
    `^${line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  )
}

/** The lines of `expected` that `printed` does not hold in this order. */
function missing(expected: readonly string[], printed: string): string[] {
  const lines = printed.split('\n')
  return expected.filter((line) => {
    const at = lines.findIndex((each) => pattern(line).test(each.trimEnd()))
    if (at >= 0) lines.splice(0, at + 1)
    return at < 0
  })
}

describe('the page write-a-plugin', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shoal-page-')))
  let node: CliNode

  beforeAll(async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'shoal'), `#!/bin/sh\nexec "${process.execPath}" "${mainFile}" "$@"\n`, { mode: 0o755 })
    symlinkSync(process.execPath, join(bin, 'node'))
    node = new CliNode('kitchen')
    await node.start()
  })

  afterAll(async () => {
    await node?.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Runs the blocks of a part one after the other, each where the one before left off. */
  async function follow(title: string): Promise<void> {
    const steps = parts.get(title) ?? []
    expect(steps.length).toBeGreaterThan(1)
    let cwd = mkdtempSync(join(folder, 'work-'))
    const env = { ...node.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, PYTHONDONTWRITEBYTECODE: '1' }
    for (const { shell, output } of steps) {
      // tests use no network
      if (shell.trim() === 'npm install') {
        linkModules(cwd)
        continue
      }
      const where = join(folder, 'where')
      const { code, stdout, stderr } = await run('bash', ['-ec', `${shell}\npwd > '${where}'`], { cwd, env }).ended
      expect({ shell, code, stderr: code === 0 ? '' : stderr + stdout, missing: missing(output, stdout) }).toEqual({ shell, code: 0, stderr: '', missing: [] })
      cwd = readFileSync(where, 'utf8').trim()
    }
  }

  const needed: Readonly<Record<string, readonly ToolName[]>> = {
    'In TypeScript': [],
    'In Python': ['python3'],
    'In Go': ['go'],
    'A puller project': ['python3'],
  }

  it('has the parts that are tested', () => {
    expect([...parts.keys()]).toEqual(Object.keys(needed))
  })

  for (const [title, tools] of Object.entries(needed)) itWith(tools, `${title}: every command does what the page says`, () => follow(title))
})
