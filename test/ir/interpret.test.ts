import { describe, expect, it } from 'vitest'
import { tileType } from '../../src/ir/build.ts'
import { interpretKernel } from '../../src/ir/interpret.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectInPlace, expectRun, host, ramp, run, traced } from '../language/harness.ts'
import { Maker } from './regions.ts'

function fill(x: Tensor): void {
  for (const t of hl.tile(x.shape[0])) x.at(t).set(1)
}

describe('memory', () => {
  it('reads zero outside of a tensor, wherever the position comes from', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([6])
        for (const t of hl.tile(6)) out.at(t).set(x.at(t.index.sub(1)).mul(10))
        return out
      },
      [host([4], [1, 2, 3, 4])],
      [0, 10, 20, 30, 40, 0],
    )
  })

  it('reads zero when one of two positions is outside', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([4])
        for (const t of hl.tile(4)) out.at(t).set(x.at(t.index, t.index.mul(2).sub(2)))
        return out
      },
      [host([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])],
      [0, 4, 9, 0],
    )
  })

  it('drops writes outside of a tensor', () => {
    const written: number[] = []
    const { tensors } = run(
      (x: Tensor) => {
        for (const t of hl.tile(4)) x.at(t.index.sub(2)).set(t.index)
      },
      [host([3], [-1, -1, -1])],
      { extent: 2, onWrite: (tensor, position) => written.push(tensor, position) },
    )
    expect(tensors[0]).toEqual([2, 3, -1])
    expect(written).toEqual([0, 0, 0, 1])
  })

  it('writes values of the tensor dtype', () => {
    const store = (dtype: 'f16' | 'i32' | 'u32' | 'bool') =>
      run(
        (x: Tensor, y: Tensor) => {
          for (const t of hl.tile(4)) y.at(t).set(x.at(t))
        },
        [host([4], [0.1, -1.5, 3e9, 0]), host([4], [9, 9, 9, 9], dtype)],
      ).tensors[1]
    expect(store('f16')).toEqual([0.0999755859375, -1.5, Number.POSITIVE_INFINITY, 0])
    expect(store('i32')).toEqual([0, -1, 2147483647, 0])
    expect(store('u32')).toEqual([0, 0, 3000000000, 0])
    expect(store('bool')).toEqual([1, 1, 1, 0])
  })

  it('fills local tensors with the nearest value of their dtype', () => {
    expectRun(
      (x: Tensor) => {
        const filled = [hl.zeros([2]), hl.full([2], 0.1, 'f16'), hl.full([2], 7, 'bool'), hl.zerosLike(x)]
        for (const t of hl.tile(1)) x.at(t).set(0)
        return filled
      },
      [host([1], [5])],
      [[0, 0], [0.0999755859375, 0.0999755859375], [1, 1], [0]],
    )
  })
})

describe('atomics', () => {
  it('combine every element, in the dtype of the tensor', () => {
    expectInPlace(
      (sums: Tensor, x: Tensor, bin: Tensor) => {
        for (const t of hl.tile(x.shape[0])) sums.at(bin.at(t)).atomicAdd(x.at(t))
      },
      [
        host([3], [0, 2147483647, 5], 'i32'),
        host([5], [1, 2, 3, 4, 5], 'i32'),
        host([5], [0, 1, 0, 2, 7], 'i32'),
      ],
      [4, -2147483647, 9],
    )
  })

  it('take the largest and the smallest', () => {
    expectRun(
      (x: Tensor) => {
        const [top, low] = [hl.zeros([1], 'u32'), hl.full([1], 100, 'i32')]
        for (const t of hl.tile(x.shape[0])) {
          top.at(0).atomicMax(x.at(t).amax())
          low.at(0).atomicMin(x.at(t).to('i32').amin())
        }
        return [top, low]
      },
      [host([5], [7, 4294967295, 3, 9, 5], 'u32')],
      [[4294967295], [-1]],
    )
  })

  it('repeat a scalar for every position', () => {
    expectInPlace(
      (count: Tensor) => {
        for (const t of hl.tile(7)) count.at(t.index.mod(2)).atomicAdd(1)
      },
      [host([2], [0, 0], 'i32')],
      [4, 3],
    )
  })
})

