/** The result that several processes store at the same time. */
import type { Result } from '../../src/autotuner/cache/result_store.ts'

export const CONTENDED: Result = {
  key: {
    kernel: 'softmax',
    ir: 'ir1',
    specialization: 'f32[4096,1024]',
    space: 'space1',
    device: 'gpu',
    driver: '1',
    runtime: '1',
    settings: '{}',
    tool: '1',
  },
  config: { block_sizes: [4] },
  ms: 0.5,
  spread: 0.01,
  effort: 'full',
  search: 'PatternSearch',
  tested: 300,
  seconds: 60,
  createdAt: '2026-11-21T00:00:00.000Z',
  runnersUp: [],
  hung: [],
}
