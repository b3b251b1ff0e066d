/** Block sizes that loops share, and memory of a launch whose shape depends on them. */
import { expect, it } from 'vitest'
import { kernel, tensor } from '../../src/index.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { whole } from './inputs.ts'
import { expectRight } from './subject.ts'

function columnSums(x: Tensor): Tensor {
  const [m = 0, n = 0] = x.shape
  const block = hl.registerBlockSize(m)
  const partial = hl.empty([hl.cdiv(m, block), n])
  const counts = hl.zeros([hl.cdiv(m, block)], 'i32')
  const out = hl.empty([n])
  for (const rows of hl.tile(m, { blockSize: block })) {
    partial.at(rows.id, ':').set(x.at(rows, ':').sum(0))
    counts.at(rows.id).atomicAdd(1)
  }
  for (const t of hl.tile(n)) out.at(t).set(partial.at(':', t).sum(0).mul(counts.at(':').amax()))
  return out
}

it('are right under configs of all sizes', async () => {
  await expectRight(
    columnSums,
    [whole([37, 20])],
    [{}, { block_sizes: [1, 4] }, { block_sizes: [64, 32] }, { block_sizes: [8, 8], reduction_loops: 8 }],
  )
})

it('may be no power of two, and sizes of the launch', async () => {
  function oddColumns(x: Tensor): Tensor {
    const [m = 0, n = 0] = x.shape
    const half = hl.cdiv(m, 2)
    const out = hl.zeros([2, n])
    for (const [rows, columns] of hl.tile([m, n], { blockSize: [half, 12] })) {
      const acc = hl.zeros([columns])
      for (const r of hl.tile(rows.begin, rows.end, { blockSize: 5 })) acc.addAssign(x.at(r, columns).sum(0))
      out.at(rows.id, columns).set(acc.mul(columns.id.add(1)))
    }
    return out
  }
  await expectRight(oddColumns, [whole([37, 20])], [{}, { num_warps: 1 }, { pid_type: 'persistent_blocked' }])
})

it('are tuned, and every call fills its own memory', async () => {
  const sums = kernel({ staticShapes: false, autotuneEffort: 'none' }, columnSums)
  const x = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ])
  for (const _ of [1, 2, 3]) expect([...(await sums(x).data())]).toEqual([9, 12])
  sums.bind(x).setConfig({ block_sizes: [2, 2] })
  for (const _ of [1, 2]) expect([...(await sums(x).data())]).toEqual([9, 12])
})
