import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type Tile, type TileValue } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([4])

describe('making tensors', () => {
  it('inside a loop', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        const out = hl.empty([4]) // ✗
        out.at(t).set(x.at(t))
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.empty inside a loop over tiles
      Allocate tensors before the loop; inside it, hl.zeros and hl.full make accumulators."
    `)
  })

  it('like another inside a loop', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(hl.zerosLike(x).at(t)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.zerosLike inside a loop over tiles
      Allocate tensors before the loop; inside it, hl.zeros and hl.full make accumulators."
    `)
  })

  it('of a negative size', () => {
    const kernel = (_x: Tensor) => {
      hl.zeros([-1]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.zeros with a dimension of -1
      Sizes are 0 or more."
    `)
  })

  it('of a broken size', () => {
    const kernel = (x: Tensor) => {
      hl.empty([hl.add(x.shape[0], 0.5)]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add needs an integer size, not 0.5
      Sizes are whole numbers or dimensions of tensors."
    `)
  })

  it('filled with a tile value', () => {
    const kernel = (x: Tensor, scale: number) => {
      for (const t of hl.tile(4)) {
        x.at(t).set(0)
      }
      hl.full([4], scale) // ✗
    }
    expect(mistake(kernel, [X, 2])).toMatchInlineSnapshot(`
      "hl.full outside of loops needs a plain number, not a number among the arguments
      A tensor is filled before the kernel runs; fill it with computed values in a loop over
        tiles."
    `)
  })

  it('over a tile', () => {
    const kernel = (x: Tensor) => {
      let tile: Tile | undefined
      for (const t of hl.tile(4)) {
        tile = t
        x.at(t).set(0)
      }
      hl.zeros([tile as unknown as number]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile in the shape of a tensor
      Tensors have sizes; accumulators over tiles are made inside the loop."
    `)
  })

  it('of an unknown dtype', () => {
    const kernel = (_x: Tensor) => {
      hl.zeros([4], 'float' as 'f32') // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.zeros: "float" is not a dtype
      Known are f32, f16, bf16, f8e4m3, f8e5m2, f4e2m1, i32, i16, i8, i4, u32, u16, u8, u4,
        bool."
    `)
  })

  it('of options where the dtype belongs', () => {
    const kernel = (_x: Tensor) => {
      hl.zeros([4], { dtyp: 'f16' } as unknown as 'f32') // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.zeros: { dtyp } is not a dtype
      Give the dtype itself, as in 'f32'. Known are f32, f16, bf16, f8e4m3, f8e5m2, f4e2m1, i32,
        i16, i8, i4, u32, u16, u8, u4, bool."
    `)
  })

  it('like another with an unknown dtype', () => {
    const kernel = (x: Tensor) => {
      hl.emptyLike(x, 'f64' as 'f32') // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.emptyLike: "f64" is not a dtype
      Known are f32, f16, bf16, f8e4m3, f8e5m2, f4e2m1, i32, i16, i8, i4, u32, u16, u8, u4,
        bool."
    `)
  })
})

describe('accumulators', () => {
  it('made outside of the loop are tensors', () => {
    const kernel = (x: Tensor) => {
      const acc = hl.zeros([4])
      for (const t of hl.tile(4)) acc.addAssign(x.at(t)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "addAssign on the tensor local1, which is not a tile value
      Inside a loop over tiles, work on local1.at(…); accumulators are made there too."
    `)
  })

  it('with something else in their shape', () => {
    const kernel = (_x: Tensor) => {
      for (const t of hl.tile(4)) hl.zeros([t, ':' as unknown as number]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a shape holds the string ":"
      Each entry is a tile, a number or a size."
    `)
  })

  it('filled with a tile of more axes', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) hl.full([], x.at(t)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.full of a value with shape [tile0 of 4] to an accumulator []
      The value must have those axes, or broadcast to them."
    `)
  })

  it('assigned another shape', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 4])) {
        const acc = hl.zeros([t])
        acc.assign(x.at(u)) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "assign of a value with shape [tile1 of 4] to an accumulator [tile0 of 4]
      The value must have those axes, or broadcast to them."
    `)
  })

  it('that would have to grow', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 4])) {
        const acc = hl.zeros([t])
        acc.addAssign(x.at(t).unsqueeze(1).add(x.at(u))) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add of tiles with shapes [tile0 of 4] and [tile0 of 4, tile1 of 4], which do not broadcast
      Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
        keepdim: true."
    `)
  })

  it('of integers for a product of floats', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        const acc = hl.zeros([t, t], 'i32')
        acc.addDot(x.at(t, null), x.at(null, t)) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "addDot of f32 tiles to an accumulator of i32
      Floats accumulate in f32 or f16, integers in their own dtype: hl.zeros([m, n], dtype)."
    `)
  })
})

