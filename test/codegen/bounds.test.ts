/** Positions beyond a tensor read zero and are not written, whatever they are made from. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { vectorAdd } from '../gpu/kernels.ts'
import { ramp } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS = [
  { block_sizes: [16] },
  { block_sizes: [4] },
  { block_sizes: [16], indexing: 'pointer' as const },
]

/** Nothing says that the positions of the tiles exist in `short`. */
function spread(long: Tensor, short: Tensor): readonly Tensor[] {
  const [read, written] = [hl.emptyLike(long), hl.zerosLike(short)]
  for (const t of hl.tile(long.shape[0])) {
    read.at(t).set(long.at(t).add(short.at(t.index)))
    written.at(t.index).set(long.at(t))
  }
  return [read, written]
}

function rows(long: Tensor, short: Tensor): Tensor {
  const out = hl.empty([long.shape[0], short.shape[1]])
  for (const [i, j] of hl.tile([long.shape[0], short.shape[1]])) out.at(i, j).set(short.at(i.index, j))
  return out
}

it.each([false, true])('of a tile, in a shorter tensor; dynamic %s', (dynamic) => {
  for (const [length, shorter] of [
    [16, 5],
    [16, 8],
    [13, 5],
    [20, 3],
  ] as const) {
    const kernel = new OnCpu(spread, [ramp([length]), ramp([shorter])], { dynamic })
    for (const config of CONFIGS) kernel.expectRight(config)
    const twoDimensional = new OnCpu(rows, [ramp([length]), ramp([shorter, 4])], { dynamic })
    for (const config of CONFIGS)
      twoDimensional.expectRight({ ...config, block_sizes: [...config.block_sizes, 4] })
  }
})

it('are not checked where a launch does', () => {
  const kernel = new OnCpu(vectorAdd, [ramp([61]), ramp([61])], { dynamic: true })
  kernel.expectRight({ block_sizes: [16] })
  expect(kernel.compiled.wgsl({ block_sizes: [16] })).not.toContain('in_bounds')
})
