import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectInPlace, expectRun, host, irOf, ramp, run } from './harness.ts'

const X = host([3, 4], (i) => i)

describe('tensor.at takes', () => {
  it('tiles and whole dimensions', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
      return out
    }
    expect(irOf(kernel, [X])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        local local1: f32[x.shape[0]]
        x.shape[1] is a multiple of 4, at most 4
        grid tile0 in x.shape[0]
          slice1 in x.shape[1]
          %0: i32[tile0] = index tile0
          %1: i32[slice1] = index slice1
          %2: f32[tile0, slice1] = load x[%0, %1]
          %3: f32[tile0] = sum %2 along 1
          store local1[%0] = %3
        return local1"
    `)
    expectRun(kernel, [X], [6, 22, 38])
  })

  it('a whole dimension first', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([x.shape[1]])
        for (const t of hl.tile(x.shape[1])) out.at(t).set(x.at(':', t).amax(0))
        return out
      },
      [X],
      [8, 9, 10, 11],
    )
  })

  it('numbers and sizes', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[1]])
      for (const t of hl.tile(x.shape[1])) out.at(t).set(x.at(1, t).add(x.at(hl.sub(x.shape[0], 1), t)))
      return out
    }
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = 1
      %2: f32[tile0] = load x[%1, %0]
      %3: i32 = size (x.shape[0] - 1)
      %4: f32[tile0] = load x[%3, %0]
      %5: f32[tile0] = add %2, %4
      store local1[%0] = %5"
    `)
    expectRun(kernel, [X], [12, 14, 16, 18])
  })

  it('numbers that a launch must check', () => {
    const third = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[1])) x.at(0, t).set(x.at(2, t))
    }
    expect(irOf(third, [X])).toContain('guard 3 le x.shape[0]')
    expect(irOf(third, [X], { dynamic: false })).not.toContain('guard')
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[1])) x.at(0, t).set(x.at(1, t))
    }
    expect(irOf(kernel, [X])).not.toContain('guard')
  })

  it('null for a new axis of one', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([3, 4])
      for (const [i, j] of hl.tile([3, 4])) {
        const [column, row] = [x.at(i, null, 0), x.at(null, 0, j)]
        out.at(i, j).set(column.add(row).add(x.at(null, i, null, j, null).sum(0).sum(1).squeeze(-1)))
      }
      return out
    }
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = 0
      %2: f32[tile0] = load x[%0, %1]
      %3: f32[tile0, 1] = view %2 (0, new)
      %4: i32[tile1] = index tile1
      %5: f32[tile1] = load x[%1, %4]
      %6: f32[1, tile1] = view %5 (new, 0)
      %7: f32[tile0, tile1] = broadcast %3
      %8: f32[tile0, tile1] = broadcast %6
      %9: f32[tile0, tile1] = add %7, %8
      %10: f32[tile0, tile1] = load x[%0, %4]
      %11: f32[1, tile0, 1, tile1, 1] = view %10 (new, 0, new, 1, new)
      %12: f32[tile0, 1, tile1, 1] = view %11 (1, 2, 3, 4)
      %13: f32[tile0, tile1, 1] = view %12 (0, 2, 3)
      %14: f32[tile0, tile1] = view %13 (0, 1)
      %15: f32[tile0, tile1] = add %9, %14
      store local1[%0, %4] = %15"
    `)
    expectRun(kernel, [X], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22])
  })

  it('positions of a tile, moved and scaled', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([4])
      for (const t of hl.tile(4)) out.at(t).set(x.at(1, t.index.mul(-1).add(3)))
      return out
    }
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = -1
      %2: i32[tile0] = mul %0, %1
      %3: i32 = 3
      %4: i32[tile0] = add %2, %3
      %5: i32 = 1
      %6: f32[tile0] = load x[%5, %4]
      store local1[%0] = %6"
    `)
    expectRun(kernel, [X], [7, 6, 5, 4])
  })

  it('positions read from memory', () => {
    const kernel = (table: Tensor, ids: Tensor): Tensor => {
      const out = hl.empty([ids.shape[0], table.shape[1]])
      for (const t of hl.tile(ids.shape[0])) out.at(t, ':').set(table.at(ids.at(t), ':'))
      return out
    }
    expect(bodyOf(kernel, [X, ramp([2], 'i32')])).toMatchInlineSnapshot(`
      "slice1 in table.shape[1]
      %0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: i32[tile0] = load ids[%0]
      %3: f32[tile0, slice1] = load table[%2, %1]
      store local2[%0, %1] = %3"
    `)
    for (const dtype of ['i32', 'u32'] as const) {
      expectRun(kernel, [X, host([3], [2, 0, 2], dtype)], [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11])
    }
  })

  it('the same tile twice for the diagonal', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([3])
      for (const t of hl.tile(3)) out.at(t).set(x.at(t, t))
      return out
    }
    expect(bodyOf(kernel, [X])).toContain('f32[tile0] = load x[%0, %0]')
    expectRun(kernel, [X], [0, 5, 10])
  })

  it('positions along two axes at once', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([3, 4])
        for (const [i, j] of hl.tile([3, 4])) {
          const shifted = j.index.unsqueeze(0).add(i.index.unsqueeze(1)).mod(4)
          out.at(i, j).set(x.at(i, shifted))
        }
        return out
      },
      [X],
      [0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9],
    )
  })

  it('two whole dimensions of equal size, one from a computed position', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([2, 2])
        for (const _ of hl.tile(1)) {
          const reversed = hl.sub(1, hl.arange(2))
          out.at(':', ':').set(x.at(reversed, ':'))
        }
        return out
      },
      [host([2, 2], [1, 2, 3, 4])],
      [3, 4, 1, 2],
    )
  })

  it('a number among the arguments, at its exact value', () => {
    expectRun(
      (x: Tensor, row: number) => {
        const out = hl.empty([4])
        for (const t of hl.tile(4)) out.at(t).set(x.at(row, t))
        return out
      },
      [X, 2],
      [8, 9, 10, 11],
    )
  })

  it('nothing for a tensor without dimensions', () => {
    expectInPlace(
      (total: Tensor, x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) total.at().atomicAdd(x.at(t, 0).to('i32').sum())
      },
      [host([], [100], 'i32'), X],
      [112],
    )
  })
})