describe('ranges of loops', () => {
  it('that are no whole numbers', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(2.5)) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the range of a loop needs an integer size, not 2.5
      Sizes are whole numbers or dimensions of tensors."
    `)
  })

  it('that are tensors', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x as unknown as number)) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the range of a loop is a tensor
      Its bounds are numbers, sizes, or inside a loop integer scalars; lists of them for several
        dimensions."
    `)
  })

  it('that are not given', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(undefined as unknown as number)) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the range of a loop is undefined
      Its bounds are numbers, sizes, or inside a loop integer scalars; lists of them for several
        dimensions."
    `)
  })

  it('that the device computes, at the top', () => {
    const kernel = (x: Tensor, count: number) => {
      for (const t of hl.tile(count)) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X, 3])).toMatchInlineSnapshot(`
      "the range of a top-level loop is computed on the device
      Its bounds must be numbers or sizes; use hl.specialize for a number among the arguments."
    `)
  })

  it('that are floats', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) for (const u of hl.tile(x.at(0))) x.at(t).set(u.begin) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the range of a loop must be an integer scalar
      Reduce the value to a scalar and convert it with .to('i32')."
    `)
  })

  it('that are tiles of values', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) for (const i of hl.grid(t.index)) x.at(t).set(i) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the range of a loop must be an integer scalar
      Reduce the value to a scalar and convert it with .to('i32')."
    `)
  })

  it('with more begins than ends', () => {
    const kernel = (x: Tensor) => {
      for (const [t] of hl.tile([0, 0], [4])) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with 2 begins and 1 ends
      Give at least one end, and as many begins as ends or none."
    `)
  })

  it('of no dimension', () => {
    const kernel = (x: Tensor) => {
      for (const _ of hl.tile([])) x.at(0).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with 0 begins and 0 ends
      Give at least one end, and as many begins as ends or none."
    `)
  })

  it('with an extent that is no whole number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4, { blockSize: 2.5 })) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with blockSize 2.5 for 1 dimensions
      Give a whole number of at least 1 or a size, or one per dimension; hl.registerBlockSize
        makes one that the config chooses, null leaves a dimension to it."
    `)
  })

  it('with extents for other dimensions', () => {
    const kernel = (x: Tensor) => {
      for (const [t] of hl.tile([4], { blockSize: [2, 2] })) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with blockSize [2, 2] for 1 dimensions
      Give a whole number of at least 1 or a size, or one per dimension; hl.registerBlockSize
        makes one that the config chooses, null leaves a dimension to it."
    `)
  })

  it('with an extent that is no number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4, { blockSize: 'auto' as unknown as number })) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with blockSize "auto" for 1 dimensions
      Give a whole number of at least 1 or a size, or one per dimension; hl.registerBlockSize
        makes one that the config chooses, null leaves a dimension to it."
    `)
  })

  it('that are unrolled by a symbolic size', () => {
    const kernel = (x: Tensor) => {
      for (const i of hl.staticRange(x.shape[0])) x.at(i) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.staticRange of the symbolic size x.shape[0]: the number of rounds must be a plain
        integer
      Make the size a constant with hl.specialize(dim), or loop with hl.tile or hl.grid."
    `)
  })

  it('that are unrolled by a fraction', () => {
    const kernel = (x: Tensor) => {
      for (const i of hl.staticRange(1.5)) x.at(i) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.staticRange of the number 1.5: the number of rounds must be a plain integer
      Make the size a constant with hl.specialize(dim), or loop with hl.tile or hl.grid."
    `)
  })
})

describe('hl.arange', () => {
  it('that ends before it begins', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(hl.arange(5, 2).sum()) // ✗
    }
    expect(mistake(kernel, [ramp([4])])).toMatchInlineSnapshot(`
      "hl.arange begins at 5: 5 is not at most 2
      Check the shapes of the arguments."
    `)
  })

  it('from a tile to an end', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set((hl.arange as (...args: unknown[]) => TileValue)(t, 2)) // ✗
    }
    expect(mistake(kernel, [ramp([4])])).toMatchInlineSnapshot(`
      "hl.arange from a tile to an end
      hl.arange(tile) are the positions of the tile; hl.arange(begin, end) takes numbers and
        sizes."
    `)
  })
})
