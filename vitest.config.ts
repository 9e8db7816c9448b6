import { defineConfig } from 'vitest/config'

/** Test tiers, each a project: `npx vitest run --project unit test/unit/foo.test.ts`. */
const tier = (name: string, testTimeout: number, serial = false) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['src/polyfill.ts'],
    testTimeout,
    hookTimeout: testTimeout,
    pool: 'forks' as const,
    fileParallelism: !serial,
  },
})

export default defineConfig({
  test: {
    projects: [
      tier('unit', 20_000),
      tier('compliance', 20_000),
      tier('integration', 60_000),
      tier('fuzz', 120_000),
      tier('e2e', 180_000, true),
      tier('lan', 300_000, true),
    ],
  },
})
