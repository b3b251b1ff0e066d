/** `hl.print` on the GPU and in the interpreter, and left out. */
import { expect, it, vi } from 'vitest'
import { hl, kernel, type Tensor, tensor } from '../../src/index.ts'
import { FOREVER, ramp, trial } from '../autotuner/kernel_trials.ts'

function shown(x: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) {
    const value = x.at(i, j).mul(2)
    hl.print('value {} in column {}', value, j.index)
    hl.print('large', value.gt(6))
    out.at(i, j).set(value)
  }
  for (const _ of hl.grid(1)) hl.print('the end', x.at(0, 0).to('i32'), 1.5)
  return out
}

const X = tensor([
  [1, 2, 3],
  [4, 5, 6],
])
const TEXT = [
  'value 2 in column 0 at [0, 0]',
  'value 4 in column 1 at [0, 1]',
  'value 6 in column 2 at [0, 2]',
  'value 8 in column 0 at [1, 0]',
  'value 10 in column 1 at [1, 1]',
  'value 12 in column 2 at [1, 2]',
  'large false at [0, 0]',
  'large false at [0, 1]',
  'large false at [0, 2]',
  'large true at [1, 0]',
  'large true at [1, 1]',
  'large true at [1, 2]',
  'the end 1 1.5',
]

/** What a call with these options says on stderr. */
async function said(options: object): Promise<readonly string[]> {
  const lines: string[] = []
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(...String(text).trimEnd().split('\n'))
    return true
  })
  try {
    const quiet = { autotuneEffort: 'none', ignoreWarnings: ['DefaultConfigWarning'], ...options } as const
    const out = kernel({ config: { block_sizes: [2, 2] }, ...quiet }, shown)(X)
    expect([...(await out.data())]).toEqual([2, 4, 6, 8, 10, 12])
    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual('devicePrint' in options ? 13 : 0))
  } finally {
    write.mockRestore()
  }
  return lines
}

it.each([
  { devicePrint: true },
  { devicePrint: true, staticShapes: false },
  { devicePrint: true, refMode: true },
])('with %j prints every element in order', async (options) => {
  expect(await said(options)).toEqual(TEXT)
})

it('is left out unless it is asked for, and no value counts as unused', async () => {
  expect(await said({})).toEqual([])
})

it('does not disturb a search', async () => {
  const { spec, benchmarker } = await trial(shown, [await ramp([4, 8])], { devicePrint: true })
  const configs = [{}, { block_sizes: [2, 4] }].map((one) => spec.normalize(one, 'strict'))
  const results = await benchmarker.measure(configs, { budget: FOREVER, compileTimeoutMs: 60_000 })
  expect(results.map(({ status, reason }) => [status, reason])).toEqual(configs.map(() => ['ok', undefined]))
})
