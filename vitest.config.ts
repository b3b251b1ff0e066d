/**
 * Projects: `pure` for folders whose code keeps nothing between calls, so that their files share what they
 * import; `unit` for others that never touch a GPU; `shaders` for kernels on the default device, whose files
 * share that and the process; `gpu` for everything else, each file in a process of its own, because Dawn is a
 * native addon with threads. Without HELION_ADAPTER the embedded software adapter is used, on every machine.
 * No test is a race: the time limit only ends runs that hang.
 */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const testsIn = (folders: readonly string[]): string[] =>
  folders.map((folder) => `test/${folder}/**/*.test.ts`)

const pureFiles = testsIn(['config', 'ir', 'language', 'codegen'])
const unitFiles = testsIn(['support', 'heuristics', 'aot/evaluate', 'gates', 'scripts'])
const shaderFiles = testsIn(['gpu'])
/** Files that share a process start alike. */
const EACH_FILE = ['test/gpu/each_file.ts']
const tenMinutes = 600_000

const shared = {
  env: { HELION_ADAPTER: process.env.HELION_ADAPTER || 'swiftshader' },
  testTimeout: tenMinutes,
  hookTimeout: tenMinutes,
  expect: { poll: { timeout: tenMinutes } },
}

const onGpu = {
  ...shared,
  // Tests of isolation turn it on; for the others it would start a second process in each file.
  env: {
    ...shared.env,
    HELION_AUTOTUNE_BENCHMARK_SUBPROCESS: process.env.HELION_AUTOTUNE_BENCHMARK_SUBPROCESS || '0',
  },
  pool: 'forks' as const,
}
const resolve = { alias: { 'helion-aot': fileURLToPath(new URL('src/index.ts', import.meta.url)) } }

const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    globalSetup: 'test/folder_of_run.ts',
    projects: [
      {
        test: {
          ...shared,
          name: 'pure',
          include: pureFiles,
          pool: 'threads',
          isolate: false,
          setupFiles: EACH_FILE,
        },
      },
      { test: { ...shared, name: 'unit', include: unitFiles, pool: 'threads' } },
      {
        resolve,
        test: { ...onGpu, name: 'shaders', include: shaderFiles, isolate: false, setupFiles: EACH_FILE },
      },
      {
        resolve,
        test: {
          ...onGpu,
          name: 'gpu',
          include: ['test/**/*.test.ts'],
          exclude: [...pureFiles, ...unitFiles, ...shaderFiles, 'test/fixtures/**'],
        },
      },
    ],
  },
})

export default config
