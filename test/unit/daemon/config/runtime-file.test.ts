import { describe, expect, it } from 'vitest'
import { changeText } from '../../../../src/daemon/config/runtime-file.js'

describe('changeText', () => {
  it('takes back what was never set, and goes on from there', () => {
    const key = ['plugins', 'hello', 'enabled']
    const nothing = changeText('', key, undefined, 'f')
    const once = changeText(nothing, key, false, 'f')
    expect(once).toMatch(/^# [^\n]+\n\nplugins:\n {2}hello:\n {4}enabled: false\n$/)
    const again = changeText(changeText(once, key, undefined, 'f'), key, true, 'f')
    expect(again.match(/enabled/g)).toHaveLength(1)
    expect(() => changeText('- a list', key, true, 'f')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }))
  })
})
