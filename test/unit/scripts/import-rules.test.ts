import { describe, expect, it } from 'vitest'
import { checkImports, importsOf, rankOf } from '../../../scripts/import-rules.js'

const rules = (files: Record<string, string>): string[] => checkImports(new Map(Object.entries(files))).map(({ rule }) => rule)

describe('import rules', () => {
  it('reads every form of import', () => {
    const source = `
      import a from './a.js'
      import type { B } from './b.js'
      import { c,
        d } from './c.js'
      export * from './e.js'
      const f = await import('./f.js')
      type G = import('./g.js').G
      import './h.js'
      // import i from './i.js'
      /* import j from './j.js' */`
    expect(importsOf(source).sort()).toEqual(['./a.js', './b.js', './c.js', './e.js', './f.js', './g.js', './h.js'])
  })

  it('knows the rank of every room', () => {
    expect(
      [
        'src/plugin.ts',
        'src/media/flv/tag.ts',
        'src/plugins/rtmp/index.ts',
        'src/daemon/streams/hub.ts',
        'src/daemon/host/host.ts',
        'src/daemon/api/table.ts',
        'src/daemon/daemon.ts',
        'src/cli/main.ts',
      ].map(rankOf),
    ).toEqual([0, 1, 2, 3, 4, 5, 7, 9])
  })

  it('lets a file import from below and from its own folder', () => {
    expect(
      rules({
        'src/errors.ts': '',
        'src/daemon/util/queue.ts': "import '../../errors.js'",
        'src/daemon/streams/hub.ts': "import './path.js'; import '../util/queue.js'",
        'src/daemon/streams/path.ts': '',
        'src/plugins/x/api.ts': '',
        'src/cli/commands/x.ts': "import type { X } from '../../plugins/x/api.js'",
      }),
    ).toEqual([])
  })

  const planted: [string, Record<string, string>, string][] = [
    ['an upward import', { 'src/daemon/streams/hub.ts': "import '../host/host.js'", 'src/daemon/host/host.ts': '' }, 'rank 3 may not import rank 4'],
    [
      'two rooms of one rank',
      { 'src/daemon/streams/hub.ts': "import '../payloads/router.js'", 'src/daemon/payloads/router.ts': '' },
      'rank 3 may not import rank 3',
    ],
    [
      'a plugin that imports the daemon',
      { 'src/plugins/x/index.ts': "import '../../daemon/util/queue.js'", 'src/daemon/util/queue.ts': '' },
      'a plugin knows the contract and media, not the daemon',
    ],
    ['a plugin that imports another', { 'src/plugins/x/index.ts': "import '../y/index.js'", 'src/plugins/y/index.ts': '' }, 'rank 2 may not import rank 2'],
    ['libp2p outside the swarm', { 'src/daemon/host/host.ts': "import { createLibp2p } from 'libp2p'" }, 'this package has one owner'],
    ['level outside the store', { 'src/daemon/keystore/peer-book.ts': "import { Level } from 'level'" }, 'this package has one owner'],
    [
      'a command that imports the daemon',
      { 'src/cli/commands/status.ts': "import '../../daemon/daemon.js'", 'src/daemon/daemon.ts': '' },
      'only start, demo and offline.ts import the daemon',
    ],
    [
      'a command that imports more of a plugin than the shapes of its answers',
      { 'src/cli/commands/x.ts': "import '../../plugins/x/index.js'", 'src/plugins/x/index.ts': '' },
      'only start, demo and offline.ts import the daemon',
    ],
    ['a cycle', { 'src/media/a.ts': "import './b.js'", 'src/media/b.ts': "import './a.js'" }, 'import cycle'],
    ['a missing file', { 'src/media/a.ts': "import './nowhere.js'" }, 'the imported file does not exist'],
  ]
  for (const [name, files, rule] of planted) {
    it(`sees ${name}`, () => expect(rules(files)).toEqual([rule]))
  }
})
