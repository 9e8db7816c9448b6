import { describe, expect, it } from 'vitest'
import { undocumented } from '../../../scripts/undocumented.js'

describe('the check of doc comments', () => {
  it('names what has none', () => {
    const text =
      "import x from 'x'\n\nexport const a = 1\n\n// why\nexport class B {}\n\n/* plain */\nexport type C = 1\n\nexport async function d(): Promise<void> {}\n"
    expect(undocumented(text)).toEqual([
      { line: 3, name: 'a' },
      { line: 6, name: 'B' },
      { line: 9, name: 'C' },
      { line: 11, name: 'd' },
    ])
  })

  it('passes what has one, on one line or on several, and what is only passed on', () => {
    const several = '/**\n * What.\n */\nexport abstract class A {}\n'
    const overloads = '/** What. */\nexport function b(x: 1): 1\nexport function b(x: 2): 2\n'
    expect(
      undocumented(`${several}${overloads}/** What. */\nexport const c = 1\nexport { d } from './d.js'\nexport type { E } from './e.js'\nconst f = 1\n`),
    ).toEqual([])
  })

  it('is not fooled by a comment that ends on the line above without being one of this export', () => {
    expect(undocumented('const a = 1 /* b */\nexport const c = a\n')).toEqual([{ line: 2, name: 'c' }])
  })
})