describe('loops', () => {
  it('run over tiles that do not divide the range', () => {
    expectRun(
      (x: Tensor) => {
        const [m, n] = x.shape
        const out = hl.empty([m])
        for (const i of hl.tile(m)) {
          const acc = hl.zeros([i])
          for (const j of hl.tile(n)) acc.addAssign(x.at(i, j).sum(1))
          out.at(i).set(acc)
        }
        return out
      },
      [host([3, 5], (i) => i)],
      [10, 35, 60],
      [undefined, 1, 2, 3, 4, 8],
    )
  })

  it('run over several dimensions, the last one fastest', () => {
    const order: number[] = []
    run(
      (x: Tensor) => {
        const [m, n] = x.shape
        for (const [i, j] of hl.tile([m, n])) x.at(i, j).set(0)
      },
      [ramp([2, 3])],
      { extent: 1, onWrite: (_tensor, position) => order.push(position) },
    )
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('run as far as a number in memory says', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const [m, n] = x.shape
        const out = hl.empty([m])
        for (const row of hl.grid(m)) {
          const acc = hl.zeros([])
          for (const j of hl.tile(lengths.at(row))) acc.addAssign(x.at(row, j).sum())
          out.at(row).set(acc.add(hl.mul(n, 0)))
        }
        return out
      },
      [host([3, 4], (i) => i + 1), host([3], [0, 2, 4], 'i32')],
      [0, 11, 42],
    )
  })

  it('run not at all over an empty range', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.full([2], 9)
        for (const i of hl.tile(2)) {
          const acc = hl.full([i], 4)
          for (const j of hl.tile(3, 3)) acc.addAssign(j.index.sum())
          for (const j of hl.tile(5, 2)) acc.addAssign(j.index.sum())
          out.at(i).set(acc)
        }
        for (const i of hl.tile(x.shape[0])) out.at(i).set(-1)
        return out
      },
      [host([0], [])],
      [4, 4],
    )
  })

  it('know where a tile stands', () => {
    const facts = (extent: number) =>
      run(
        (x: Tensor) => {
          for (const t of hl.tile(3, 10)) {
            const facts = [t.begin, t.end, t.id, t.blockSize]
            for (const i of hl.staticRange(4)) x.at(t.id, i).set(facts[i] ?? 0)
          }
        },
        [host([3, 4], () => -1)],
        { extent },
      ).tensors[0]
    expect(facts(4)).toEqual([3, 7, 0, 4, 7, 10, 1, 4, -1, -1, -1, -1])
    expect(facts(16)).toEqual([3, 10, 0, 16, -1, -1, -1, -1, -1, -1, -1, -1])
  })
})

describe('options', () => {
  const kernel = (x: Tensor): void => {
    const [m, n] = x.shape
    for (const [i, j] of hl.tile([m, n])) x.at(i, j).set(1)
    for (const i of hl.tile(m)) x.at(i, 0).set(2)
  }

  it('pick programs by their number in row-major order of tiles', () => {
    const asked: (readonly [number, number])[] = []
    const { tensors } = run(kernel, [host([2, 4], () => 0)], {
      extent: 2,
      programs: (grid, count) => {
        asked.push([grid, count])
        return grid === 0 ? [1] : []
      },
    })
    expect(asked).toEqual([
      [0, 2],
      [1, 1],
    ])
    expect(tensors[0]).toEqual([0, 0, 1, 1, 0, 0, 1, 1])
  })

  it('tell of every element written', () => {
    const writes: number[] = []
    run(kernel, [host([1, 3], () => 0)], { extent: 2, onWrite: (_tensor, position) => writes.push(position) })
    expect(writes).toEqual([0, 1, 2, 0])
  })
})

describe('the predicate of a range', () => {
  it('holds everywhere, because tiles are as long as they really are', () => {
    const maker = new Maker()
    const type = tileType('bool', [0])
    const inside = maker.node({ kind: 'inside', type, location: undefined, block: 0 })
    maker.store(0, [maker.index(0)], inside)
    const grids = [{ blocks: [0], body: maker.nodes, location: undefined }]
    const kernel = { ...traced(fill, [host([8], () => 0, 'bool')], { dynamic: false }), grids }
    const data = new Array<number>(8).fill(0)
    interpretKernel(kernel, [{ shape: [8], data }], [], { extentOf: () => 3 })
    expect(data).toEqual(new Array(8).fill(1))
  })
})

describe('misuse of the interpreter', () => {
  it('is refused', () => {
    const kernel = traced(fill, [ramp([2])], { dynamic: false })
    expect(() => interpretKernel(kernel, [], [])).toThrow('interpreter: no tensor 0')
  })
})
