/**
 * `npm run quickstart`: tunes the two kernels of examples/quickstart ahead of time on whatever adapter there
 * is, the embedded software adapter if need be, and says where everything is.
 * Usage: npm run quickstart [-- flags of helion-aot, e.g. --run-id NAME]
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Seconds for the search on one shape: enough to see gains, few enough to wait for. */
const SECONDS_PER_SHAPE = '6'

const root = fileURLToPath(new URL('..', import.meta.url))
const program = ['node', '--import', 'tsx', 'examples/quickstart/bench.ts']
const options = ['bin/helion-aot.js', '--effort', 'quick', ...process.argv.slice(2), '--', ...program]
const { status, signal } = spawnSync(process.execPath, options, {
  cwd: root,
  stdio: 'inherit',
  env: { HELION_AUTOTUNE_BUDGET_SECONDS: SECONDS_PER_SHAPE, ...process.env },
})
process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1)
