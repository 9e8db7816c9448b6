import { defineConfig } from 'vitest/config'

/** Test tiers, each a project: `npx vitest run --project unit test/unit/foo.test.ts`. */
const tier = (name: string, testTimeout: number, { serial = false, retry = 0 } = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['src/polyfill.ts'],
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    fileParallelism: !serial,
    retry,
  },
})

/** What meets processes, sockets and the clock of a shared machine has a second try in CI; the report names each test that needed it. */
const again = { retry: process.env['CI'] ? 1 : 0 }

export default defineConfig({
  test: {
    projects: [
      tier('unit', 20_000, again),
      tier('compliance', 20_000, again),
      tier('integration', 60_000, again),
      tier('fuzz', 120_000),
      tier('e2e', 180_000, { serial: true, ...again }),
      tier('faults', 400_000, { serial: true, ...again }),
      tier('lan', 300_000, { serial: true, ...again }),
    ],
  },
})
