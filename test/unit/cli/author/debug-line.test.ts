import { describe, expect, it } from 'vitest'
import { debugLine } from '../../../../src/cli/author/debug-line.js'

describe('the line with which a plugin is debugged', () => {
  it('has the debugger of the language, where there is one', () => {
    expect(debugLine('/p', { command: 'python3', args: ['hello.py'] }, '/s/x')).toBe('cd /p && SHOAL_PLUGIN_SOCKET=/s/x python3 -m pdb hello.py')
    expect(debugLine('/p', { command: '/usr/bin/node', args: ['x.mjs'] }, '/s')).toBe('cd /p && SHOAL_PLUGIN_SOCKET=/s /usr/bin/node --inspect-brk x.mjs')
    expect(debugLine('/p', { command: './hello' }, '/s')).toBe('cd /p && SHOAL_PLUGIN_SOCKET=/s ./hello')
  })

  it('is one that a shell takes', () => {
    expect(debugLine('/my plugins/a', { command: './x', args: ["it's", ''], env: { A: '$HOME' } }, '/s')).toBe(
      "cd '/my plugins/a' && A='$HOME' SHOAL_PLUGIN_SOCKET=/s ./x 'it'\\''s' ''",
    )
  })
})
