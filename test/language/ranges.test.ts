/** Parts of a dimension as positions: `hl.range(begin, end)`. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { programConfigs } from '../codegen/random_programs.ts'
import { expectRun, host, ramp } from './harness.ts'
import * as kernels from './range_kernels.ts'

const X = host([2, 6], (i) => i)

describe('a range', () => {
  it('is one axis wherever it is used, and reads and writes where it says', () => {
    expectRun(kernels.halves, [X], [3, 5, 7, 0, 0, 0, 15, 17, 19, 0, 0, 0])
    expectRun(
      (x: Tensor) => {
        const out = hl.zeros([2, 6])
        for (const t of hl.tile(2)) {
          const middle = hl.range(2, 5)
          out.at(t, middle).set(x.at(t, middle).mul(10).add(middle.index))
        }
        return out
      },
      [X],
      [0, 0, 22, 33, 44, 0, 0, 0, 82, 93, 104, 0],
    )
  })

  it('of one position, and of none', () => {
    expectRun(
      (x: Tensor) => {
        const out = [hl.empty([2]), hl.empty([2]), hl.zeros([2, 6])] as const
        for (const t of hl.tile(2)) {
          out[0].at(t).set(x.at(t, hl.range(3, 4)).sum(1))
          out[1].at(t).set(x.at(t, hl.range(4, 4)).sum(1))
          out[2].at(t, hl.range(5, 6)).set(x.at(t, hl.range(1)))
        }
        return [...out]
      },
      [X],
      [
        [3, 9],
        [0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6],
      ],
    )
  })

  it('from a position that the device computes, as long as the kernel says', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([2, 2, 4], 'i32')
        for (const i of hl.grid(2)) {
          const begin = i.mul(3).sub(1)
          out.at(i, ':', ':').set(x.at(':', hl.range(begin, begin.add(4))))
          out.at(i, 0, ':').set(hl.arange(i.mul(4), i.add(1).mul(4)))
        }
        return out
      },
      [X],
      [0, 1, 2, 3, 0, 6, 7, 8, 4, 5, 6, 7, 8, 9, 10, 11],
    )
    const block = (x: Tensor): Tensor => {
      const out = hl.zeros([12])
      const size = hl.registerBlockSize(12)
      for (const t of hl.tile(6, { blockSize: size })) {
        const both = hl.range(t.begin.mul(2), t.begin.add(t.blockSize).mul(2))
        out.at(both).set(x.reshape([-1]).at(both).add(1))
      }
      return out
    }
    expectRun(block, [X], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it('of views, and of the other dimension', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([3])
        for (const t of hl.tile(3)) {
          const rows = x.T.slice(0, 1, 6, 2).at(t, hl.range(1, 2))
          out.at(t).set(rows.squeeze(1).add(x.slice(1, 3).at(hl.range(0, 1), t).squeeze(0).mul(100)))
        }
        return out
      },
      [X],
      [307, 409, 511],
    )
  })

  it('compiles under every config', () => {
    for (const [m, n] of [
      [3, 8],
      [5, 26],
      [1, 2],
      [4, 0],
    ] as const) {
      for (const dynamic of [false, true]) {
        const subject = new OnCpu(kernels.halves, [ramp([m, n])], { dynamic, maxWorkgroupInvocations: 64 })
        for (const { data } of programConfigs(subject.compiled.spec, 3, n)) subject.expectRight(data)
      }
    }
  })
})

describe('where sizes tell that a range lies inside', () => {
  it('accesses need no bounds, and take four elements at once', () => {
    const text = new OnCpu(kernels.halves, [ramp([8, 32])], { dynamic: false }).compiled.wgsl()
    expect(text).not.toContain('in_bounds')
    expect(text).toContain('x_vec4')
  })
})
