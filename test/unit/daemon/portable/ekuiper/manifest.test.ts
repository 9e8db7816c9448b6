import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readManifest, requiredFiles } from '../../../../../src/daemon/portable/ekuiper/manifest.js'

const good = { version: 'v1.0.0', language: 'go', executable: 'mirror', sources: ['random'], sinks: ['file'], functions: ['echo'] }
const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json))
const problemsOf = (json: unknown, name = 'mirror'): unknown => {
  try {
    readManifest(name, bytes(json))
    return []
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_INVALID' })
    return (error as { data?: { problems: string[] } }).data?.problems
  }
}

describe('a manifest', () => {
  it('is read, with the files that must lie beside it', () => {
    const manifest = readManifest('mirror', bytes(good))
    expect(manifest).toEqual({ name: 'mirror', ...good })
    expect(requiredFiles(manifest)).toEqual(['mirror.json', 'mirror', 'sources/random.yaml'])
    const python = readManifest('py', bytes({ language: 'python', executable: 'py.py', virtualEnvType: 'conda', env: 'myenv', functions: ['f'] }))
    expect(python).toMatchObject({ version: '', environment: { type: 'conda', name: 'myenv' }, sources: [] })
  })

  it.each([
    [{ ...good, language: undefined }, 'invalid plugin, missing language'],
    [{ ...good, language: 'rust' }, "invalid plugin, language 'rust' is not supported"],
    [{ ...good, language: 7 }, 'language: must be a text of at most 255 characters'],
    [{ ...good, executable: '' }, 'invalid plugin, missing executable'],
    [{ ...good, executable: '../sh' }, 'executable: must be'],
    [{ ...good, executable: '/bin/sh' }, 'executable: must be'],
    [{ ...good, executable: 'a\\b' }, 'executable: must be'],
    [{ language: 'go', executable: 'x' }, 'must define at lease one source, sink or function'],
    [{ ...good, sources: 'random' }, 'sources: must be a list'],
    [{ ...good, sinks: [1] }, 'sinks: must be a list'],
    [{ ...good, functions: ['a/b'] }, 'functions: must be a list'],
    [{ ...good, sources: ['../x'] }, 'sources: must be a list'],
    [{ ...good, sources: ['a', 'a'] }, 'sources: a is there twice'],
    [{ ...good, sinks: Array.from({ length: 257 }, (_, index) => `s${index}`) }, 'sinks: must be a list'],
    [{ ...good, virtualEnvType: 'venv', env: 'x' }, 'virtualEnvType: venv is not supported'],
    [{ ...good, virtualEnvType: 'conda' }, 'env: must name'],
    [{ ...good, version: 'x'.repeat(256) }, 'version: must be'],
  ])('is refused when it is %j', (json, problem) => {
    expect(problemsOf(json)).toContainEqual(expect.stringContaining(problem))
  })

  it('names everything that is wrong at once', () => {
    expect(problemsOf({ sources: 1, sinks: 2 })).toHaveLength(4)
  })

  it.each(['', '..', 'a/b', 'a b', '-x', 'ä', 'x'.repeat(65)])('has no plugin named %j', (name) => {
    expect(problemsOf(good, name)).toHaveLength(1)
  })

  it('of any JSON, and of no JSON, gives a manifest or a typed error', () => {
    const code = expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' })
    const typed = (value: Uint8Array): void => {
      try {
        readManifest('x', value)
      } catch (error) {
        expect(error).toEqual(code)
      }
    }
    fc.assert(fc.property(fc.json(), (text) => typed(new TextEncoder().encode(text))))
    fc.assert(fc.property(fc.uint8Array(), typed))
    const field = fc.constantFrom(...Object.keys(good), 'env', 'virtualEnvType')
    fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), (part) => typed(bytes({ ...good, ...part }))))
    expect(() => readManifest('x', new Uint8Array(70_000).fill(32))).toThrow(code)
  })
})
