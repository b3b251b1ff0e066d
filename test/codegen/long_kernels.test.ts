/** Kernels of many operations: neither tracing nor compiling goes deeper than JavaScript's stack. */
import { expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { host, ramp, run, traced } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

/** A kernel of so many operations, each of which needs the one before. */
function chain(length: number) {
  return (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) {
      let value: TileValue = x.at(t)
      for (let i = 0; i < length; i++) value = i % 2 === 0 ? value.add(1) : value.neg()
      out.at(t).set(value)
    }
    return out
  }
}

it('are traced, whatever their length', () => {
  expect(traced(chain(50_000), [ramp([4])]).grids[0]?.body.length).toBeGreaterThan(50_000)
})

it('are computed and compiled', () => {
  expect(run(chain(9000), [host([4], [1, 2, 3, 4])]).returned).toEqual([1, 2, 3, 4])
  expect(new Compiled(chain(9000), [ramp([4])]).wgsl().length).toBeGreaterThan(9000)
})

it('are refused for what they load, each value of which is looked at once', () => {
  const loads = (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) {
      let value: TileValue = x.at(t)
      for (let i = 0; i < 300; i++) value = value.mul(x.at(t)).add(x.at(t)).sub(1)
      out.at(t).set(value)
    }
    return out
  }
  expect(() => new Compiled(loads, [ramp([64])]).wgsl()).toThrow(/needs about 601 registers per thread/)
})

it('name once what many operations read twice, of index arithmetic too', () => {
  const doubled = (x: Tensor): Tensor => {
    const out = hl.emptyLike(x, 'i32')
    for (const t of hl.tile(x.shape[0])) {
      let index: TileValue = t.index
      for (let i = 0; i < 60; i++) index = index.add(index.mul(3))
      out.at(t).set(index)
    }
    return out
  }
  const lines = new Compiled(doubled, [ramp([64])], { subgroupSize: 0 })
    .wgsl({ block_sizes: [32], num_warps: 1 })
    .split('\n')
  expect(lines.length).toBeLessThan(200)
})
