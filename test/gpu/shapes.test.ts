/** Sizes that are easy to get wrong: none, one, primes, more tiles than one dimension of a launch takes. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { expectRight, Subject } from './subject.ts'

/** Every way to number the tiles of a grid of two dimensions. */
const ORDERS: readonly ConfigInput[] = [
  {},
  { l2_groupings: [4], loop_orders: [[1, 0]] },
  { flatten_loops: [true] },
  { pid_type: 'xyz' },
  { pid_type: 'persistent_blocked' },
  { pid_type: 'persistent_interleaved', l2_groupings: [2] },
]

/** Positions count: elements that change places show. */
function numbered(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
    const place = i.index.unsqueeze(1).mul(100).add(j.index.unsqueeze(0))
    out.at(i, j).set(x.at(i, j).add(place))
  }
  return out
}

describe('two dimensions', () => {
  it.each([
    [0, 5],
    [5, 0],
    [0, 0],
    [1, 1],
    [1, 37],
    [37, 1],
    [13, 31],
  ])('%i x %i', async (m, n) => {
    await expectRight(numbered, [whole([m, n])], ORDERS)
  })

  it('three, the middle one empty', async () => {
    await expectRight(
      kernels.doubled3d,
      [whole([3, 0, 4])],
      [...ORDERS.slice(0, 1), { flatten_loops: [true] }],
    )
    await expectRight(kernels.doubled3d, [whole([1, 7, 1])], [{ l2_groupings: [2] }, { pid_type: 'xyz' }])
  })

  it.each([
    [0, 5, 5],
    [5, 0, 5],
    [5, 5, 0],
    [1, 0, 1],
  ])('a product of %i x %i and … x %i', async (m, k, n) => {
    await expectRight(kernels.matmul, [whole([m, k]), whole([k, n])], [{}, { num_stages: 2 }])
  })

  it('a tensor without dimensions', async () => {
    await expectRight(
      function total(x: Tensor, start: Tensor) {
        const out = hl.empty([])
        for (const _ of hl.grid(1)) out.at().set(start.at().add(x.at(':').sum(0)))
        return out
      },
      [whole([5]), whole([])],
    )
  })
})

describe('more tiles than one dimension of a launch takes', async () => {
  const most = (await getDevice()).limits.maxWorkgroupsPerDimension
  const tiny = { block_sizes: [1], num_warps: 1, indexing: 'pointer' } as const
  const size = most + 5

  it.each([true, false])('of one dimension; static shapes: %s', async (staticShapes) => {
    const subject = await Subject.of(kernels.vectorAdd, [whole([size]), whole([size])], { staticShapes })
    await subject.expectRight(tiny)
    expect(subject.wgsl(tiny)).toContain('workgroups.x')
    await subject.expectRight({ ...tiny, pid_type: 'persistent_interleaved', num_sm_multiplier: 32 })
  })

  it('along one dimension of a launch in three is refused, before anything is built', async () => {
    const subject = await Subject.of(numbered, [whole([size, 1])])
    const tall = { block_sizes: [1, 1], num_warps: 1 }
    await expect(subject.expectRight({ ...tall, pid_type: 'xyz' })).rejects.toThrow(
      new ConfigError(`pid_type 'xyz' would launch 1 x ${size} x 1 workgroups; the limit is ${most} each`, {
        remedy: `Use pid_type 'flat'.`,
      }),
    )
    await subject.expectRight({ ...tall, l2_groupings: [64] })
  })
})
