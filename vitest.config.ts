import { defineConfig } from 'vitest/config'

const noFiles: readonly string[] = []

/** Files that count memory and handles, or fill a process: each has a process of its own, as the others have not. `--project 'integration*'` runs both. */
const alone = ['leaks', 'mixed-viewers', 'portable-speed'].map((name) => `test/integration/${name}.test.ts`)

/** Test tiers, each a project: `npx vitest run --project unit test/unit/foo.test.ts`. */
const tier = (
  name: string,
  testTimeout: number,
  { serial = false, retry = 0, isolate = true, files = [`test/${name}/**/*.test.ts`], except = noFiles } = {},
) => ({
  test: {
    name,
    include: [...files],
    exclude: [...except],
    setupFiles: ['src/polyfill.ts'],
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    fileParallelism: !serial,
    isolate,
    retry,
  },
})

/** What meets processes, sockets and the clock of a shared machine has a second try in CI; the report names each test that needed it. */
const again = { retry: process.env['CI'] ? 1 : 0 }

export default defineConfig({
  test: {
    projects: [
      tier('unit', 20_000, { ...again, isolate: false }),
      tier('compliance', 20_000, { ...again, isolate: false }),
      tier('integration', 60_000, { ...again, isolate: false, except: alone }),
      tier('integration-alone', 60_000, { ...again, files: alone }),
      tier('fuzz', 120_000, { isolate: false }),
      tier('e2e', 180_000, { ...again, isolate: false }),
      tier('faults', 400_000, { serial: true, ...again }),
      tier('lan', 300_000, { serial: true, ...again }),
    ],
  },
})
