import { describe, expect, it } from 'vitest'
import { codeFolder, keepCompiledCode } from '../../../src/cli/compiled-code.js'

describe('compiled code', () => {
  it('is kept in the folder for caches, of the person alone', () => {
    expect(codeFolder({ HOME: '/home/ada' })).toBe('/home/ada/.cache/shoal/code')
    expect(codeFolder({ HOME: '/home/ada', XDG_CACHE_HOME: '/var/cache/ada' })).toBe('/var/cache/ada/shoal/code')
    expect(codeFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'relative' })).toBe('/home/ada/.cache/shoal/code')
  })

  it('is not kept where nothing says whose it would be', () => {
    expect(codeFolder({})).toBeUndefined()
    expect(codeFolder({ HOME: '' })).toBeUndefined()
  })

  it('never fails a start', () => {
    expect(() => keepCompiledCode({ HOME: '/proc/nobody' })).not.toThrow()
    expect(() => keepCompiledCode({})).not.toThrow()
  })
})
