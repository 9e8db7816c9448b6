import { describe, expect, it } from 'vitest'
import { ownPlace, readAtOnce, startedFiles, tooEarly } from '../../../scripts/bundle.js'
import { packageFolders } from '../../../scripts/notices.js'

describe('the bundle', () => {
  it('finds the programs that sources start by their file', () => {
    const sources = new Map([
      ['plugins/x/thread.ts', "new Worker(new URL('./worker.js', import.meta.url)); new URL('./worker.ts', import.meta.url)"],
      ['cli/bench/a.ts', "spawn(fileURLToPath(new URL('../readers.js', import.meta.url)))"],
      ['cli/b.ts', "new URL('../../web/', import.meta.url); new URL('./bench/../readers.js', import.meta.url)"],
    ])
    expect(startedFiles(sources)).toEqual(['cli/readers.ts', 'plugins/x/worker.ts'])
  })

  it.each(['file:///opt/shoal/dist/chunks/c-1.js', 'file:///opt/dist/shoal/dist/cli/main.js', 'file:///dist/dist/index.js?fresh=1'])(
    'lets %s name the place of its source',
    (url) => {
      const code = ownPlace('import.meta.url', 'plugins/x/y.ts').replace('import.meta.url', JSON.stringify(url))
      const place: unknown = new Function(`return ${code}`)()
      expect(place).toBe(`${url.slice(0, url.lastIndexOf('/dist/'))}/dist/plugins/x/y.js`)
    },
  )

  it('says which packages come too early', () => {
    const file = (entryPoint: string | undefined, inputs: string[], ...paths: string[]) => {
      const imports = paths.map((path) => ({ path, kind: 'import-statement' as const }))
      return {
        bytes: 1,
        exports: [],
        imports,
        inputs: Object.fromEntries(inputs.map((input) => [input, { bytesInOutput: 1 }])),
        ...(entryPoint && { entryPoint }),
      }
    }
    const outputs = {
      'a.js': file('src/a.ts', ['src/a.ts', 'node_modules/pg/index.js'], 'b.js'),
      'b.js': file(undefined, ['src/pg/b.ts', 'node_modules/x/node_modules/ws/i.js', 'node_modules/pg-x/i.js']),
    }
    expect(tooEarly({ outputs }, [['src/a.ts', /^\/(pg|ws)\//]])).toEqual(['src/a.ts brings pg along', 'src/a.ts brings ws along'])
    expect(tooEarly({ outputs }, [['src/c.ts', /^\/pg\//]])).toEqual(['src/c.ts is no entry point'])
  })

  it('follows what is imported at once, not what is imported later', () => {
    const output = (...imports: { path: string; kind: 'import-statement' | 'dynamic-import'; external?: boolean }[]) => {
      return { bytes: 1, inputs: {}, exports: [], imports }
    }
    const outputs = {
      'main.js': output({ path: 'a.js', kind: 'import-statement' }, { path: 'c.js', kind: 'dynamic-import' }),
      'a.js': output({ path: 'b.js', kind: 'import-statement' }, { path: 'level', kind: 'import-statement', external: true }),
      'b.js': output({ path: 'a.js', kind: 'import-statement' }),
      'c.js': output(),
    }
    expect(readAtOnce(outputs, 'main.js')).toEqual(['main.js', 'a.js', 'b.js'])
  })

  it('knows the packages that files belong to', () => {
    const files = ['src/index.ts', 'node_modules/a/x.js', 'node_modules/a/lib/y.js', 'node_modules/@s/b/z.js', 'node_modules/a/node_modules/c/i.js']
    expect(packageFolders(files)).toEqual(['node_modules/@s/b', 'node_modules/a', 'node_modules/a/node_modules/c'])
  })
})