describe('tensor.at(…).set', () => {
  it('takes numbers, sizes, truth values and scalars of the arguments', () => {
    expectRun(
      (x: Tensor, scale: number, flag: boolean) => {
        const outs = [1, 2, 3, 4].map(() => hl.empty([2]))
        for (const t of hl.tile(2)) {
          const values = [2.5, x.shape[1], flag, scale]
          values.forEach((value, i) => {
            outs[i]?.at(t).set(value)
          })
        }
        return outs
      },
      [X, 0.25, true],
      [
        [2.5, 2.5],
        [4, 4],
        [1, 1],
        [0.25, 0.25],
      ],
    )
  })

  it('repeats values and drops axes of one', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const t of hl.tile(3)) {
          x.at(t, null, ':').set(t.index.unsqueeze(1).unsqueeze(2))
          x.at(t, 1).set(9)
        }
      },
      [X],
      [0, 9, 0, 0, 1, 9, 1, 1, 2, 9, 2, 2],
    )
  })

  it('scatters', () => {
    expectInPlace(
      (x: Tensor, ids: Tensor) => {
        for (const t of hl.tile(ids.shape[0])) x.at(ids.at(t)).set(t.index.add(1))
      },
      [host([5], [0, 0, 0, 0, 0]), host([3], [4, 1, 7], 'i32')],
      [0, 2, 0, 0, 1],
    )
  })
})

describe('axes of one of a computed position', () => {
  const X = host([3, 2], [1, 2, 3, 4, 5, 6])

  it('stay where it is the only one, and go where several pair up', () => {
    const kernel = (x: Tensor, ids: Tensor) => {
      const out = hl.empty([3, 2, 1])
      for (const t of hl.tile(3)) {
        const id = ids.at(t)
        const pairs = x.at(id.unsqueeze(1), hl.arange(2).unsqueeze(0)) // [t, 2]
        out.at(t, ':', ':').set(x.at(id.unsqueeze(1), ':').add(pairs.unsqueeze(1)).permute(0, 2, 1))
      }
      return out
    }
    expectRun(kernel, [X, host([3], [2, 0, 1], 'i32')], [10, 12, 2, 4, 6, 8])
  })

  it('say in which order several broadcast', () => {
    const kernel = (x: Tensor) => {
      const out = hl.empty([2, 3])
      for (const [i, j] of hl.tile([3, 2])) out.at(j, i).set(x.at(i.index.unsqueeze(0), j.index.unsqueeze(1)))
      return out
    }
    expectRun(kernel, [X], [1, 3, 5, 2, 4, 6])
  })

  it('are those of one element of a row', () => {
    const kernel = (x: Tensor, ids: Tensor) => {
      const out = hl.empty([3])
      for (const i of hl.grid(3)) out.at(i).set(x.at(i, ids.at(i).unsqueeze(0)).squeeze(0))
      return out
    }
    expectRun(kernel, [X, host([3], [1, 0, 1], 'i32')], [2, 3, 6])
  })
})

describe('positions and shapes', () => {
  it('of a tile in another tensor are guarded', () => {
    const kernel = (x: Tensor, y: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) y.at(t).set(x.at(t))
    }
    expect(irOf(kernel, [ramp([4]), ramp([9])])).toContain('guard x.shape[0] le y.shape[0]')
    expect(irOf(kernel, [ramp([4]), ramp([9])], { dynamic: false })).not.toContain('guard')
    expect(run(kernel, [host([2], [1, 2]), host([3], [7, 8, 9])]).tensors[1]).toEqual([1, 2, 9])
    expect(() => run(kernel, [ramp([4]), ramp([3])])).toThrow(
      "y.at(…) reads dimension 0 of y up to the end of the tile's range: 4 le 3",
    )
  })
})
