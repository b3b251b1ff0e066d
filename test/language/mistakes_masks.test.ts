import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { host, ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = host([5], [1, -2, 3, -4, 5])

describe('masks', () => {
  it('a mask over other axes', () => {
    const kernel = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
        hl.load(x, [i, 0], { mask: x.at(i, j).gt(0) }) // ✗
      }
    }
    expect(mistake(kernel, [ramp([2, 3])], { dynamic: false })).toMatchInlineSnapshot(`
      "the mask of load of a value with shape [tile0 of 2, tile1 of 3] to positions [tile0 of 2]
      The value must have those axes, or broadcast to them."
    `)
  })

  it('an option that does not exist', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t).set(1, { masks: true } as object) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "set has no option masks
      It has mask. Did you mean mask?"
    `)
  })

  it('a mask where options belong', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        hl.load(x, [t], x.at(t).gt(0) as unknown as object) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.load: the options are an object, not an object
      Write { mask, other }."
    `)
  })

  it('a tile as a mask', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t).set(1, { mask: t as unknown as TileValue }) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "set got a tile as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })
})

describe('jagged loops', () => {
  it('bounds that are no integers', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        for (const u of hl.tile(x.at(t))) x.at(u).set(0) // ✗
      }
    }
    expect(mistake(kernel, [ramp([4])])).toMatchInlineSnapshot(`
      "the bounds of a loop are f32
      Bounds are integers: convert with .to('i32')."
    `)
  })

  it('bounds that do not fit each other', () => {
    const kernel = (x: Tensor, n: Tensor) => {
      for (const [t, u] of hl.tile([4, 4])) {
        for (const i of hl.tile(n.at(t), n.at(u))) x.at(i).set(0) // ✗
      }
    }
    expect(mistake(kernel, [ramp([4]), ramp([4], 'i32')])).toMatchInlineSnapshot(`
      "sub of tiles with shapes [tile1 of 4] and [tile0 of 4], which do not broadcast
      Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
        keepdim: true."
    `)
  })

  it('a jagged loop at the top', () => {
    const kernel = (x: Tensor, lengths: Tensor) => {
      for (const t of hl.jaggedTile(lengths as unknown as TileValue)) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [ramp([4]), ramp([4], 'i32')])).toMatchInlineSnapshot(`
      "the range of a loop is a tensor
      Its bounds are numbers, sizes, or inside a loop integer scalars; lists of them for several
        dimensions."
    `)
  })
})

describe('ranges', () => {
  it('beyond the end of a dimension', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, hl.range(1, 5)).set(0) // ✗
      }
    }
    expect(mistake(kernel, [ramp([3, 4])], { dynamic: false })).toMatchInlineSnapshot(`
      "x.at(…) reads dimension 1 of x up to the end of a range: 5 is not at most 4
      Check the shapes of the arguments."
    `)
  })

  it('between positions that the device computes, of which nobody knows how far apart they are', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) x.at(hl.range(t.begin, t.end), 0).set(0) // ✗
    }
    expect(mistake(kernel, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "hl.range between positions of which nobody knows how far apart they are
      Compute the end from the begin: hl.range(begin, begin.add(16)). Up to an end that the
        device computes there are loops, hl.tile(begin, end), and the positions of a tile are
        tile.index."
    `)
    const backwards = (x: Tensor) => {
      for (const t of hl.grid(x.shape[0])) x.at(t, hl.range(t.add(2), t)).set(0) // ✗
    }
    expect(mistake(backwards, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "hl.range ends behind its begin: 0 is not at most -2
      Check the shapes of the arguments."
    `)
  })

  it('that begin behind their end, or below 0', () => {
    const backwards = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, hl.range(3, 1)).set(0) // ✗
      }
    }
    expect(mistake(backwards, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "hl.range begins at 3: 3 is not at most 1
      Check the shapes of the arguments."
    `)
    const negative = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, hl.range(-2, 1)).set(0) // ✗
      }
    }
    expect(mistake(negative, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "hl.range begins at position 0 or later: 0 is not at most -2
      Check the shapes of the arguments."
    `)
  })

  it('as values, and after their loop', () => {
    const added = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, 0).set(hl.range(0, 2) as unknown as TileValue) // ✗
      }
    }
    expect(mistake(added, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "set got a Range as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
    const kept = (x: Tensor) => {
      let columns: ReturnType<typeof hl.range> | undefined
      for (const t of hl.tile(x.shape[0])) {
        columns = hl.range(0, 2)
        x.at(t, columns).set(0)
      }
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, columns ?? 0).set(1) // ✗
      }
    }
    expect(mistake(kept, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('as a plain number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t, Number(hl.range(0, 2))).set(0) // ✗
      }
    }
    expect(mistake(kernel, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "a range cannot be used as a plain number, string or condition
      It is a position of tensor.at(…); its positions as values are range.index."
    `)
  })
})
